"""An expert is asked: the problem under a comment that says who is writing.

Role prompting comes from conversations (Xu et al. 2023, arXiv:2305.14688, let a model describe the expert first). In
completion mode there is nobody to take the role; the comment is a sign of what kind of file this is. ``expert`` and
``minimal_v0`` frame every problem; the others only those whose category (string, list, sorting) has an expert. The rest
stays exactly what ``minimal`` asks, so that those generations are shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from pytest_humaneval import Category, Problem, Prompt, category, completion_prompt, strategy

STRING_EXPERT = Template("""\
# You are an expert in Python string manipulation.
# Complete the following function. It is correct for every input, also for the empty string.

$prompt""")

STRING_EXPERT_IF = Template("""\
# If this function works on strings, you are an expert in Python string manipulation:
# you think of upper and lower case, spaces, punctuation and the empty string, and use the methods of str.

$prompt""")

LIST_EXPERT = Template("""\
# You are an expert in Python lists.
# Complete the following function. It is correct for every input, also for the empty list and for equal elements.

$prompt""")

SORTING_EXPERT = Template("""\
# You are an expert in sorting with Python.
# Complete the following function. It sorts by exactly the key that is asked for, and settles ties as asked.

$prompt""")

EXPERT = Template("""\
# You are an expert Python programmer who reviews every function before handing it over.
# 1. Read the docstring and work out what each of its examples shows.
# 2. Write the simplest code that does just that.
# 3. Review it: does it give the result of every example? What about empty input, one element, zero, negative numbers?

$prompt""")


@strategy("expert", "expert persona, self-review, edge cases")
def expert(problem: Problem) -> Prompt:
    """A persona and a procedure; the review is borrowed from Self-Refine (Madaan et al. 2023), in one pass."""
    return framed(EXPERT, problem)


@strategy("minimal_v0", "string-manipulation expert on every problem")
def minimal_v0(problem: Problem) -> Prompt:
    """The control for ``expert_v00``: what the same frame does where it doesn't belong."""
    return framed(STRING_EXPERT, problem)


@strategy("expert_v00", "string-manipulation expert on string problems, else the plain prompt")
def expert_v00(problem: Problem) -> Prompt:
    """A direct frame where it fits."""
    return framed_by_category({Category.STRING: STRING_EXPERT}, problem)


@strategy("expert_v0", "conditional string expert on string problems, else the plain prompt")
def expert_v0(problem: Problem) -> Prompt:
    """The expert under a condition, and what such an expert thinks of."""
    return framed_by_category({Category.STRING: STRING_EXPERT_IF}, problem)


@strategy("expert_v1", "string expert, list expert, or the plain prompt")
def expert_v1(problem: Problem) -> Prompt:
    """``expert_v00`` and a second expert."""
    return framed_by_category({Category.STRING: STRING_EXPERT, Category.LIST: LIST_EXPERT}, problem)


@strategy("expert_v2", "string, list or sorting expert, or the plain prompt")
def expert_v2(problem: Problem) -> Prompt:
    """``expert_v1`` and a third."""
    experts = {Category.STRING: STRING_EXPERT, Category.LIST: LIST_EXPERT, Category.SORTING: SORTING_EXPERT}
    return framed_by_category(experts, problem)


def framed(template: Template, problem: Problem) -> Prompt:
    """``template`` with the problem's prompt in it."""
    return completion_prompt(template.substitute(prompt=problem.prompt))


def framed_by_category(templates: Mapping[Category, Template], problem: Problem) -> Prompt:
    """The template of the problem's category, or the plain prompt where it has none."""
    return framed(templates.get(category(problem), Template("$prompt")), problem)

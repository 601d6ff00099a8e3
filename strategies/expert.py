"""An expert is asked: the problem under a comment that says who is writing.

The idea comes from role prompting in chat models. A model in completion mode has no role to take; for it the comment is
a sign of what kind of file this is.
"""

from __future__ import annotations

from string import Template

from pytest_humaneval import Problem, Prompt, completion_prompt, strategy
from pytest_humaneval.category import Category, category

STRING_EXPERT = Template("""\
# You are an expert in Python string manipulation.
# Complete the following function. It is correct for every input, also for the empty string.

$prompt""")


@strategy("expert_v00", "string-manipulation expert on string problems, else the plain prompt")
def expert_v00(problem: Problem) -> Prompt:
    """A direct frame where it fits; everywhere else exactly ``minimal``, so that the two share those generations."""
    if category(problem) is Category.STRING:
        return framed(STRING_EXPERT, problem)
    return completion_prompt(problem.prompt)


def framed(template: Template, problem: Problem) -> Prompt:
    """``template`` with the problem's prompt in it."""
    return completion_prompt(template.substitute(prompt=problem.prompt))

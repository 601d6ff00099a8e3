"""The problem, bare or nearly so: for any model that continues code.

They differ by a newline, an indentation, a comment, and that is the point: how a prompt ends decides which tokens can
come next, so a trailing newline or blank is a different question.
"""

from __future__ import annotations

from string import Template

from pytest_humaneval import Problem, Prompt, completion_prompt, strategy

INDENT = "    "

RESULT_FIRST = "    result ="

AGAINST_STUBS = Template("""\
$prompt
    # A complete implementation: no pass, no placeholder, and only names that are defined here.
""")

USUAL_FAILURES = Template("""\
$prompt
    # Empty input, first and last element, equal elements, exact return type.
""")

TODO = Template("""\
$prompt
    # TODO: implement


# The function above, with the TODO implemented:

$prompt
""")


@strategy("minimal", "the problem as it is")
def minimal(problem: Problem) -> Prompt:
    """HumanEval as it was published (Chen et al. 2021, arXiv:2107.03374). The yardstick for all others."""
    return completion_prompt(problem.prompt)


@strategy("minimal_v2", "the problem, then a start of the body that leads to return")
def minimal_v2(problem: Problem) -> Prompt:
    """The body opens with ``result =``: who names a result has to build it and return it."""
    return completion_prompt(problem.prompt.rstrip() + "\n" + RESULT_FIRST, completion_prefix=RESULT_FIRST)


@strategy("minimal_v3", "stripped problem and one newline")
def minimal_v3(problem: Problem) -> Prompt:
    """One newline behind the docstring and nothing in front of the code, whatever the dataset had there."""
    return completion_prompt(problem.prompt.strip() + "\n")


@strategy("minimal_v4", "stripped problem, newline, four spaces")
def minimal_v4(problem: Problem) -> Prompt:
    """The body is already indented; a tokeniser that merges blanks with what follows has to do without."""
    return completion_prompt(problem.prompt.strip() + "\n" + INDENT, completion_prefix=INDENT)


@strategy("minimal_v5", "the problem without trailing white space")
def minimal_v5(problem: Problem) -> Prompt:
    """Ends on the docstring's quotes: newline and indentation are the model's own, as one token if it has one."""
    return completion_prompt(problem.prompt.rstrip())


@strategy("minimal_v6", "the problem, then a comment against stubs")
def minimal_v6(problem: Problem) -> Prompt:
    """Against the two ways not to answer: a placeholder, and a call to a function that nobody wrote."""
    return completion_prompt(AGAINST_STUBS.substitute(prompt=problem.prompt.rstrip()))


@strategy("minimal_v7", "the problem, then one line on the usual failure points")
def minimal_v7(problem: Problem) -> Prompt:
    """Between ``minimal`` and ``instructional``: a reminder in the place where the code comes next, and no more."""
    return completion_prompt(USUAL_FAILURES.substitute(prompt=problem.prompt.rstrip()))


@strategy("infilling", "the function with a TODO in place of its body, then the function again")
def infilling(problem: Problem) -> Prompt:
    """Infilling (Fried et al. 2022, arXiv:2204.05999) without infilling tokens: first the hole, then the filling."""
    return completion_prompt(TODO.substitute(prompt=problem.prompt.strip()))

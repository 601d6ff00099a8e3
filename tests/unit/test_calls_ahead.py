"""Which tests make calls that are known before, and how these travel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.sandbox.oracle.ahead import TOGETHER, Ahead, batches_of
from pytest_humaneval.sandbox.oracle.channel import Channel
from pytest_humaneval.sandbox.wire.decoder import decode
from pytest_humaneval.sandbox.wire.frames import FrameReader, framed

HELPERS = """
def approximately(value): return value
def assertion(out, exp, atol): assert out == exp
"""


def source_of(*lines: str) -> str:
    """A test with these lines."""
    return f"{HELPERS}def check(candidate):\n" + "".join(f"    {line}\n" for line in lines)


def of_lines(*lines: str) -> list[list[Any]]:
    """The calls of each message for a test of these lines."""
    test = source_of(*lines)
    return [decode(batch.message)[0] for batch in batches_of(test, "f")]


def test_the_calls_of_a_table_are_known() -> None:
    (calls,) = of_lines(
        "assert candidate([1, 2], 'a') == 3",
        "assert tuple(candidate(-1)) == (1,)",
        "assert True, 'good for debugging'",
        "assert sorted(candidate(None)) == approximately([1.0])",
        "assert not candidate(''), 'empty'",
        "assert abs(candidate(2.5) - 1) < 1e-6",
        "assert candidate(5 * 17, [10 ** 9] * 2) == 1",
        "assert candidate(*[7, 8]) == 1",
    )
    assert calls == [
        (([1, 2], "a"), {}), ((-1,), {}), ((None,), {}), (("",), {}), ((2.5,), {}), ((85, [10**9, 10**9]), {}),
        ((7, 8), {}),
    ]  # fmt: skip


LOOP = "for i, (inp, exp) in enumerate(zip(inputs, results)): assertion(candidate(*inp), exp, 0)"


def test_the_calls_of_a_loop_over_tables_are_known() -> None:
    """As the tests of ``evalplus/humanevalplus`` have it."""
    tables = ("inputs = [[1, 'a'], [[2], 'b'], [3, '']]", "results = [1, [2]]")
    assert of_lines(*tables, LOOP) == [[((1, "a"), {}), (([2], "b"), {})]]
    assert of_lines(tables[0], "for inp in inputs: assert candidate(inp) == 1")[0][0] == (([1, "a"],), {})
    both = ("assert candidate(0) == 0", *tables, LOOP, "assert candidate(9) == 9")
    assert of_lines(*both) == [[((0,), {}), ((1, "a"), {}), (([2], "b"), {}), ((9,), {})]]


@pytest.mark.parametrize(
    "loop",
    [
        f"{LOOP}; candidate(1)",
        LOOP.replace("exp, 0", "candidate(*exp), 0"),
        LOOP.replace("exp, 0", "reference(*inp), 0"),  # which may change what the call is given
        LOOP.replace("exp, 0", "inputs, 0"),
        LOOP.replace("candidate(*inp)", "candidate(*inp, 1)"),
        LOOP.replace("candidate(*inp)", "candidate(*exp)"),
        LOOP.replace("candidate(*inp)", "candidate(*inp) if exp else 0"),
        LOOP.replace("inputs, results", "inputs, others"),
        LOOP.replace("inputs, results", "inputs, results[::-1]"),
        LOOP.replace("(inp, exp)", "(inp, inp)"),
        f"{LOOP}\n    else: candidate(1)",
        "for i, inp in enumerate(inputs): assertion(candidate(i), inp, 0)",
        LOOP.replace("candidate(*inp), exp", "candidate(*exp), inp"),
        "for candidate in inputs: assert candidate(1) == 1",
        "for inp in inputs: break",
        "inputs = results\n    for inp in inputs: assert candidate(*inp) == 1",
        "inputs = candidate(1)",
        "candidate = [1]",
    ],
)
def test_a_loop_that_may_call_otherwise_is_no_table(loop: str) -> None:
    assert of_lines("inputs = [[1, 'a'], [2, 'b']]", "results = [1, [2]]", loop) == []


@pytest.mark.parametrize(
    "line",
    [
        "x = candidate(1)",
        "assert candidate(x) == 1",
        "assert candidate(2 * x) == 1",
        "assert candidate(1 / 0) == 1",
        "assert candidate([] * '') == 1",
        "assert candidate((lambda: 1)()) == 1",
        "assert candidate(*(1 for _ in ())) == 1",
        "assert candidate(1()) == 1",
        "assert candidate('a'.upper()) == 1",
        "assert candidate(x=1) == 1",
        "assert candidate(1) == candidate(2)",
        "assert candidate(1) == 1 or candidate(2) == 2",
        "assert all(candidate(n) == n for n in [1])",
        "assert 0 == 1 == candidate(1)",
        "assert f(candidate(1)) == 1",
        "assert (y := candidate(1)) == 1",
        "assert (lambda: candidate(1))() == 1",
        "assert candidate(candidate(1)) == 1",
        "assert candidate == 1",
        "assert candidate(1) == 1, f(1)",
        "assert 1 == 1, candidate(1)",
        "assert eval('candidate(1)') == 1",
        "assert f == 1",
        "assert candidate(1) == helper(1)",
        "assert __import__('solution').f(1) == candidate(1)",
        "for n in [1]: assert candidate(1) == 1",
    ],
)
def test_whatever_may_call_otherwise_is_no_table(line: str) -> None:
    assert of_lines("assert candidate(0) == 0", line) == []


def test_a_test_with_calls_elsewhere_is_no_table() -> None:
    check = "def check(candidate):\n    assert candidate(1) == 1\n"
    assert len(batches_of(check, "f")) == 1
    assert batches_of(f"f(1)\n{check}", "f") == ()
    assert batches_of(f"{check}check(candidate)\n", "f") == ()
    assert batches_of(f"def twice(check): return check\n@twice\n{check}", "f") == ()
    own = "def f(n): return n\n"  # of the test's own, in place of the program's
    assert batches_of(f"{own}{check}    assert f(1) == 1\n", "f") == ()
    for broken in ("", "def check(", "def check():\n    assert f(1) == 1\n", "async def check(candidate): pass"):
        assert batches_of(broken, "f") == ()


STATEMENTS = (
    "assert candidate({}) == {}",
    "assert True, 'good'",
    "assert not candidate({}) or {}",
    "assert candidate({}), str({})",
    "assert abs(len(str(candidate({}))) - {}) < 99",
    "assertion(candidate({}, {}), 1, 0)",
    "inputs = [[{}], [{}]]",
    "results = [{}, {}]",
    LOOP,
    LOOP.replace("exp, 0", "inp, 0"),
    LOOP.replace("*inp", "exp"),
    "for i, inp in enumerate(inputs): assertion(candidate(inp), i, 0)",
    "for i, inp in enumerate(inputs): assertion(candidate(i), inp, 0)",
    "for inp in results: assert candidate(inp) == {}",
    "for inp in results: assert candidate(*inputs) == inp",
    "if {}: assert candidate({}) == 1",
    "candidate({})",
    "x = candidate({})",
)
VALUES = st.sampled_from(["0", "1", "''", "'ab'", "[]", "[1, 2]", "(1,)", "None"])


@given(st.lists(st.tuples(st.sampled_from(STATEMENTS), VALUES, VALUES), min_size=1, max_size=3), st.data())
def test_what_is_foreseen_is_what_the_test_calls(statements: list[tuple[str, str, str]], data: st.DataObject) -> None:
    lines = [statement.format(*values) for statement, *values in statements]
    foreseen = [call[0] for message in of_lines(*lines) for call in message]
    made: list[tuple[object, ...]] = []

    def candidate(*arguments: object) -> object:
        made.append(arguments)
        return data.draw(st.sampled_from([0, 1, "", "ab", [], [1, 2], (1,), None]))

    namespace: dict[str, Any] = {}
    exec(source_of(*lines), namespace)
    try:
        namespace["check"](candidate)
    except Exception:  # the calls behind it are not made any more
        foreseen = foreseen and foreseen[: len(made)]
    assert foreseen in ([], made)


def test_no_message_has_more_than_so_many_calls_or_bytes() -> None:
    assert list(map(len, of_lines(*["assert candidate(1) == 1"] * 200))) == [TOGETHER, TOGETHER, TOGETHER, 8]
    assert list(map(len, of_lines(*[f"assert candidate({'a' * 40_000!r}) == 1"] * 5))) == [2, 2, 1]


def test_every_problem_of_the_shipped_dataset_has_a_table() -> None:
    for problem in read_dataset(Path("humaneval-strong")).problems:
        foreseen = sum(each.count for each in batches_of(problem.strong_test, problem.entry_point))
        assert foreseen == problem.strong_test.count("    assert "), problem.task_id


class Replies(Channel):
    """A channel whose child answers at once; ``waits`` tells how many answers were waited for."""

    def __init__(self) -> None:
        self.waits = 0
        self.asked: list[bytes] = []

    def say(self, message: bytes, count: int = 1, *, early: bool = False) -> None:
        self.asked += [str(number).encode() for ((number,), _) in decode(message)[0]]

    def reply(self) -> bytes:
        self.waits += 1
        return self.asked.pop(0)


def test_answers_are_waited_for_one_by_one_unless_something_else_is_asked() -> None:
    count = TOGETHER + 2
    test = "def check(candidate):\n" + "".join(f"    assert candidate({n}) == 0\n" for n in range(count))
    channel = Replies()
    ahead = Ahead(batches_of(test, "f"), channel)
    assert ahead.ask(early=True)
    assert (ahead.reply(), ahead.is_first()) == (b"0", True)
    assert (ahead.reply(), ahead.is_first(), channel.waits) == (b"1", False, 2)
    ahead.settle()
    assert channel.waits == TOGETHER
    assert [ahead.reply() for _ in range(count - 2)] == [str(n).encode() for n in range(2, count)]
    assert ahead.reply() is None


def test_messages_that_come_together_are_taken_one_by_one() -> None:
    reader = FrameReader()
    reader.add(framed(b"a") + framed(b"bc")[:3])
    assert (reader.taken(), reader.taken()) == (b"a", None)
    reader.add(framed(b"bc")[3:])
    assert reader.taken() == b"bc"
    reader.end()

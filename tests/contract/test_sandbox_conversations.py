"""Whatever a child says, in any form, ends in a verdict: a fuzzer speaks its side to the real oracle.

A few hundred conversations by default; with ``-m nightly`` as many as HUMANEVAL_CONVERSATIONS says, or 100,000.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sandbox_liar
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sandbox_corpus import TWICE
from sandbox_liar import script

from pytest_humaneval import Problem, Verdict
from pytest_humaneval.outcome import ERROR, KINDS
from pytest_humaneval.sandbox.launch import Launch
from pytest_humaneval.sandbox.oracle.ahead import batches_of
from pytest_humaneval.sandbox.oracle.budget import Budget, wall_limit
from pytest_humaneval.sandbox.oracle.candidate import Candidate
from pytest_humaneval.sandbox.oracle.channel import Stop
from pytest_humaneval.sandbox.oracle.link import Child
from pytest_humaneval.sandbox.oracle.stub import put_stub_into
from pytest_humaneval.sandbox.oracle.wants import wants_of
from pytest_humaneval.sandbox.process_sandbox import GRACE, ProcessSandbox
from pytest_humaneval.sandbox.wire.encoder import encode
from pytest_humaneval.sandbox.wire.frames import FrameReader, framed
from pytest_humaneval.sandbox.wire.messages import ASK, CHANGED, LOADED, MEMORY, RAISED, REFUSED, SYNTAX, VALUE

TIMEOUT = 0.5  # seconds
SLACK = 30.0  # seconds for replacing oracle and server on a busy machine
DAILY = 300
NIGHTLY = int(os.environ.get("HUMANEVAL_CONVERSATIONS", "100000"))
PARTS = 10  # which workers share
ROUND = 1_000  # hypothesis keeps what it drew until a test ends: 100 kB a conversation

# What a test may do with a result.
USES = (
    "assert result == 4",
    "assert 4 == result",
    "assert result is True",
    "assert result + 1 == 5",
    "assert sorted(result) == [1]",
    "assert list(result) == [1]",
    "assert abs(result - 4.0) < 1e-6",
    "assert len(result) == 3, str(result)",
    "assert str(result) == '4'",
    "assert f'{result}' == '4'",
    "assert result[0] == 4",
    "assert result in (4, 5)",
    "assert set(result) == {1}",
    "assert hash(result) == 4",
    "assert result.upper() == 'A'",
    "assert result < 5 and result > 3",
    "assert round(result) == 4 and int(result) == 4",
    "assert tuple(map(tuple, result)) == ()",
    "assert candidate(result) == 8",
    "assert candidate([result, result]) == 8",
    "try: assert result == 4\n    except ValueError: raise AssertionError",
    "raise ValueError(result)",
    "raise KeyError(result)",
    "return result",
    "assert result.x == 4",
    "assert result(3) == 4 and callable(result)",
    "assert next(result) == 4",
    "assert isinstance(result, Node) and result.next is None",
    "assert result == Node()",
    "assert candidate(lambda x: x + 1) == 4",
    "assert candidate(len) == 4 and result is candidate",
    "with result as inner: assert inner == 4",
    "xs = [1]; candidate(xs); assert xs == [2]",
    "node = Node(); candidate(node); assert node.next == 4",
    "assert [x for x in result][0] == 4 or 4 in result or result - 4 == 0",
)
# Assertions of which a test may have several whose calls are asked for together.
TABLES = (
    "assert candidate(2) == 4",
    "assert candidate(2) is True",
    "assert list(candidate(2)) == [1]",
    "assert abs(candidate(2) - 4.0) < 1e-6",
    "assert str(candidate(2)) == '4'",
    "assert len(candidate(2)) == 3, 'three'",
    "assert not candidate(2)",
    "assert sorted(candidate(2), key=repr) == [4]",
)
# A class that both sides have.
PROMPT = "class Node:\n    def __init__(self, next=None):\n        self.next = next\n\n\ndef twice(x):\n"


def problem_using(use: str) -> Problem:
    lines = (use, use) if use in TABLES else ("result = candidate(2)", use)
    test = "def check(candidate):\n" + "".join(f"    {line}\n" for line in lines)
    assert (batches_of(test, "twice") != ()) == (use in TABLES)
    return Problem("Liar/0", PROMPT, "twice", "", test)


# --- what a child may say


def large(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"I" + struct.pack("<I", len(content)) + content


def text(content: str) -> bytes:
    return encode(content)


huge = st.sampled_from([40, 4_400, 150_000]).map(lambda digits: -(10**digits))  # by size: most have no repr
hashables: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([4, 4.0, True, "4", float("nan"), float("inf"), "\ud800", "\x1b]0;"])
    | huge
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(), max_size=20)
    | st.binary(max_size=20)
    | st.fractions()
    | st.decimals(allow_nan=False, places=3)
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3)),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=5,
)
values: st.SearchStrategy[Any] = st.recursive(
    hashables,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(hashables, inner, max_size=3),
    max_leaves=8,
)
PIECES = [
    *(struct.pack("<I", count) for count in (0, 1, 2, 16, 64, 2_000, 200_000, 0xFFFFFFFF)),
    *(bytes([tag]) for tag in b"N10ifcsbBltSZPmKVWqrRDgoeXCGUOFLp&^n@EHhjTA"),
    large(1 << 524_000),
    large(10**4_400),
    b"q" + b"N" + b"r" + large(1 << 520_000) + large((1 << 520_000) + 15_000) + encode(1),
    b"r" + encode(0) + encode(200_000) + encode(1),
    b"l" + struct.pack("<I", 200_000) + b"N" * 200_000,
    b"P" + b"lq" + struct.pack("<I", 100_000) + bytes(800_000),
    b"l\x01\0\0\0" * 63 + b"N",
    b"l\x01\0\0\0" * 2_000,
    b"D" + struct.pack("<I", 6) + b"1E9999",
    b"D" + struct.pack("<I", 500_000) + b"9" * 500_000,
    b"D" + struct.pack("<I", 4) + b"sNaN",
    b"R" + encode(1) + encode(0),
    b"S" + struct.pack("<I", 2_000) + b"".join(encode(number * ((1 << 61) - 1)) for number in range(2_000)),
    b"W\x01\0\0\0" + b"s\x02\0\0\0ab",
    b"o" + b"1" + text("a" * 5_000),
    text("a" * 200_000),
    *(letter + text("Node") for letter in (b"@", b"C", b"n", b"e", b"j", b"E" + text(""))),
    b"E" + text("builtins") + text("int"),
    b"E" + text("builtins") + text("eval"),
    b"E" + text("os") + text("system"),
    b"^\0\0\0\0",
    b"h\0\0\0\0",
    *(
        b"H" + struct.pack("<I", number) + text("f") + text(kin) + encode(bits)
        for number in (0, 1, 7)
        for kin in ("", "Node", "X")
        for bits in (0, 1 << 60, (1 << 63) - 1)
    ),
    *(encode((what, (), {})) for what in (0, 5, "input", "__import__")),
    text("\U0001f600\u202e\r::error::\x1b[2J"),
]
pieces = st.integers(0, len(PIECES) - 1).map(lambda number: PIECES[number])  # hypothesis would write them all out
payloads = st.one_of(
    values.map(encode),
    st.binary(max_size=40),
    st.lists(pieces, max_size=6).map(b"".join),
    st.tuples(values.map(encode), st.integers(0, 60), st.binary(min_size=1, max_size=2)).map(
        lambda told: told[0][: told[1]] + told[2] + told[0][told[1] + len(told[2]) :]
    ),
)
descriptions = st.tuples(
    st.sampled_from(["ValueError", "Bad", "", "x" * 9_000, "\r\n::error::", "KeyError"]),
    st.lists(
        st.sampled_from(
            ["ValueError", "Exception", "StopIteration", "SystemExit", "MemoryError", "OSError", "UnicodeDecodeError",
             "ExceptionGroup", "__import__", "print", "\ud800", "KeyboardInterrupt", "AssertionError", "KeyError"]
        ),
        max_size=4,
    ),
    st.text(st.characters(), max_size=30) | st.sampled_from(["m" * 9_000, "\ud800", "\x1b[2J"]),
    st.integers() | huge,
    st.text(max_size=10),
).map(encode)  # fmt: skip
letters = st.sampled_from([VALUE] * 8 + [RAISED, RAISED, SYNTAX, REFUSED, MEMORY, LOADED, b"", CHANGED, ASK, ASK, b"Q"])
messages = st.one_of(
    st.builds(bytes.__add__, letters, payloads),
    st.builds(bytes.__add__, st.sampled_from([RAISED, SYNTAX]), descriptions),
    st.builds(bytes.__add__, st.just(VALUE), values.map(encode)),
)
replies = st.one_of(
    messages.map(framed),
    messages.map(framed),
    messages.map(framed),
    st.binary(max_size=30),
    st.builds(lambda message, length: struct.pack("<I", length) + message, messages, st.integers(0, 1 << 32 - 1)),
    messages.map(lambda message: framed(message) * 2),
)
loadings = st.one_of(*[st.just(framed(LOADED))] * 9, replies)
statuses = [*range(65), *(number << 8 for number in range(0, 256, 17))]
ends = st.one_of(
    *[st.just((True, 0, False))] * 8,
    st.tuples(st.booleans(), st.sampled_from(statuses), st.just(False)),
    st.just((True, 9, True)),
    st.just((False, int(signal.SIGKILL), True)),
)  # fmt: skip


def silent(replies: list[bytes], problem: Problem) -> bool:
    """Whether such a child leaves the oracle waiting, which costs the whole limit: some are enough."""
    return any(len(reply) < 4 or struct.unpack_from("<I", reply)[0] > len(reply) - 4 for reply in replies)


# --- the conversations


@pytest.fixture(scope="module")
def liar() -> Iterator[ProcessSandbox]:
    command = (sys.executable, "-I", str(Path(sandbox_liar.__file__)), "{control}")
    with ProcessSandbox((Launch("liar", command),)) as sandbox:
        yield sandbox


def converse(liar: ProcessSandbox, problem: Problem, replies: list[bytes], end: tuple[bool, int, bool]) -> Verdict:
    started = time.monotonic()
    together = batches_of(problem.test, problem.entry_point) != ()
    verdict = liar.check(problem, f"    pass\n{script(replies, end, together=together)}", timeout=TIMEOUT)
    assert time.monotonic() - started < wall_limit(TIMEOUT) + GRACE + SLACK
    assert verdict.duration <= wall_limit(TIMEOUT) + GRACE
    assert verdict.kind in KINDS
    assert verdict.kind != ERROR
    assert verdict.detail.isprintable() or set(verdict.detail) - {"\n"}
    verdict.detail.encode()
    return verdict


def messages_in(data: bytes) -> Iterator[bytes]:
    reader = FrameReader()
    reader.add(data)
    while (message := reader.taken()) is not None:
        yield message


class Replay(Candidate):
    """The oracle's own candidate with nobody behind it: what was said is read from a list."""

    def __init__(self, replies: list[bytes]) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            super().__init__(Child(ours), Budget(60, 0), ours.fileno())
        self.said = messages_in(b"".join(replies))  # several may have come as one
        self.channel.say = lambda *_, **__: None  # type: ignore[method-assign]
        self.channel.reply = lambda: next(self.said)  # type: ignore[method-assign]


def is_earned(problem: Problem, replies: list[bytes]) -> bool:
    """Whether the test holds for what was said, done here where nothing is at stake."""
    namespace: dict[str, Any] = {}
    stub = put_stub_into(namespace, problem.prompt, problem.entry_point)
    candidate = Replay(replies)
    try:
        candidate.load("", "twice", 0, wants_of(problem.test, "twice", of_a_class=False), stub)
        candidate.loaded(stub)
        namespace["twice"] = candidate.function
        exec(problem.test, namespace)
        namespace["check"](candidate.function)
    except (Exception, Stop):
        return False
    return replies[0] == framed(LOADED)


def fuzz(liar: ProcessSandbox, count: int, number: int) -> None:
    """The round of this number, with draws of its own."""
    most = [count // 100 + 3]  # of those that wait for the limit

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # what fails is found again by its blob
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @seed(number)
    @given(st.sampled_from(USES + TABLES), loadings, st.lists(replies, min_size=1, max_size=3), ends, st.integers(0, 9))
    def talk(use: str, loading: bytes, said: list[bytes], end: tuple[bool, int, bool], tenth: int) -> None:
        problem, told = problem_using(use), [loading, *said]
        if silent(told, problem):
            most[0] -= 1
            if most[0] < 0:
                return
        verdict = converse(liar, problem, told, end)
        if verdict.passed:
            assert is_earned(problem, told)
        if not tenth:
            assert liar.check(TWICE, "", timeout=10).passed

    talk()
    assert liar.check(TWICE, "", timeout=10).passed


def test_anything_a_child_says_ends_in_a_verdict(liar: ProcessSandbox) -> None:
    fuzz(liar, DAILY, random.randrange(2**32))


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_anything_a_child_says_ends_in_a_verdict_many_times(
    liar: ProcessSandbox, request: pytest.FixtureRequest, part: int
) -> None:
    if "nightly" not in request.config.getoption("markexpr"):
        pytest.skip("takes minutes; run with -m nightly")
    first, end = part * NIGHTLY // PARTS, (part + 1) * NIGHTLY // PARTS
    for number in range(first, end, ROUND):
        print(f"{number:,} conversations", flush=True)  # seen with -s
        fuzz(liar, min(ROUND, end - number), number)


@pytest.mark.parametrize("number", [34, 35, 64, 63])
def test_signal_without_a_name_is_a_verdict(liar: ProcessSandbox, number: int) -> None:
    verdict = converse(liar, TWICE, [], (True, number, False))
    assert verdict.kind == "exception"
    assert "the process was killed by" in verdict.detail


def test_line_of_more_digits_than_python_prints_is_a_verdict(liar: ProcessSandbox) -> None:
    said = RAISED + encode(("E", ["ValueError"], "m", 10**5_000, "t"))
    for replies in ([framed(said)], [framed(LOADED), framed(said)]):
        assert converse(liar, TWICE, replies, (True, 0, False)).kind == "refused"


def test_range_of_huge_numbers_is_refused_before_it_is_walked(liar: ProcessSandbox) -> None:
    low = 1 << 520_000
    bomb = VALUE + b"q" + b"N" + b"r" + large(low) + large(low + 15_000) + encode(1)
    assert converse(liar, TWICE, [framed(LOADED), framed(bomb)], (True, 0, False)).kind == "refused"
    plain = VALUE + b"r" + large(low) + large(low + 15_000) + encode(1)
    assert converse(liar, TWICE, [framed(LOADED), framed(plain)], (True, 0, False)).kind == "refused"

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.cluster import judging
from pytest_humaneval.cluster.chunking import Sample, chunks
from pytest_humaneval.cluster.judging import Judged, JudgingProgress, Piece, Reply, judge_all
from pytest_humaneval.exceptions import ClusterError

KILLER = "kills the process"


class Unreliable:
    """Judges a sample by its own text, in random order; loses nodes and processes now and then."""

    def __init__(self, seed: int, cpus: int = 2, troubles: int = 20) -> None:
        self.cpus = cpus
        self.most_waiting = 0
        self._random = random.Random(seed)
        self._troubles = troubles
        self._waiting: list[Piece] = []

    def submit(self, piece: Piece) -> None:
        self._waiting.append(piece)
        self.most_waiting = max(self.most_waiting, len(self._waiting))

    def replies(self) -> Iterator[Reply]:
        self._random.shuffle(self._waiting)
        for _ in range(self._random.randint(0, len(self._waiting))):
            yield self._reply(self._waiting.pop())

    def _reply(self, piece: Piece) -> Reply:
        if any(sample.completion == KILLER for sample in piece.samples):
            return Reply(piece, crash="it died")
        if self._troubles and self._random.random() < 0.3:
            self._troubles -= 1
            return Reply(piece, lost_node="a node died")
        return Reply(piece, tuple(Judged("passed", sample.completion) for sample in piece.samples), ("layer",))


def samples(count: int, killers: frozenset[int] = frozenset()) -> list[Sample]:
    return [Sample("T/0", "s", number, KILLER if number in killers else str(number)) for number in range(count)]


@given(st.integers(0, 400), st.frozensets(st.integers(0, 399), max_size=3), st.integers(0, 999), st.integers(0, 3))
def test_nothing_is_lost_or_doubled_and_the_order_stays_whatever_dies(
    count: int, killers: frozenset[int], seed: int, cpus: int
) -> None:
    asked = samples(count, killers)
    progress = JudgingProgress()
    found = [pair for chunk in judge_all(chunks(asked), Unreliable(seed, cpus), progress) for pair in chunk]
    assert [sample for sample, _ in found] == asked
    for sample, judged in found:
        if sample.completion == KILLER:
            assert (judged.kind, judged.detail) == (
                "error",
                "ClusterError: Ray's worker processes died while judging it: it died",
            )
        else:
            assert (judged.kind, judged.detail) == ("passed", sample.completion)


def test_only_so_many_chunks_are_under_way() -> None:
    taken = 0

    def counted() -> Iterator[tuple[Sample, ...]]:
        nonlocal taken
        for chunk in chunks(samples(32 * 200)):
            taken += 1
            yield chunk

    workers = Unreliable(seed=1, cpus=2)
    for left, _ in enumerate(judge_all(counted(), workers, JudgingProgress()), start=1):
        assert taken - left <= judging.WINDOW * 2
    assert workers.most_waiting == judging.WINDOW * 2


class Always:
    """Replies the same to every piece."""

    cpus = 1

    def __init__(self, *, crash: str = "", lost_node: str = "", refusal: str = "") -> None:
        self.asked = 0
        self._reply = partial(Reply, crash=crash, lost_node=lost_node, refusal=refusal)
        self._waiting: list[Piece] = []

    def submit(self, piece: Piece) -> None:
        self.asked += 1
        self._waiting.append(piece)

    def replies(self) -> list[Reply]:
        waiting, self._waiting = self._waiting, []
        return [self._reply(piece) for piece in waiting]


def test_a_sandbox_that_starts_nowhere_stops_the_run_with_its_reason() -> None:
    with pytest.raises(ClusterError, match=r"^node: no bubblewrap$"):
        list(judge_all(chunks(samples(1)), Always(refusal="node: no bubblewrap"), JudgingProgress()))


def test_processes_that_always_die_stop_the_run() -> None:
    with pytest.raises(ClusterError, match=r"^100 of Ray's worker processes died without a verdict: killed$"):
        list(judge_all(chunks(samples(32 * 100)), Always(crash="killed"), JudgingProgress()))


def test_a_sample_that_always_takes_its_node_along_is_an_error_in_the_end() -> None:
    workers = Always(lost_node="gone")
    ((_, judged),) = [pair for chunk in judge_all(chunks(samples(1)), workers, JudgingProgress()) for pair in chunk]
    assert judged == Judged("error", "ClusterError: 20 nodes were lost while they judged it: gone")
    assert workers.asked == judging.LOST_NODES


def test_a_piece_whose_processes_died_thrice_is_taken_apart() -> None:
    piece = Piece(4, 0, tuple(samples(2)), crashes=2)
    apart = judging.try_again(Reply(piece, crash="died"))
    assert [(one.chunk, one.start, len(one.samples)) for one in apart] == [(4, 0, 1), (4, 1, 1)]
    assert judging.try_again(Reply(apart[1], crash="died")) == []

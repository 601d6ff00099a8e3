"""Has chunks judged and gives the verdicts back in order, whatever dies meanwhile. Knows nothing of Ray."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.exceptions import ClusterError
from pytest_humaneval.outcome import ERROR

WINDOW = 8  # chunks for each CPU between the oldest unfinished one and the newest: a slow one holds the others up late
CRASHES = 3  # of worker processes over one piece: then its samples are tried one by one, then given up
LOST_NODES = 20  # under one piece; more is no accident
REFUSALS = 3  # of one piece, by worker processes that cannot judge at all: then the run stops
CRASHES_IN_A_ROW = 100  # without a verdict between them: then the run stops


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict as it travels, or an error of ours with the kind ``error``. ``seconds`` are the check's.

    ``strong_kind`` is empty where the problem has no stronger test. ``cause`` is the kind of mistake, if known.
    """

    kind: str
    detail: str = ""
    seconds: float = 0.0
    strong_kind: str = ""
    strong_detail: str = ""
    cause: str = ""
    from_store: bool = False  # kept from a former check


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring samples of a chunk, from place ``start`` on, judged by one task; and its bad luck so far."""

    chunk: int
    start: int
    samples: tuple[Sample, ...]
    crashes: int = 0
    lost_nodes: int = 0
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a piece: verdicts, or one of the sentences that say what went wrong.

    ``crash``: the worker process died. ``lost_node``: its node did. ``refusal``: the worker cannot judge anything, as
    its sandbox does not start. ``layers`` are those of the sandbox that judged.
    """

    piece: Piece
    judged: tuple[Judged, ...] = ()
    layers: tuple[str, ...] = ()
    crash: str = ""
    lost_node: str = ""
    refusal: str = ""


class Workers(Protocol):
    """Whoever judges pieces, several at a time."""

    @property
    def cpus(self) -> int:
        """How many pieces can be judged at the same time, now."""

    def submit(self, piece: Piece) -> None:
        """Have a piece judged; returns at once."""

    def replies(self) -> Iterable[Reply]:
        """What has come to an end, after waiting a little for something to do so; each submission has one reply."""


@dataclass
class JudgingProgress:
    """What happened besides verdicts."""

    crashes: int = 0
    lost_nodes: int = 0
    from_store: int = 0  # verdicts that were kept from a former check
    layers: set[tuple[str, ...]] = field(default_factory=set)


class Window:
    """Chunks that are being judged; they leave whole, in the order in which they came."""

    def __init__(self) -> None:
        self._chunks: collections.deque[tuple[tuple[Sample, ...], list[Judged | None]]] = collections.deque()
        self._first = 0  # the number of the oldest chunk that is still here

    def __len__(self) -> int:
        return len(self._chunks)

    def enter(self, samples: tuple[Sample, ...]) -> Piece:
        """Take in a chunk; the piece that is all of it."""
        self._chunks.append((samples, [None] * len(samples)))
        return Piece(self._first + len(self._chunks) - 1, 0, samples)

    def settle(self, piece: Piece, judged: Sequence[Judged]) -> None:
        """Note what became of a piece's samples."""
        _, verdicts = self._chunks[piece.chunk - self._first]
        assert len(judged) == len(piece.samples), "a verdict for each sample"
        verdicts[piece.start : piece.start + len(judged)] = judged

    def leave(self) -> Iterator[list[tuple[Sample, Judged]]]:
        """The oldest chunks, as far as they are finished."""
        while self._chunks:
            samples, verdicts = self._chunks[0]
            finished = [verdict for verdict in verdicts if verdict is not None]
            if len(finished) < len(samples):
                return
            self._chunks.popleft()
            self._first += 1
            yield list(zip(samples, finished, strict=True))


def judge_all(
    chunks: Iterator[tuple[Sample, ...]], workers: Workers, progress: JudgingProgress
) -> Iterator[list[tuple[Sample, Judged]]]:
    """Every chunk with its verdicts, in order. As many are under way as ``WINDOW`` allows.

    Raises:
        ClusterError: the workers cannot judge, or die all the time.
    """
    window, waiting, crashed = Window(), 0, 0
    while True:
        while len(window) < WINDOW * max(1, workers.cpus) and (chunk := next(chunks, None)) is not None:
            workers.submit(window.enter(chunk))
            waiting += 1
        if not waiting:
            return
        for reply in workers.replies():
            waiting -= 1
            if reply.judged:
                progress.layers.add(reply.layers)
                crashed = 0
                window.settle(reply.piece, reply.judged)
                continue
            progress.crashes += bool(reply.crash)
            progress.lost_nodes += bool(reply.lost_node)
            crashed += bool(reply.crash)
            if crashed >= CRASHES_IN_A_ROW:
                raise ClusterError(f"{crashed} of Ray's worker processes died without a verdict: {reply.crash}")
            again = try_again(reply)
            if not again:
                window.settle(reply.piece, [_given_up(reply)] * len(reply.piece.samples))
            for piece in again:
                workers.submit(piece)
                waiting += 1
        yield from window.leave()


def try_again(reply: Reply) -> list[Piece]:
    """The pieces that a piece without verdicts is tried again in; none where it is given up.

    A piece whose workers died thrice is taken apart: one sample may be the cause, the others shall not suffer.

    Raises:
        ClusterError: no worker process can judge it, nor probably anything else.
    """
    piece = reply.piece
    if reply.refusal:
        if piece.refusals + 1 >= REFUSALS:
            raise ClusterError(reply.refusal)
        return [replace(piece, refusals=piece.refusals + 1)]
    if reply.lost_node:
        return [replace(piece, lost_nodes=piece.lost_nodes + 1)] if piece.lost_nodes + 1 < LOST_NODES else []
    if piece.crashes + 1 < CRASHES:
        return [replace(piece, crashes=piece.crashes + 1)]
    if len(piece.samples) == 1:
        return []
    places = enumerate(piece.samples, start=piece.start)
    return [Piece(piece.chunk, place, (sample,), CRASHES - 1) for place, sample in places]


def _given_up(reply: Reply) -> Judged:
    if reply.lost_node:
        return Judged(ERROR, f"ClusterError: {LOST_NODES} nodes were lost while they judged it: {reply.lost_node}")
    return Judged(ERROR, f"ClusterError: Ray's worker processes died while judging it: {reply.crash}")

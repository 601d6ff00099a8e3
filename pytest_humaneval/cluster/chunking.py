"""Samples out of a file of any size."""

from __future__ import annotations

import collections
import hashlib
import itertools
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval.cluster.totals import Marks
from pytest_humaneval.dataset.foreign import is_raw, samples_of
from pytest_humaneval.dataset.foreign_ids import known_as
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.replay import identity, stream_rows
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.registration import can_be_a_name
from pytest_humaneval.results.read import UNNAMED
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.wording import cannot_be_read

CHUNK_SAMPLES = 32  # some 0.3 s of checks: what Ray takes to hand one out is a hundredth of that
CHUNK_CHARACTERS = 1_000_000  # of completions; a single one that is longer is a chunk of its own


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion that is to be judged."""

    task_id: str
    strategy: str
    sample_index: int
    completion: str

    @property
    def item(self) -> ItemId:
        """Which one."""
        return ItemId(self.task_id, self.strategy, self.sample_index)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file holds: how many samples, up to how many of one problem and strategy, and of which problems.

    ``sha256`` is that of the file as it lies there, as a replay's identity.
    """

    samples: int
    num_samples: int
    problems: int
    sha256: str


def read(path: Path, known: Container[str] = ()) -> Iterator[Sample]:
    """The samples in the file's order, one at a time; ``known`` are the problems' ids, as in a replay.

    Raises:
        DatasetError: it cannot be read; names file and line.
    """
    for _, sample in _placed(path, known):
        yield sample


def survey(path: Path, task_ids: Iterable[str]) -> Survey:
    """Read the file from end to end, so that a line that cannot be judged is told before anything is.

    Memory grows by a byte for each sample of JSON Lines; what has another form is held as a whole.

    Raises:
        DatasetError: a line that is no sample, or one of no problem in ``task_ids``, or a sample that is there twice;
            names file and line.
    """
    known = set(task_ids)
    by_item: dict[tuple[str, str], Marks] = collections.defaultdict(Marks)
    count = most = 0
    if is_raw(path):
        raise DatasetError(
            f"{path}: it holds answers as they came; take completions out of it first: "
            f"python -m pytest_humaneval import --format inspect {path} DIR"
        )
    for where, sample in _placed(path, known):
        if sample.task_id not in known:
            raise DatasetError(
                f"{where}: unknown problem {sample.task_id}; name the file of its problems with --dataset"
            )
        if not can_be_a_name(sample.strategy):
            raise DatasetError(
                f"{where}: {sample.strategy!r} cannot be the name of a strategy, which has no space, comma, colon or "
                "bracket"
            )
        marks = by_item[sample.task_id, sample.strategy]
        if sample.sample_index in marks:
            raise DatasetError(
                f"{where}: sample {sample.sample_index} of {sample.task_id} already appears in line "
                f"{_line_of(path, sample, known)}"
            )
        marks.put(sample.sample_index, True)
        count, most = count + 1, max(most, sample.sample_index + 1)
    if not count:
        raise DatasetError(f"{path}: holds no samples; expected one JSON object per line with task_id and completion")
    return Survey(count, most, len({task_id for task_id, _ in by_item}), _digest(path))


def chunks(samples: Iterable[Sample]) -> Iterator[tuple[Sample, ...]]:
    """The samples in order, in pieces that are worth a task each."""
    chunk: list[Sample] = []
    characters = 0
    for sample in samples:
        characters += len(sample.completion)
        if chunk and (len(chunk) == CHUNK_SAMPLES or characters > CHUNK_CHARACTERS):
            yield tuple(chunk)
            chunk, characters = [], len(sample.completion)
        chunk.append(sample)
    if chunk:
        yield tuple(chunk)


def _placed(path: Path, known: Container[str]) -> Iterator[tuple[str, Sample]]:
    counts: dict[tuple[str, str], Iterator[int]] = collections.defaultdict(itertools.count)
    for where, row in stream_rows(path):
        task_id, strategy = known_as(row["task_id"], known), row.get("strategy") or UNNAMED
        index = row.get("sample_index", next(counts[task_id, strategy]))
        yield where, Sample(task_id, strategy, index, row["completion"])


def _line_of(path: Path, wanted: Sample, known: Container[str]) -> str:
    """Where a sample was given first: looked up when it is asked for, rather than kept of millions."""
    same = (where for where, sample in _placed(path, known) if sample.item == wanted.item)
    return next(same).removeprefix(f"{samples_of(path)}:")


def _digest(path: Path) -> str:
    path = samples_of(path)
    if path.is_dir():  # a file for each sample
        return identity(EngineOptions(file=str(path)))
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(cannot_be_read(path, error)) from error

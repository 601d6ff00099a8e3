"""Rows of other people's files as samples: which of their fields tells the problem, and which the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_humaneval.dataset.foreign_ids import is_task_id, task_id_of
from pytest_humaneval.dataset.foreign_logs import is_answered_batch, is_log, joined, of_batch, of_inspect, of_lm_eval
from pytest_humaneval.exceptions import DatasetError

IDS = ("task", "problem_id", "problem", "name")  # the keys of a row that may tell its problem, beside task_id and id
TEXTS = (  # the keys of a row that may hold its completion, the surest first
    *("generation", "response", "output", "completions", "generations", "responses", "outputs"),
    *("generated_text", "model_output", "prediction", "answer"),
)
PROGRAMS = ("solution", "generated_code", "code", "text")  # the same; their texts are whole programs, mostly
OF_PROBLEMS = ("test", "test_list", "canonical_solution")  # with one of these ``code`` and ``text`` are the dataset's
LISTS = ("results", "data", "samples", "rows", "items", *TEXTS)  # the keys of an object that may hold all rows
EXPECTED = (
    "a JSON object with task_id and completion (or solution, generation, response, output, generated_text, "
    "model_output, code, text), or one from task_id to text"
)

Row = tuple[str, Any]
"""Where a row is, as file and line, and what stands there."""


class Reading:
    """What has to be known of a file's earlier rows to understand the next."""

    def __init__(self) -> None:
        self._filter: Any = None

    def rows(self, where: str, row: Any) -> list[Any]:
        """The samples in a row: with ``task_id`` and ``completion``, as far as they are there under other names.

        Raises:
            DatasetError: it tells of an answer that never came.
        """
        if is_answered_batch(row):
            return of_batch(where, row)
        if isinstance(row, dict) and isinstance(doc := row.get("doc"), dict) and "task_id" in doc:
            # lm-eval logs the same answers once for each of its filters.
            self._filter = row.get("filter") if self._filter is None else self._filter
            return of_lm_eval(row, doc, whole) if row.get("filter") == self._filter else []
        named = usual(row)
        texts = named.get("completion") if isinstance(named, dict) else None
        if isinstance(texts, list) and texts and "sample_index" not in named:  # all samples of a problem in a row
            return [{**named, "completion": text} for text in texts]
        return [named]


def usual(row: Any) -> Any:
    """A row with the fields' usual names."""
    if not isinstance(row, dict):
        return row
    renamed = dict(row)
    for name in ("id", *IDS):
        if "task_id" not in renamed and name in row and (name == "id" or is_task_id(str(row[name]))):
            renamed["task_id"] = row[name]
    if "task_id" in renamed:
        renamed["task_id"] = task_id_of(renamed["task_id"])
    if renamed.get("completion") is None:
        names = [name for name in ("solution", *TEXTS, *PROGRAMS[1:]) if row.get(name) is not None]
        if any(name in row for name in OF_PROBLEMS):
            names = [name for name in names if name not in ("code", "text")]
        if names:
            told = _text_in(row[names[0]])
            renamed["completion"] = whole(told) if names[0] in PROGRAMS else told
    elif not isinstance(renamed["completion"], str):
        renamed["completion"] = _text_in(renamed["completion"])
    return renamed


def by_task(value: Any) -> bool:
    """Whether this is an object from task_ids to their texts."""
    return isinstance(value, dict) and bool(value) and all(isinstance(key, str) and is_task_id(key) for key in value)


def unpacked(where: str, value: Any, reading: Reading) -> Iterator[Row]:
    """The rows in a JSON value of a file: one itself, an array or object of them, or a log.

    Raises:
        DatasetError: it is something that has no samples; names what to do.
    """
    if isinstance(value, list) and value:
        for number, row in enumerate(value):
            if isinstance(row, list):  # bigcode: the programs of each problem, in the dataset's order
                for program in row:
                    yield where, {"task_id": f"HumanEval/{number}", "completion": whole(program)}
            else:
                place = f"{where}, element {number}"
                yield from ((place, each) for each in reading.rows(place, row))
    elif is_log(value):
        for number, row in enumerate(value["samples"]):
            yield f"{where}, sample {number}", of_inspect(f"{where}, sample {number}", row)
    elif by_task(value):
        for task_id, told in value.items():
            rows = told if isinstance(told, list) else [told]
            for each in rows:
                row = each if isinstance(each, dict) else {"completion": each}
                place = f"{where}, {task_id}"
                yield from ((place, made) for made in reading.rows(place, {**row, "task_id": task_id}))
    elif isinstance(value, dict) and isinstance(evaluation := value.get("eval"), dict):
        if "task" in evaluation:
            raise DatasetError(f"{where}: a log of inspect's without samples")
        raise DatasetError(f"{where}: results of EvalPlus' evaluator; read them with import --format evalplus")
    elif (rows := _list_in(value)) is not None:
        yield from unpacked(where, rows, reading)
    elif isinstance(value, dict) and isinstance(value.get("results"), dict) and "task_id" not in value:
        raise DatasetError(
            f"{where}: results without samples, such as lm-eval's; its samples are in the samples_*.jsonl that "
            "--log_samples writes beside it"
        )
    else:
        yield from ((where, row) for row in reading.rows(where, value))


def whole(program: Any) -> Any:
    """A whole program as what goes after the prompt, which it then defines anew."""
    if isinstance(program, list):
        return [whole(each) for each in program]
    return "\n" + program if isinstance(program, str) else program


def _list_in(value: Any) -> Any:
    """All rows, where an object has them under one of its keys, or from task_id to text; None where it is a row."""
    if not isinstance(value, dict) or any(name in value for name in ("task_id", "id", "doc", "custom_id")):
        return None
    held = (value[name] for name in LISTS if name in value)
    return next((rows for rows in held if by_task(rows) or (isinstance(rows, list) and rows)), None)


def _text_in(value: Any) -> Any:
    """The text of what a library returns for it: a text, an object with one (transformers, vLLM), or a list of them."""
    if isinstance(value, list):
        return [_text_in(each) for each in value]
    if not isinstance(value, dict):
        return value
    message = value.get("message")
    names = ("completion", "generated_text", "text", "content", "code")
    told = message.get("content") if isinstance(message, dict) else next((value[n] for n in names if n in value), value)
    return joined(told)

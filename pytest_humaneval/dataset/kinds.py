"""What a dataset is, and how one is registered."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import DatasetError, HumanEvalError, raised_in
from pytest_humaneval.problem import Problem
from pytest_humaneval.registration import Sort

FIELDS = tuple(each.name for each in fields(Problem) if each.default is MISSING)

ENTRY_POINT = "a Python name, or names with dots and empty brackets as in Solution().add"

Row = tuple[str, dict[str, Any]]
"""Where a row of a file is, as file and line, and its fields."""


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
        if wrong := [problem for problem in given if not isinstance(problem, Problem)]:
            raise DatasetError(f"the dataset {name!r} has {wrong[0]!r} among its problems, which is not a Problem")
        if not given:
            raise DatasetError(f"the dataset {name!r} holds no problem")
        if unnamed := [problem for problem in given if not problem.task_id or not is_entry_point(problem.entry_point)]:
            raise DatasetError(
                f"the dataset {name!r}: {unnamed[0]!r} needs a task_id, and an entry_point that is {ENTRY_POINT}, not "
                f"{unnamed[0].entry_point!r}"
            )
        if doubled := [
            task_id for task_id, count in Counter(problem.task_id for problem in given).items() if count > 1
        ]:
            raise DatasetError(f"the dataset {name!r} has more than one problem with the task_id {doubled[0]!r}")
        text = "".join(json.dumps(_row(problem)) + "\n" for problem in given)
        return cls(name, hashlib.sha256(text.encode()).hexdigest(), given)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a dataset: ``mbpp:train=FILE`` has one of its ``parts`` and the ``file`` that it is in.

    ``folders`` are where its file may lie. ``only_look`` is for a list: no hub is asked, and nothing is run. ``keep``
    is the cache folder for what takes time to find out.
    """

    parts: tuple[str, ...] = ()
    file: Path | None = None
    folders: tuple[Path, ...] = ()
    only_look: bool = False
    keep: Path | None = None


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
    seeded: bool = False  # whether a whole number may stand behind the colon, too

    def dataset(self, wanted: Wanted = Wanted()) -> Dataset:
        """Its problems.

        Raises:
            DatasetError: they cannot be had.
        """
        try:
            given = self.find(wanted) if self.find is not None else self.read()
            return given if isinstance(given, Dataset) else Dataset.of(self.name, given)
        except HumanEvalError:
            raise
        except Exception as error:
            raise DatasetError(f"the dataset {self.name!r} cannot be read: {raised_in(error)}") from error


DATASET_SORT = Sort("dataset", "datasets", DatasetKind, "write DatasetKind(name, description, read)", DatasetError)


def is_entry_point(text: str) -> bool:
    """A name, or what is reached from one by dots and by calls without arguments."""
    return all(part.removesuffix("()").isidentifier() for part in text.split("."))


def digest_of(text: str) -> str:
    """SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def num_shown(problems: Iterable[Problem]) -> int:
    """How many assertions of its test a problem's prompt shows, at most."""
    return max((len(problem.shown) for problem in problems), default=0)


def _row(problem: Problem) -> dict[str, Any]:
    """The row of a file that would hold a problem."""
    row = asdict(problem)
    return {name: row[name] for name in row if name in FIELDS or row[name]}

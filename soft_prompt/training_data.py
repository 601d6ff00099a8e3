"""What soft prompts learn from: problems in HumanEval's shape, without what is near to HumanEval's.

A dataset is MBPP (``mbpp``, its id on the hub, or its file), whose train and validation splits are taken, or a file of
one's own problems in any form that ``--humaneval-dataset`` reads. A row of those may say its ``split``, ``train`` or
``validation``; without it every tenth is validated on. How a task of MBPP gets its shape is told in
``pytest_humaneval/dataset/mbpp.py``, which makes problems to evaluate in the same way.
"""

from __future__ import annotations

import ast
import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pytest_humaneval.dataset.forms import CHECK, problem_of
from pytest_humaneval.dataset.kinds import Row, Wanted
from pytest_humaneval.dataset.mbpp import HUB_SPLITS, SPLITS, WHOLE, Task, in_docstring, task_of
from pytest_humaneval.dataset.places import Found, Hub, from_hub, read_rows
from pytest_humaneval.dataset.requested import folders_of
from pytest_humaneval.exceptions import ConfigError, DatasetError
from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import mentioned, tree_of

from .config import is_file
from .contamination import near_humaneval, refuse_humaneval

MBPP = "mbpp"
VALIDATED = 10  # of problems that do not say their split, every so many-th is validated on
_MBPP_ID = re.compile(r"mbpp/(\d+)", re.IGNORECASE)

Split = Literal["train", "validation"]


@dataclass(frozen=True, slots=True)
class Source:
    """One of the datasets of a training, and the form that its rows have; all of it goes into the checkpoint."""

    name: str
    form: Literal["mbpp", "problems"]
    sha256: str
    train: int
    validation: int
    near_duplicates: int
    unusable: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Problems to learn from, problems to validate on, and why others are missing: reason by task id.

    ``sources`` are the datasets, ``weights`` says of problems by task id how often they stand in an epoch, where that
    is not once.
    """

    train: tuple[Problem, ...]
    validation: tuple[Problem, ...]
    near_duplicates: dict[str, str]  # a task: HumanEval's
    unusable: dict[str, str]  # a task: what about it cannot be learned
    sources: tuple[Source, ...] = ()
    weights: dict[str, float] | None = None

    def sample(self, max_train: int, max_eval: int, seed: int) -> TrainingData:
        """As many problems of either split, drawn without replacement; 0 or too many leave it whole."""
        chance = random.Random(seed)
        train, validation = (
            tuple(chance.sample(split, count)) if 0 < count < len(split) else split
            for split, count in ((self.train, max_train), (self.validation, max_eval))
        )
        return replace(self, train=train, validation=validation)

    def times(self, task_id: str, seed: int) -> int:
        """How often a problem stands in an epoch: its weight, whose fraction is a chance that the seed decides."""
        weight = (self.weights or {}).get(task_id, 1.0)
        return int(weight) + (random.Random(f"{seed} {task_id}").random() < weight - int(weight))

    def recorded(self) -> list[dict[str, Any]]:
        """The sources as a checkpoint keeps them."""
        return [asdict(source) for source in self.sources]

    def summary(self) -> str:
        """One line for the terminal and the report; of several datasets the share of each."""
        line = (
            f"tasks: {len(self.train)} to train on, {len(self.validation)} to validate on; removed: "
            f"{len(self.near_duplicates)} too similar to HumanEval's, {len(self.unusable)} that do not have its shape"
        )
        if len(self.sources) < 2:
            return line
        parts = (
            f"{source.name}: {source.train} and {source.validation}, weight {source.weight:g} ({source.form})"
            for source in self.sources
        )
        return f"{line}; {'; '.join(parts)}"


def read_training_data(sources: str | Sequence[str], weights: Sequence[float] = ()) -> TrainingData:
    """The train and validation splits of one or several datasets; ``weights`` are one for each, or none.

    Raises:
        DatasetError: one cannot be read, holds what is no problem, a problem of HumanEval, or one of another's.
        ConfigError: another number of weights than of datasets.
    """
    names = (sources,) if isinstance(sources, str) else tuple(sources)
    if weights and len(weights) != len(names):
        raise ConfigError(f"data_weights: has {len(weights)} numbers for {len(names)} datasets; give one for each")
    each = [_read(name, weight) for name, weight in zip(names, weights or [1.0] * len(names), strict=True)]
    _refuse_doubled(names, each)
    return TrainingData(
        tuple(problem for data in each for problem in data.train),
        tuple(problem for data in each for problem in data.validation),
        {task: other for data in each for task, other in data.near_duplicates.items()},
        {task: reason for data in each for task, reason in data.unusable.items()},
        tuple(source for data in each for source in data.sources),
        {problem.task_id: data.sources[0].weight for data in each for problem in data.train},
    )


def held_out(sources: str | Sequence[str]) -> tuple[Problem, ...]:
    """The problems of MBPP's test split in these datasets: results are measured on them, nothing may come near them."""
    datasets = (_rows_of(name) for name in ((sources,) if isinstance(sources, str) else sources))
    rows = (row for dataset in datasets for row in dataset.rows if "code" in row[1])
    shapes = (in_docstring(task) for task in (task_of(*row) for row in rows) if task.number in SPLITS["test"])
    return tuple(problem for problem, _ in shapes if problem is not None)


def shape(row: dict[str, Any]) -> tuple[Problem | None, str]:
    """One row as a problem of HumanEval's shape, or why it cannot be one."""
    return in_docstring(task_of("MBPP", row))


def single_assertions(problem: Problem) -> tuple[Problem, ...]:
    """The problem once for each of its assertions, to count how many hold.

    Where ``check`` is not a row of assertions, after what they need, it counts as a whole. An assertion that holds
    whatever the function does, such as HumanEval's ``assert True``, is no reason to praise it and counts for nothing.
    """
    tree = tree_of(problem.test)
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == CHECK] if tree else []
    body = checks[-1].body if checks else []
    begin = next((at for at, node in enumerate(body) if isinstance(node, ast.Assert)), len(body))
    asserts = [node for node in body[begin:] if isinstance(node, ast.Assert)]
    if not asserts or len(asserts) < len(body) - begin:
        return (problem,)
    names = _of_function(problem, checks[-1], body[:begin])
    asked = [node for node in asserts if names is None or names & mentioned(node)]
    lines = problem.test.split("\n")
    head = lines[: asserts[0].lineno - 1]
    return tuple(
        replace(problem, test="\n".join([*head, *lines[node.lineno - 1 : node.end_lineno], ""])) for node in asked
    ) or (problem,)


def _of_function(problem: Problem, check: ast.FunctionDef, head: list[ast.stmt]) -> set[str] | None:
    """The names of what depends on the function: its own, ``check``'s for it, those that the head gives its results.

    None where that cannot be told, as a loop may leave them anywhere.
    """
    names = {problem.entry_point, *(argument.arg for argument in check.args.args)}
    for statement in head:
        if isinstance(statement, ast.Assign) and names & mentioned(statement.value):
            names = names.union(*map(mentioned, statement.targets))
        elif names & mentioned(statement):
            return None
    return names


Offered = tuple[str, Split, Problem | None, str]
"""A task's id, where it belongs, the problem, and why it is none."""


def _read(name: str, weight: float) -> TrainingData:
    dataset = _rows_of(name)
    refuse_humaneval((row.get("task_id") for _, row in dataset.rows), name)
    if not dataset.rows:
        raise DatasetError(f"{name}: holds no problem")
    mbpp = "code" in dataset.rows[0][1]
    data = _split(_of_mbpp(task_of(*row) for row in dataset.rows) if mbpp else _own(dataset.rows))
    form: Literal["mbpp", "problems"] = "mbpp" if mbpp else "problems"
    source = Source(
        name, form, dataset.sha256,
        len(data.train), len(data.validation), len(data.near_duplicates), len(data.unusable), weight,
    )  # fmt: skip
    return replace(data, sources=(source,))


def _rows_of(name: str) -> Found:
    if is_file(name):
        return read_rows(Path(name))
    if name == MBPP:
        return WHOLE.find(Wanted(folders=folders_of(Path.cwd(), None, os.environ)))
    try:
        return from_hub(Hub(name, "full", HUB_SPLITS[1:]))
    except DatasetError as error:
        raise DatasetError(f"{error}; name a local file: data = 'mbpp.jsonl'") from error


def _split(offered: Iterable[Offered]) -> TrainingData:
    splits: dict[str, list[Problem]] = {"train": [], "validation": []}
    near: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for task_id, split, problem, reason in offered:
        if problem is None:
            unusable[task_id] = reason
        elif other := near_humaneval(problem):
            near[task_id] = other
        else:
            splits[split].append(problem)
    return TrainingData(tuple(splits["train"]), tuple(splits["validation"]), near, unusable)


def _of_mbpp(tasks: Iterable[Task]) -> Iterator[Offered]:
    for task in tasks:
        split: Split = "train" if task.number in SPLITS["train"] else "validation"
        if task.number in SPLITS[split]:
            yield (task.task_id, split, *in_docstring(task))


def _own(rows: Iterable[Row]) -> Iterator[Offered]:
    """Problems of one's own, in the file's order."""
    for number, (where, row) in enumerate(rows):
        problem = problem_of(where, row)
        split: Split = "train" if (number + 1) % VALIDATED else "validation"
        if given := row.get("split"):
            if given not in get_args(Split):
                raise DatasetError(f"{where}: field 'split' must be train or validation, not {given!r}")
            split = given
        reason = _not_learnable(problem)
        yield problem.task_id, split, None if reason else problem, reason


def _not_learnable(problem: Problem) -> str:
    match = _MBPP_ID.fullmatch(problem.task_id)
    if match and int(match[1]) in SPLITS["test"]:
        return "is of MBPP's test split, which results are measured on"
    if not problem.canonical_solution.strip():
        return "has no canonical_solution"
    return "" if compiles(problem.prompt + problem.canonical_solution) else "prompt and solution do not parse"


def _refuse_doubled(names: Sequence[str], each: Sequence[TrainingData]) -> None:
    places: dict[str, str] = {}
    for name, data in zip(names, each, strict=True):
        for problem in (*data.train, *data.validation):
            if problem.task_id in places:
                raise DatasetError(
                    f"{name}: {problem.task_id} is in {places[problem.task_id]} already; every problem needs an id of "
                    "its own"
                )
            places[problem.task_id] = name

"""What soft prompts learn from: MBPP's train and validation splits in HumanEval's shape, without what is near to it.

How a task gets that shape is told in ``pytest_humaneval/dataset/mbpp.py``, which makes problems to evaluate in the same
way.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset.mbpp import HUB_SPLITS, SPLITS, Task, in_docstring, task_of
from pytest_humaneval.dataset.places import Hub, from_hub, read_rows
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem

from .contamination import fingerprint, humaneval_fingerprints, near_duplicate, refuse_humaneval


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Problems to learn from, problems to validate on, and why others are missing: reason by task id."""

    train: tuple[Problem, ...]
    validation: tuple[Problem, ...]
    near_duplicates: dict[str, str]  # MBPP's task: HumanEval's
    unusable: dict[str, str]  # MBPP's task: what about it has no place in HumanEval's shape

    def sample(self, max_train: int, max_eval: int, seed: int) -> TrainingData:
        """As many problems of either split, drawn without replacement; 0 or too many leave it whole."""
        chance = random.Random(seed)
        train, validation = (
            tuple(chance.sample(split, count)) if 0 < count < len(split) else split
            for split, count in ((self.train, max_train), (self.validation, max_eval))
        )
        return replace(self, train=train, validation=validation)

    def summary(self) -> str:
        """One line for the terminal and the report."""
        return (
            f"tasks: {len(self.train)} to train on, {len(self.validation)} to validate on; removed: "
            f"{len(self.near_duplicates)} too similar to HumanEval's, {len(self.unusable)} that do not have its shape"
        )


def read_training_data(source: str) -> TrainingData:
    """MBPP's train and validation splits from a .jsonl file, or from the hub where ``source`` is its id there.

    Raises:
        DatasetError: it cannot be read, holds what is no MBPP task, or a problem of HumanEval.
    """
    rows = read_rows(Path(source)).rows if source.endswith(".jsonl") else _from_hub(source)
    refuse_humaneval((row.get("task_id") for _, row in rows), source)
    return split_tasks(task_of(where, row) for where, row in rows)


def split_tasks(tasks: Iterable[Task]) -> TrainingData:
    """Tasks of MBPP as problems, without those too near to HumanEval."""
    train: list[Problem] = []
    validation: list[Problem] = []
    near: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for task in tasks:
        if task.number in SPLITS["train"]:
            split = train
        elif task.number in SPLITS["validation"]:
            split = validation
        else:
            continue
        problem, reason = in_docstring(task)
        if problem is None:
            unusable[task.task_id] = reason
        elif other := near_duplicate(fingerprint(problem), humaneval_fingerprints()):
            near[problem.task_id] = other
        else:
            split.append(problem)
    return TrainingData(tuple(train), tuple(validation), near, unusable)


def shape(row: dict[str, Any]) -> tuple[Problem | None, str]:
    """One row as a problem of HumanEval's shape, or why it cannot be one."""
    return in_docstring(task_of("MBPP", row))


def single_assertions(problem: Problem) -> tuple[Problem, ...]:
    """The problem once for each of its assertions, to count how many hold."""
    head, *asserts = problem.test.split("\n    assert ")
    return tuple(
        Problem(
            problem.task_id,
            problem.prompt,
            problem.entry_point,
            problem.canonical_solution,
            f"{head}\n    assert {assertion}",
        )
        for assertion in asserts
    )


def _from_hub(name: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    try:
        return from_hub(Hub(name, "full", HUB_SPLITS[1:])).rows
    except DatasetError as error:
        raise DatasetError(f"{error}; name a local file: data = 'mbpp.jsonl'") from error

"""Judging samples that are there: which run of pytest that takes."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_humaneval.commands.recorded import dataset_of
from pytest_humaneval.dataset.foreign import is_raw
from pytest_humaneval.dataset.foreign_ids import also_called
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.engine.replay import place_of, read_samples
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.results.read import UNNAMED

RAW = "post_v1"  # what takes code out of a chat model's answers


def evaluate(samples: Path, options: Sequence[str]) -> int:
    """Judge samples under pytest: replaces this process, so that signals and the exit status are pytest's own.

    Raises:
        InputError: the file cannot be read.
    """
    command = [sys.executable, "-m", "pytest", *evaluate_arguments(samples, options)]
    sys.stdout.flush()
    os.execv(command[0], command)


def evaluate_arguments(samples: Path, options: Sequence[str]) -> list[str]:
    """What pytest is called with: the strategies, problems and number of samples that the file has.

    Raises:
        DatasetError: the file cannot be read.
    """
    given = {option.split("=")[0] for option in options}
    known = {problem.task_id for problem in read_dataset().problems}
    keys = read_samples(samples, known).keys()
    if "--humaneval-dataset" in given and any(also_called(task_id) for task_id, _, _ in keys):
        keys = read_samples(samples, _ids_of(options)).keys()
    arguments = [f"--humaneval-replay={samples}"]
    if "--strategy" not in given:
        arguments.append(f"--strategy={','.join(sorted({strategy or UNNAMED for _, strategy, _ in keys}))}")
    if (count := 1 + max(index for _, _, index in keys)) > 1:
        arguments.append(f"--humaneval-num-samples={count}")
    task_ids = list(dict.fromkeys(task_id for task_id, _, _ in keys))
    if "--humaneval-dataset" not in given and (foreign := [task_id for task_id in task_ids if task_id not in known]):
        raise DatasetError(
            f"{place_of(samples, foreign[0])}: {foreign[0]} is not one of HumanEval's problems; name the file "
            "that has it with --humaneval-dataset=FILE"
        )
    if is_raw(samples) and "--humaneval-postprocess" not in given:
        arguments.append(f"--humaneval-postprocess={RAW}")  # as they came, with fences and prose
    if set(task_ids) != known:
        arguments += [f"--humaneval-task={task_id}" for task_id in task_ids]
    return [*arguments, *options]


def _ids_of(options: Sequence[str]) -> set[str]:
    """The ids of the problems that ``--humaneval-dataset`` names; none where they cannot be had, as pytest will say."""
    name = "--humaneval-dataset"
    values = [each.partition("=")[2] for each in options if each.startswith(f"{name}=")]
    values += [value for each, value in itertools.pairwise(options) if each == name]
    try:
        return {problem.task_id for problem in dataset_of(values[0] if values else None).problems}
    except DatasetError:
        return set()

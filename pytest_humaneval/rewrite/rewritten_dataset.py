"""A dataset with its rewritten problems beside the original ones."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import MARK, RANDOM, Answers, Rewrite


@dataclass(frozen=True, slots=True)
class Origin:
    """What a rewritten problem was before, and what is counted as its rewrite: its name, or ``random``."""

    task_id: str
    rewrite: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of the rewrites that were requested.

    ``origins`` has every rewritten problem's, by its task_id; ``unfit`` the originals that a rewrite does not fit, by
    its name; ``requested`` and ``seed`` make the same again.
    """

    requested: str
    seed: int
    origins: Mapping[str, Origin] = field(default_factory=dict)
    unfit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def origin(self, task_id: str) -> str:
        """The original's id, which is its own where it is one."""
        return self.origins[task_id].task_id if task_id in self.origins else task_id

    def without(self, left_out: Collection[str]) -> Rewritten:
        """The same where these problems cannot be judged: a rewrite does not fit what its solution does not pass."""
        unfit = {name: list(ids) for name, ids in self.unfit.items()}
        for task_id in left_out:
            if origin := self.origins.get(task_id):
                unfit.setdefault(origin.rewrite, []).append(origin.task_id)
        return replace(self, unfit={name: tuple(ids) for name, ids in unfit.items()})

    @property
    def made(self) -> Counter[str]:
        """How many problems each rewrite has made."""
        fitting = (each for each in self.origins.values() if each.task_id not in self.unfit.get(each.rewrite, ()))
        return Counter(each.rewrite for each in fitting)

    def to_json(self) -> dict[str, Any]:
        """For run.json."""
        return {
            "asked": self.requested,
            "seed": self.seed,
            "unfit": {name: list(ids) for name, ids in self.unfit.items()},
        }


def with_rewrites(
    dataset: Dataset,
    selected: Sequence[Problem],
    rewrites: Sequence[Rewrite],
    requested: str,
    seed: int,
    answers: Answers,
) -> tuple[Dataset, tuple[Problem, ...], Rewritten]:
    """The dataset with a part for each rewrite, the problems with their rewritten ones behind each, and the rest.

    Raises:
        DatasetError: a rewrite failed by itself, made something else the second time, or none fits any problem.
        SandboxError: examples that have to be made cannot be.
    """
    originals = dataset.parts or (dataset,)
    origins: dict[str, Origin] = {}
    unfit: dict[str, list[str]] = {}
    by_part: dict[tuple[str, str], list[Problem]] = {}
    part_of = {problem.task_id: part for part in originals for problem in part.problems}
    side_by_side: list[Problem] = []
    for problem in selected:
        side_by_side.append(problem)
        for name, changed in _rewritten(problem, rewrites, requested, seed, answers):
            by_part.setdefault((part_of[problem.task_id].name, name), [])
            if changed is None:
                unfit.setdefault(name, []).append(problem.task_id)
                continue
            origins[changed.task_id] = Origin(problem.task_id, name)
            by_part[part_of[problem.task_id].name, name].append(changed)
            side_by_side.append(changed)
    _refuse_other_chance(selected, rewrites, origins, side_by_side, seed, answers)
    if not origins:
        raise DatasetError(f"--humaneval-rewrite: {requested}: fits none of the {len(selected)} problems of this run")
    names = (RANDOM,) if requested == RANDOM else tuple(rewrite.name for rewrite in rewrites)
    parts = [*originals]
    for part in originals:
        parts += [_part(part, name, problems, seed) for name in names if (problems := by_part.get((part.name, name)))]
    digest = _digest(dataset.sha256, requested, seed)
    whole = tuple(problem for part in parts for problem in part.problems)
    rewritten = Rewritten(requested, seed, origins, {name: tuple(ids) for name, ids in unfit.items()})
    return (
        Dataset(",".join(part.name for part in parts), digest, whole, parts=tuple(parts)),
        tuple(side_by_side),
        rewritten,
    )


def _refuse_other_chance(
    selected: Sequence[Problem],
    rewrites: Sequence[Rewrite],
    origins: Mapping[str, Origin],
    made: Sequence[Problem],
    seed: int,
    answers: Answers,
) -> None:
    """Make one problem of each rewrite again: every process of a run does, and has to evaluate what was tried.

    Raises:
        DatasetError: it comes out otherwise.
    """
    originals = {problem.task_id: problem for problem in selected}
    first: dict[str, Problem] = {}
    for problem in made:
        if problem.task_id in origins:
            name = problem.task_id.removeprefix(
                f"{origins[problem.task_id].task_id}{MARK}"
            )  # that of one at random, too
            first.setdefault(name, problem)
    for rewrite in rewrites:
        if rewrite.name not in first:
            continue
        once = first[rewrite.name]
        original = originals[origins[once.task_id].task_id]
        if rewrite.apply(original, seed, answers) != once:
            raise DatasetError(
                f"the rewrite {rewrite.name!r} made of {original.task_id} something else the second time; its only "
                "chance is the generator that it is given"
            )


def _rewritten(
    problem: Problem, rewrites: Sequence[Rewrite], names: str, seed: int, answers: Answers
) -> Iterator[tuple[str, Problem | None]]:
    """The name of each rewrite, and what it makes of the problem."""
    if names != RANDOM:
        yield from ((rewrite.name, rewrite.apply(problem, seed, answers)) for rewrite in rewrites)
        return
    order = list(rewrites)
    random.Random(f"{seed} {problem.task_id}").shuffle(order)
    attempts = (rewrite.apply(problem, seed, answers) for rewrite in order)
    yield RANDOM, next((changed for changed in attempts if changed is not None), None)


def _part(part: Dataset, name: str, problems: Sequence[Problem], seed: int) -> Dataset:
    digest = _digest(part.sha256, name, seed)
    return Dataset(f"{part.name}{MARK}{name}", digest, tuple(problems), f"{part.source}, rewritten")


def _digest(original: str, requested: str, seed: int) -> str:
    """Of what it is made from, so that some of it and all of it have the same."""
    return hashlib.sha256(json.dumps([original, requested, seed]).encode()).hexdigest()

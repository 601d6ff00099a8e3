"""A part of a run: which of its samples are whose, so that several runs together evaluate all of them once."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_humaneval.problem import Problem

Shares = Mapping[str, Sequence[int]]
"""By task_id, of each sample index the number of the part that it belongs to."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of so many, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def shares(problems: Sequence[Problem], num_samples: int, of: int) -> dict[str, list[int]]:
    """Deal the samples to ``of`` parts so that each has about as much to do.

    Sample 0 of every problem is dealt first, the dearest problem first, each to the part that has the least; then
    sample 1, and so on. What a sample belongs to therefore depends neither on the strategies (equal requests of two
    are in one part, where they are generated once) nor on how many samples are drawn beyond it.
    """
    dearest = sorted(problems, key=lambda problem: (-expected_cost(problem), problem.task_id))
    loads = [(0, number) for number in range(1, of + 1)]  # a heap
    dealt: dict[str, list[int]] = {problem.task_id: [] for problem in problems}
    for _ in range(num_samples):
        for problem in dearest:
            load, number = loads[0]
            heapq.heapreplace(loads, (load + expected_cost(problem), number))
            dealt[problem.task_id].append(number)
    return dealt


def expected_cost(problem: Problem) -> int:
    """About a tenth of the characters to read, the code to write, and the test to run, in a tenth of a token.

    As the tokens of answers go, fitted to six published runs of the default model: problems with long prompts and
    solutions are answered at length, but explain no more than a third of it.
    """
    return 300 + len(problem.prompt) + 2 * len(problem.canonical_solution) + len(problem.test) // 4

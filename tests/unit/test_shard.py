"""Which sample belongs to which part of a run."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.shard import expected_cost, shares

PROBLEMS = read_dataset().problems


@pytest.mark.parametrize(("num_samples", "of"), [(1, 8), (200, 8), (3, 7)])
def test_parts_have_about_as_much_to_do(num_samples: int, of: int) -> None:
    costs = Counter[int]()
    for problem in PROBLEMS:
        for number in shares(PROBLEMS, num_samples, of)[problem.task_id]:
            costs[number] += expected_cost(problem)
    assert sorted(costs) == list(range(1, of + 1))
    assert max(costs.values()) - min(costs.values()) <= max(map(expected_cost, PROBLEMS))


def test_more_samples_change_nothing_for_those_before() -> None:
    few, many = shares(PROBLEMS, 3, 8), shares(PROBLEMS, 50, 8)
    assert {task_id: dealt[:3] for task_id, dealt in many.items()} == few


def test_the_order_of_the_problems_changes_nothing() -> None:
    assert shares(PROBLEMS[::-1], 5, 8) == shares(PROBLEMS, 5, 8)


def test_there_may_be_more_parts_than_samples() -> None:
    dealt = shares(PROBLEMS[:3], 1, 8)
    assert sorted(number for numbers in dealt.values() for number in numbers) == [1, 2, 3]

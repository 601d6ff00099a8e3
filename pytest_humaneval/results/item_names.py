"""Which sample an item evaluates, by its name."""

from __future__ import annotations

from pytest_humaneval.plan import Plan
from pytest_humaneval.sample import ItemId


class ItemNames:
    """The names of a plan's items, as :meth:`Plan.ids` gives them; of a million there is no list."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._problems = {plan.problem_id(problem): problem for problem in plan.problems}
        self._samples = {name: (strategy, index) for name, strategy, index in plan.samples()}

    def item(self, name: str) -> ItemId | None:
        """What the bracketed part of a name stands for; None where the plan has no such item."""
        end = name.find("-")
        while end >= 0:
            problem, sample = self._problems.get(name[:end]), self._samples.get(name[end + 1 :])
            if problem is not None and sample is not None and self._plan.has(problem, *sample):
                strategy, index = sample
                return ItemId(problem.task_id, strategy.name, index)
            end = name.find("-", end + 1)
        return None

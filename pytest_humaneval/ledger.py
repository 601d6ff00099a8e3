"""Every outcome of a run, on the controller, and what they add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pytest

from pytest_humaneval.metrics import mean_pass_at_k, wilson_interval
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import ItemId, Plan


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's figures. Errors are outside every denominator; ``pass_at_k`` is None where it is undefined.

    ``seconds`` is the time until the strategy's last generation was finished, counted from its submission.
    """

    strategy: str
    pass_at_k: dict[int, float | None]
    interval: tuple[float, float] | None  # 95 % Wilson, of pass@1; only for one sample a problem
    kinds: dict[str, int]
    judged: int
    passed: int
    timed_out: int
    errors: int
    tokens: int
    seconds: float
    truncated: int
    steps: dict[str, int]
    guided: bool = False  # saw what its code does on the docstring's examples
    draws: int = 0  # generations that were made for it

    @property
    def failed(self) -> int:
        """Wrong, and not for want of time."""
        return self.judged - self.passed - self.timed_out

    @property
    def unusable(self) -> int:
        """Completions that are empty or do not parse."""
        return self.kinds.get("empty", 0) + self.kinds.get("syntax error", 0)


@dataclass
class Ledger:
    """Outcomes by node id; the last one of an item counts, so that reruns do."""

    plan: Plan
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)  # node ids of the items that were to run

    def expect(self, nodeids: Iterable[str]) -> None:
        """Note the items that a process is going to run."""
        self.expected.update(nodeids)

    def expect_ours(self, nodeids: Iterable[str]) -> None:
        """The same for the node ids of a whole session, among which may be tests that evaluate nothing."""
        self.expect(nodeid for nodeid in nodeids if self._item_of(nodeid) is not None)

    def items_of(self, nodeids: Iterable[str]) -> list[ItemId]:
        """Which samples the items of these node ids evaluate; those of other tests are left out."""
        return [item for nodeid in nodeids if (item := self._item_of(nodeid)) is not None]

    def add(self, report: pytest.TestReport) -> Outcome | None:
        """Take in what a report carries, or an item that took its worker down."""
        wire = getattr(report, "humaneval", None)
        if wire is not None:
            outcome = Outcome.from_wire(wire)
        elif (
            str(report.when) == "???" and (item := self._item_of(report.nodeid)) is not None
        ):  # xdist: "worker crashed"
            outcome = Outcome(item.task_id, item.strategy, item.sample_index, detail="the worker process died")
        else:
            return None
        self.outcomes[report.nodeid] = outcome
        return outcome

    def rows(self) -> list[Row]:
        """A row for each strategy, in the order of their names."""
        by_strategy = defaultdict(list)
        for outcome in self.outcomes.values():
            by_strategy[outcome.strategy].append(outcome)
        guided = {strategy.name for strategy in self.plan.strategies if strategy.guided}
        rows = [_row(name, by_strategy[name], self.plan.ks) for name in sorted(by_strategy)]
        return [replace(row, guided=row.strategy in guided) for row in rows]

    @property
    def errors(self) -> list[Outcome]:
        """Items without a verdict."""
        return [outcome for outcome in self.outcomes.values() if outcome.error]

    @property
    def not_run(self) -> int:
        """Items that were collected and never came to an end."""
        return len(self.expected - self.outcomes.keys())

    def sorted(self) -> list[Outcome]:
        """All outcomes: problems in the dataset's order, then strategies, then samples."""
        place = {problem.task_id: index for index, problem in enumerate(self.plan.problems)}
        return sorted(self.outcomes.values(), key=lambda one: (place[one.task_id], one.strategy, one.sample_index))

    def _item_of(self, nodeid: str) -> ItemId | None:
        _, bracket, rest = nodeid.partition("[")
        return self._items.get(rest.removesuffix("]")) if bracket else None

    @cached_property
    def _items(self) -> dict[str, ItemId]:
        return dict(self.plan.ids())


def _row(strategy: str, outcomes: list[Outcome], ks: tuple[int, ...]) -> Row:
    kinds = Counter(outcome.kind for outcome in outcomes)
    judged = [outcome for outcome in outcomes if not outcome.error]
    correct: Counter[str] = Counter(outcome.task_id for outcome in judged if outcome.passed)
    drawn = Counter(outcome.task_id for outcome in judged)
    counts = [(drawn[task_id], correct[task_id]) for task_id in drawn]
    one_each = all(number == 1 for number in drawn.values())
    return Row(
        strategy=strategy,
        pass_at_k={k: mean_pass_at_k(counts, k) for k in ks},
        interval=wilson_interval(kinds["passed"], len(judged)) if judged and one_each else None,
        kinds=dict(kinds),
        judged=len(judged),
        passed=kinds["passed"],
        timed_out=kinds["timed out"],
        errors=len(outcomes) - len(judged),
        tokens=sum(outcome.completion_tokens for outcome in outcomes),
        seconds=max((outcome.generation_seconds for outcome in outcomes), default=0.0),
        truncated=sum(outcome.finish_reason == "length" for outcome in outcomes),
        draws=sum(outcome.num_draws for outcome in outcomes),
        steps=dict(Counter(step for outcome in outcomes for step in outcome.steps)),
    )

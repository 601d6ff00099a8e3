"""--humaneval-stop=decided in a run: the order of its items, and what happens when a strategy needs no further one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

import pytest

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import EngineError, InputError, StrategyError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin.fixtures import PLAN, item_id
from pytest_humaneval.report.baseline import matched
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.stopping import Stopping, Stops, problem_order
from pytest_humaneval.sample import ItemId
from pytest_humaneval.statistics.comparison import passes_of, reference_of

FLAG = "--humaneval-stop"


def put_in_order(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the items by problem in the order in which problems count; all strategies of a problem stay together."""
    plan = config.stash.get(PLAN, None)
    if plan is None or not plan.stop:
        return
    places = {task: place for place, task in enumerate(_order(plan))}
    items.sort(key=lambda item: places[identity.task_id] if (identity := item_id(item)) is not None else -1)


def check_stop(plan: Plan, baseline: Results | None) -> None:
    """See that there is something to compare with.

    Raises:
        InputError: there is nothing, or there are several datasets.
    """
    if not plan.stop:
        return
    if plan.datasets:
        raise InputError(f"{FLAG}: problems of several datasets have no common order;  give one dataset")
    names = [strategy.name for strategy in plan.strategies]
    if baseline is None and len(names) < 2:
        raise InputError(
            f"{FLAG}: {names[0]} has nothing to be compared with; give a second strategy, or --humaneval-baseline=PATH"
        )
    if baseline is not None and not (set(passes_of(baseline.outcomes)) & set(_pairs(names, baseline).values())):
        raise InputError(
            f"{FLAG}: the baseline has no results of {', '.join(names)} to compare with; it has "
            f"{', '.join(baseline.strategies)}"
        )


class EarlyStop:
    """Follows the outcomes of one run, on the process that has its ledger, and ends what is decided."""

    def __init__(self, plan: Plan, ledger: Ledger, baseline: Results | None) -> None:
        names = [strategy.name for strategy in plan.strategies]
        self._plan, self._ledger = plan, ledger
        if baseline is None:
            self._against = reference_of(names)
            self._stopping = Stopping(_order(plan), plan.sampling.seed, names, self._against)
        else:
            earlier = passes_of(baseline.outcomes)
            before = {name: earlier[other] for name, other in _pairs(names, baseline).items() if other in earlier}
            self._against = f"the baseline {baseline.source}"
            self._stopping = Stopping(_order(plan), plan.sampling.seed, names, before=before)

    def expect(self, items: Iterable[ItemId]) -> None:
        """Learn which items are going to run."""
        self._stopping.expect(items)

    def follow(self, report: pytest.TestReport, outcome: Outcome | None, client: EngineClient) -> None:
        """Take in a report; have the engine drop what nobody needs any more.

        An engine that is gone has been told of by the items themselves.
        """
        if outcome is not None:
            stopped = self._stopping.settle(outcome.item, None if outcome.error else outcome.passed)
        elif report.skipped and (items := self._ledger.items_of([report.nodeid])):
            stopped = self._stopping.settle(items[0], None)
        else:
            return
        if stopped:
            with contextlib.suppress(EngineError):
                client.stop({name: self._why(name) for name in stopped}, self._wanted())

    def stops(self) -> Stops:
        """What is known at the end of the run."""
        return self._stopping.stops(self._ledger.left_out_strategies, self._against)

    def _why(self, strategy: str) -> str:
        decision = self._stopping.stopped[strategy]
        if strategy == self._stopping.reference:
            return decision
        what = "futile to go on" if decision == "futile" else decision
        return f"{what}, against {self._against}"

    def _wanted(self) -> list[str]:
        """The keys of what the other strategies ask, which may be what a stopped one asks."""
        live = [
            strategy
            for strategy in self._plan.strategies
            if strategy.name not in self._stopping.stopped and not strategy.guided
        ]
        keys = []
        for problem in self._plan.problems:
            for strategy in live:
                for index in range(self._plan.num_samples_of(strategy)):
                    with contextlib.suppress(StrategyError):
                        keys.append(self._plan.request(problem, strategy, index)[0])
        return keys


def _order(plan: Plan) -> list[str]:
    return problem_order((problem.task_id for problem in plan.problems), plan.sampling.seed)


def _pairs(names: Sequence[str], baseline: Results) -> dict[str, str]:
    return matched(names, baseline.strategies)

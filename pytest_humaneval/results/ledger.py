"""Every outcome of a run, on the controller, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.outcome import Outcome, in_order
from pytest_humaneval.plan import Plan
from pytest_humaneval.results.headline import Headline, counterexample, headline
from pytest_humaneval.results.item_names import ItemNames
from pytest_humaneval.results.rows import Row, rows_of
from pytest_humaneval.results.stopping import Stops
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.printable import counted

BUNDLED = "test_humaneval.py::"  # how the node ids of the bundled test begin


class Report(Protocol):
    """What is read of pytest's report of an item; its ``humaneval`` is the outcome, where there is one."""

    @property
    def nodeid(self) -> str: ...

    @property
    def when(self) -> str | None: ...

    @property
    def outcome(self) -> str: ...


@dataclass
class Ledger:
    """Outcomes by node id: one for each sample, however many tests judge it.

    Where several do (two files, copies of pytest-repeat), the bundled test's counts, else that of the node id that
    comes first in the alphabet: the same whatever ran first. The others are ``further``. A verdict is final: what a
    rerun says later changes nothing, but after an error, which is none.
    """

    plan: Plan
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    further: dict[str, Outcome] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)  # node ids of the items that were to run
    from_store: int = 0  # verdicts that were kept from a former check
    decided: set[str] = field(default_factory=set)  # of these, left out as their strategy needs no further problem
    stops: Stops | None = None  # at the end of a run that stops early
    _counted: dict[ItemId, str] = field(default_factory=dict)

    def expect(self, nodeids: Iterable[str]) -> None:
        """Note the items that a process is going to run."""
        self.expected.update(nodeids)

    def expect_ours(self, nodeids: Iterable[str]) -> list[ItemId]:
        """The same for the node ids of a whole session, among which may be tests that evaluate nothing.

        The samples that the items evaluate.
        """
        items = {nodeid: item for nodeid in nodeids if (item := self._item_of(nodeid)) is not None}
        self.expect(items)
        return [*items.values()]

    def items_of(self, nodeids: Iterable[str]) -> list[ItemId]:
        """Which samples the items of these node ids evaluate; those of other tests are left out."""
        return [item for nodeid in nodeids if (item := self._item_of(nodeid)) is not None]

    def add(self, report: Report) -> Outcome | None:
        """Take in what a report carries, or an item that took its worker down."""
        wire = getattr(report, "humaneval", None)
        if wire is not None:
            outcome = Outcome.from_wire(wire)
        elif (
            str(report.when) == "???" and (item := self._item_of(report.nodeid)) is not None
        ):  # xdist: "worker crashed"
            outcome = self.plan.outcome(item, detail="the worker process died")
        else:
            if getattr(report, "humaneval_stopped", False):
                self.decided.add(report.nodeid)
            self._leave_out(report)
            return None
        return self._enter(report.nodeid, outcome)

    def counts(self, nodeid: str) -> bool:
        """Whether a test's outcome is the one that counts for its sample, as far as the others are known."""
        return nodeid in self.outcomes

    def outcome_of(self, nodeid: str) -> Outcome:
        """What became of a test that has come to an end, whether it counts or not."""
        return self.outcomes[nodeid] if nodeid in self.outcomes else self.further[nodeid]

    def rows(self) -> list[Row]:
        """A row for each strategy, in the order of their names."""
        return rows_of(self._marked(), self.plan.ks)

    @property
    def errors(self) -> list[Outcome]:
        """Items without a verdict, of whichever test."""
        return [outcome for some in (self.outcomes, self.further) for outcome in some.values() if outcome.error]

    def errors_told(self) -> list[str]:
        """Whose errors there are, without a full stop."""
        return errors_told(self.errors)

    def not_run_told(self) -> str:
        """How much did not run, without a full stop; empty where all did."""
        of = counted(len(self.expected), "item", "items")
        return f"{self.not_run} of {of} did not run; the figures are partial" if self.not_run else ""

    def in_numbers(self) -> dict[str, int]:
        """Items in numbers, for run.json."""
        finished = len(self.outcomes) + len(self.further)
        return {
            "planned": self._num_items,
            "expected": len(self.expected),
            "finished": finished,
            "errors": len(self.errors),
            "verdicts_from_store": self.from_store,
            **({"decided": len(self.decided)} if self.plan.stop else {}),
        }

    @property
    def not_run(self) -> int:
        """Items that were collected and never came to an end."""
        return len(self.expected - self.outcomes.keys() - self.further.keys() - self.decided)

    @property
    def selected(self) -> str:
        """What was chosen of the dataset, by whatever means, such as "12 of 164 problems"; empty for all of it."""
        chosen = {*self._counted, *self.items_of(self.expected - self.outcomes.keys())}
        items = self._num_items
        if self.plan.shard is not None:
            return f"{len(chosen)} of the part's {items} items" if len(chosen) < items else ""
        rewritten = self.plan.rewritten
        origins = rewritten.origins if rewritten is not None else {}
        problems = len({rewritten.origin(item.task_id) if rewritten is not None else item.task_id for item in chosen})
        there = max(self.plan.problems_in_dataset, len(self.plan.problems)) - len(origins)
        if problems < there:
            return f"{problems} of {there} problems"
        return f"{len(chosen)} of {items} items" if len(chosen) < items else ""

    @property
    def missing(self) -> int:
        """Items of the plan without an outcome, whether they were collected or not."""
        decided = set(self.items_of(self.decided))
        return sum(item not in self._counted and item not in decided for _, item in self.plan.ids())

    @property
    def left_out_strategies(self) -> set[str]:
        """The strategies some of whose items were left out as decided."""
        return {item.strategy for item in self.items_of(self.decided)}

    def sorted(self) -> list[Outcome]:
        """All outcomes, in order."""
        return self.in_order(self._marked())

    def in_order(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Problems in the dataset's order, then strategies, then samples."""
        return in_order(outcomes, self._entry_points)

    def headline(self, outcome: Outcome) -> Headline:
        """Why it failed, in a line that names the function."""
        return headline(outcome.kind, outcome.detail, self._entry_points[outcome.task_id])

    def counterexample(self, outcome: Outcome) -> str:
        """Why the stronger test rejects what has passed the plain one."""
        return counterexample(outcome.strong_kind, outcome.strong_detail, self._entry_points[outcome.task_id])

    def _marked(self) -> Iterable[Outcome]:
        """The outcomes, those of strategies that ended early marked so."""
        if self.stops is None:
            return self.outcomes.values()
        marks = self.stops.marks()
        return [replace(outcome, stopped=marks.get(outcome.strategy, "")) for outcome in self.outcomes.values()]

    def _enter(self, nodeid: str, outcome: Outcome) -> Outcome:
        counted = self._counted.setdefault(outcome.item, nodeid)
        if _rank(nodeid) < _rank(counted):
            self.further[counted] = self.outcomes.pop(counted)
            self._counted[outcome.item] = counted = nodeid
        entered = self.outcomes if nodeid == counted else self.further
        if nodeid not in entered or entered[nodeid].error:
            entered[nodeid] = outcome
        return entered[nodeid]

    def _leave_out(self, report: Report) -> None:
        """A test that has the sample in its name and came to an end without an outcome evaluates nothing."""
        if (report.when == "call" and report.outcome != "skipped") or (report.when, report.outcome) == (
            "setup",
            "failed",
        ):
            self.expected.discard(report.nodeid)

    def _item_of(self, nodeid: str) -> ItemId | None:
        _, bracket, rest = nodeid.partition("[")
        return self._names.item(rest.removesuffix("]")) if bracket else None

    @cached_property
    def _entry_points(self) -> dict[str, str]:
        return {problem.task_id: problem.entry_point for problem in self.plan.problems}

    @cached_property
    def _names(self) -> ItemNames:
        return ItemNames(self.plan)

    @cached_property
    def _num_items(self) -> int:
        return sum(1 for _ in self.plan.ids())


def errors_told(errors: Sequence[Outcome]) -> list[str]:
    """Whose errors these are, without a full stop: those of a strategy's code are nobody else's."""
    by_strategy = sum(outcome.detail.startswith(StrategyError.__name__) for outcome in errors)
    whose = (("the strategy's own code", by_strategy), ("engine or sandbox", len(errors) - by_strategy))
    return [
        f"{counted(count, 'item is an error', 'items are errors')} of {of} and outside every denominator"
        for of, count in whose
        if count
    ]


def _rank(nodeid: str) -> tuple[bool, str]:
    return not nodeid.startswith(BUNDLED), nodeid

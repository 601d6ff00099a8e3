"""--humaneval-stop=decided: which strategies need no further problem, because better, worse or hopeless is shown.

Problems count in a random order that is drawn before the run, each when all samples of both sides have a verdict or
will have none, and never before those that stand in front of it: answers that come early are the short ones, and short
ones are right more often.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain
from pytest_humaneval.sample import ItemId
from pytest_humaneval.statistics.betting import Bets, anytime_interval, anytime_limits
from pytest_humaneval.statistics.comparison import Passes, share_passed
from pytest_humaneval.statistics.futility import chance_to_decide
from pytest_humaneval.statistics.paired import ALPHA, holm

DECIDED = "decided"
RELEASED = "no longer needed"  # of the strategy that the others are compared with
FUTILE_BELOW = 0.05  # the chance that the problems that are left would still decide
FEWEST, EVERY = 20, 5  # problems before the first look at that, and between two

Decision = Literal["better", "worse", "futile", "undecided"]


@dataclass(frozen=True, slots=True)
class Stop:
    """What is known of one strategy against another, whenever it was stopped.

    ``problems`` are those that count, of ``available``; ``better`` and ``worse`` of them. ``interval`` is the 95 %
    confidence sequence of the difference of pass@1, ``limits`` are one-sided ones. ``p_holm`` is the p-value corrected
    for all strategies of the run. ``stopped`` says whether problems were left out.
    """

    strategy: str
    against: str
    decision: Decision
    stopped: bool
    problems: int
    available: int
    better: int
    worse: int
    difference: float
    interval: tuple[float, float]
    limits: tuple[float, float]
    p: float
    p_holm: float
    e: float


@dataclass(frozen=True, slots=True)
class Stops:
    """The strategies of a run that stops early: against what, in the order of which seed.

    ``released`` is the reference, where nothing was left to compare it with.
    """

    against: str
    seed: int
    strategies: tuple[Stop, ...]
    released: str = ""

    def of(self, strategy: str) -> Stop | None:
        """What is known of this strategy."""
        return next((stop for stop in self.strategies if stop.strategy == strategy), None)

    def marks(self) -> dict[str, str]:
        """What was decided of each strategy that ended early."""
        marks = {stop.strategy: str(stop.decision) for stop in self.strategies if stop.stopped}
        return marks | ({self.released: RELEASED} if self.released else {})


def recorded_stops(recorded: object) -> Stops | None:
    """What run.json has of it; None where it has none, or another version's."""
    if not isinstance(recorded, dict) or {*recorded} != {key.name for key in fields(Stops)}:
        return None
    try:
        return from_plain(Stops, recorded, "run.json")
    except InputError:
        return None


def problem_order(task_ids: Iterable[str], seed: int) -> list[str]:
    """The order in which problems count; the same in every process."""
    shuffled = sorted(set(task_ids))
    random.Random(seed).shuffle(shuffled)
    return shuffled


@dataclass(eq=False)
class _Side:
    """The verdicts of one strategy, and how many of each problem are still to come."""

    waiting: Counter[str] = field(default_factory=Counter)
    passes: dict[str, dict[int, bool]] = field(default_factory=dict)

    @property
    def tasks(self) -> set[str]:
        """Problems with a verdict, or with one to come."""
        return {*self.waiting, *self.passes}

    def ready(self, task_id: str) -> bool:
        return self.waiting[task_id] <= 0


@dataclass
class _Contest:
    """One strategy against another."""

    strategy: str
    mine: _Side
    other: _Side
    bets: Bets = field(default_factory=Bets)
    place: int = 0  # in the order of the problems
    decision: Decision = "undecided"
    better: int = 0
    worse: int = 0

    def take(self, order: Sequence[str]) -> bool:
        """Take in the next problem that counts, if it is there."""
        while self.place < len(order) and all(side.ready(order[self.place]) for side in (self.mine, self.other)):
            task_id = order[self.place]
            self.place += 1
            mine, other = (side.passes.get(task_id) for side in (self.mine, self.other))
            if mine and other:
                difference = share_passed(mine) - share_passed(other)
                self.better += difference > 0
                self.worse += difference < 0
                self.bets.add(float(difference))
                return True
        return False

    @property
    def available(self) -> int:
        """Problems that both sides have or will have."""
        return len(self.mine.tasks & self.other.tasks)

    def hopeless(self, strategies: int) -> bool:
        """Whether the problems that are left are hardly going to decide, at the level that Holm leaves."""
        seen = len(self.bets.differences)
        if seen < FEWEST or seen % EVERY:
            return False
        up, down = (sum(max(sign * difference, 0.0) for difference in self.bets.differences) for sign in (1, -1))
        left = max(self.available - seen, 0)
        return chance_to_decide(up, down, seen, left, 2 * strategies / ALPHA) < FUTILE_BELOW


class Stopping:
    """Follows a run's verdicts.

    ``before`` has those of an earlier run, by this run's strategies; else one of the run itself is the ``reference``.
    """

    def __init__(
        self,
        task_ids: Iterable[str],
        seed: int,
        strategies: Sequence[str],
        reference: str = "",
        before: Mapping[str, Passes] | None = None,
    ) -> None:
        self.order = problem_order(task_ids, seed)
        self.reference, self.seed = reference, seed
        self.stopped: dict[str, str] = {}  # what was decided of each strategy that needs no further problem
        self._sides = {name: _Side() for name in strategies}
        earlier = (before or {}).items()
        others = {
            name: _Side(passes={task: dict(samples) for task, samples in results.items()}) for name, results in earlier
        }
        others = others or {name: self._sides[reference] for name in strategies if name != reference}
        self._contests = [_Contest(name, self._sides[name], other) for name, other in others.items()]
        self._expected: set[ItemId] = set()

    def expect(self, items: Iterable[ItemId]) -> None:
        """Learn which items are going to run; what is left out of a run does not count."""
        for item in set(items) - self._expected:
            self._expected.add(item)
            self._sides[item.strategy].waiting[item.task_id] += 1

    def settle(self, item: ItemId, passed: bool | None) -> list[str]:
        """Take in a verdict, or that there is none; returns the strategies that need no further problem from now on."""
        if item not in self._expected:
            return []
        self._expected.discard(item)
        side = self._sides[item.strategy]
        side.waiting[item.task_id] -= 1
        if passed is not None:
            side.passes.setdefault(item.task_id, {})[item.sample_index] = passed
        before = set(self.stopped)
        for contest in self._contests:
            if side is contest.mine or side is contest.other:
                self._follow(contest)
        if self.reference and all(contest.decision != "undecided" for contest in self._contests):
            self.stopped.setdefault(self.reference, "nothing is left to compare it with")
        return [name for name in self.stopped if name not in before]

    def stops(self, left_out: Iterable[str], against: str) -> Stops:
        """What is known at the end; ``left_out`` are the strategies some of whose items were left out."""
        missing = set(left_out)
        stops = tuple(
            _stop_of(contest, against, p, contest.strategy in missing)
            for contest, p in zip(self._contests, self._corrected(), strict=True)
        )
        return Stops(against, self.seed, stops, self.reference if self.reference in missing else "")

    def _follow(self, contest: _Contest) -> None:
        while contest.decision == "undecided" and contest.take(self.order):
            self._decide()
            live = sum(contest.decision in ("undecided", "futile") for contest in self._contests)
            if contest.decision == "undecided" and contest.hopeless(live):
                self._end(contest, "futile")

    def _decide(self) -> None:
        """End what is shown at the moment. p-values only fall, and so do Holm's: what is shown stays shown."""
        for contest, p in zip(self._contests, self._corrected(), strict=True):
            if contest.decision == "undecided" and p <= ALPHA:
                self._end(contest, "better" if contest.bets.better else "worse")

    def _corrected(self) -> list[float]:
        return holm([contest.bets.p for contest in self._contests])

    def _end(self, contest: _Contest, decision: Decision) -> None:
        contest.decision = decision
        self.stopped[contest.strategy] = decision


def _stop_of(contest: _Contest, against: str, p_holm: float, stopped: bool) -> Stop:
    differences = contest.bets.differences
    return Stop(
        contest.strategy,
        against,
        contest.decision,
        stopped,
        len(differences),
        contest.available,
        contest.better,
        contest.worse,
        sum(differences) / len(differences) if differences else 0.0,
        anytime_interval(differences),
        anytime_limits(differences, ALPHA),
        contest.bets.p,
        p_holm,
        contest.bets.e,
    )

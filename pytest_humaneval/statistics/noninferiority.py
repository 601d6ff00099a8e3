"""Whether one way of answering is at most so much worse than another, on the problems that both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean, stdev

from pytest_humaneval.statistics.comparison import Passes, share_passed
from pytest_humaneval.statistics.margin import margin_limits, margin_p, mean_limits
from pytest_humaneval.statistics.margin_sizing import problems_for_margin, problems_for_mean_margin
from pytest_humaneval.statistics.paired import ALPHA


@dataclass(frozen=True, slots=True)
class MarginTest:
    """``strategy`` minus the same before, against a drop by ``margin``; each limit is one-sided, 95 %.

    ``within`` is True where the drop is shown to be smaller than the margin, False where it is shown to be larger, and
    None where neither is. The first is tested at alpha, as all strategies have to show it; the second at alpha over
    ``tests``, the number of tests made together, as one that shows it is enough. ``needed`` is about how many problems
    would show the first with a chance of 80 %, if nothing has changed in truth and the problems differ as here.
    """

    strategy: str
    margin: float
    problems: int
    difference: float
    limits: tuple[float, float]
    within: bool | None
    needed: int
    tests: int = 1


def margin_test(strategy: str, now: Passes, before: Passes, margin: float, tests: int = 1) -> MarginTest | None:
    """Test it on the problems that both have, as one of so many ``tests``; None where there is none."""
    shared = [task_id for task_id, samples in now.items() if samples and before.get(task_id)]
    if not shared:
        return None
    differences = [share_passed(now[task_id]) - share_passed(before[task_id]) for task_id in shared]
    one_each = all(len(side[task_id]) == 1 for side in (now, before) for task_id in shared)
    limits, within, needed = (_one_each if one_each else _several)(differences, margin, ALPHA / tests)
    return MarginTest(strategy, margin, len(shared), float(fmean(differences)), limits, within, needed, tests)


Answer = tuple[tuple[float, float], bool | None, int]


def _one_each(differences: Sequence[Fraction], margin: float, strict: float) -> Answer:
    problems, better, worse = len(differences), differences.count(Fraction(1)), differences.count(Fraction(-1))
    within: bool | None = None
    if margin < 1 and margin_p(better, worse, problems, -margin) < ALPHA:
        within = True
    elif margin < 1 and margin_p(worse, better, problems, margin) < strict:
        within = False
    discordance = max(better + worse, 1) / problems
    return margin_limits(better, worse, problems), within, problems_for_margin(margin, discordance)


def _several(differences: Sequence[Fraction], margin: float, strict: float) -> Answer:
    values = [float(difference) for difference in differences]
    low, high = mean_limits(values)
    within = True if low > -margin else False if mean_limits(values, strict)[1] < -margin else None
    deviation = max(stdev(values), 1 / len(values)) if len(values) > 1 else 1.0
    return (low, high), within, problems_for_mean_margin(margin, deviation)

"""How many problems a question takes, before anything is generated.

``discordance`` is the share of problems on which two runs differ, with one sample a problem. With ``samples`` of each
problem the scatter is smaller, but by how much depends on why they differ: if by the chance of sampling alone, it is
that of one sample over their number (the problems' own differences are 0); if not at all, it stays. Both ends are given
(Miller 2024, arXiv:2411.00640: the variance between problems plus that within them over their samples).
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from pytest_humaneval.statistics.margin_sizing import MOST_PROBLEMS, problems_for_margin, rules_out
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import ALPHA, POWER, mcnemar_power, paired_interval

Range = tuple[int, int]
"""The fewest and the most problems that it may take."""

MOST_EXACT = 1_000  # problems; beyond, Connor's approximation is within a percent and the exact power takes seconds


def problems_for_difference(difference: float, discordance: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """The fewest problems with which McNemar's test finds ``difference`` with a chance of ``power``, one sample each.

    By the exact power (Duffy 1984, Biometrics 40:1005), for large numbers by Connor's approximation (1987, Biometrics
    43:207).
    """
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha / 2) * sqrt(discordance)
    reach += normal.inv_cdf(power) * sqrt(max(discordance - difference**2, 0.0))
    about = ceil((reach / difference) ** 2)
    if about > MOST_EXACT:
        return about
    low, high = 0, 2 * about + 30  # not enough; enough
    while high - low > 1:
        middle = (low + high) // 2
        enough = mcnemar_power(middle, discordance, difference, alpha) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def with_samples(problems: int, samples: int) -> Range:
    """How many problems it takes with several samples of each, where one sample takes so many."""
    return ceil(problems / samples), problems


def problems_for_width(width: float, discordance: float) -> int:
    """The fewest problems whose paired difference has an interval of at most this width; one sample each.

    If the difference is about 0, and whatever pass@1 is: Newcombe's interval, where it is widest. Wald's would be half
    as wide where few problems differ.
    """
    z = NormalDist().inv_cdf(0.975)
    low, high = 0, 2 * ceil((2 * z) ** 2 * discordance / width**2) + 1_000  # not enough; enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _widest(middle, discordance) <= width else (middle, high)
    return high


def _widest(problems: int, discordance: float) -> float:
    """The width of the interval, over all pass@1 at which so many problems can differ, to the half of them."""
    either, same = problems * discordance / 2, problems * (1 - discordance)
    ends = (
        paired_interval(same * step / 80, either, either, same - same * step / 80)
        for step in range(41)  # the other half mirrors it
    )
    return max(high - low for low, high in ends)


def problems_for_figure_width(width: float) -> int:
    """The fewest problems whose pass@1 has an interval of at most this width, whatever it is; one sample each."""
    low, high = 0, MOST_PROBLEMS
    while high - low > 1:
        middle = (low + high) // 2
        ends = wilson_interval(middle / 2, middle)  # widest where half of them pass
        low, high = (low, middle) if ends[1] - ends[0] <= width else (middle, high)
    return high


def smallest_margin(problems: int, discordance: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest drop that so many problems rule out with a chance of ``power``, if nothing has changed in truth.

    To about a hundredth of itself, and such that ``problems_for_margin`` of it names no more problems than these.
    """
    low, high = 0.0, 1.0  # too small; large enough
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if rules_out(problems, middle, discordance, alpha, power) else (middle, high)
    while high < 1 and problems_for_margin(high, discordance, alpha, power) > problems:  # on a tooth of the saw
        high = min(1.0, high * 1.01)
    return high

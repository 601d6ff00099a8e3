"""How many problems it takes to show that nothing has dropped by a margin, where in truth nothing has.

With one sample a problem, and up to a few hundred problems, by the exact power of the exact test that is then made
(:func:`~pytest_humaneval.statistics.margin.margin_p`): the chance of all tables that it would let pass. Above, by the
asymptotic formula of Nam 1997 (Biometrics 53:1422), from which the search begins: of few problems it names too few, as
9 where it takes 10 and the power with 9 is 8 %.

Power is a saw, as the test of so many problems uses more of its 5 % or less: one problem more may have a little less.
So the number named is one from which on the power is there for the next ones too.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, sqrt
from statistics import NormalDist

from pytest_humaneval.statistics.margin import TIE, chances_at_margin, scores, table_chances
from pytest_humaneval.statistics.paired import ALPHA, POWER

MOST_EXACT = 300  # problems; beyond, the formula is near, and a search takes more than a second
MOST_PROBLEMS = 10_000_000
STEADY = 5  # numbers of problems after the one that is named


def problems_for_margin(margin: float, discordance: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """About how many problems it takes, one sample each, of which the share ``discordance`` differs."""
    formula = _by_formula(margin, discordance, alpha, power)
    if formula > MOST_EXACT or margin >= 1:
        return formula
    return _by_power(formula, margin, discordance, alpha, power)


def rules_out(problems: int, margin: float, discordance: float, alpha: float = ALPHA, power: float = POWER) -> bool:
    """Whether so many problems rule out a drop by ``margin`` with a chance of ``power``; exact up to MOST_EXACT."""
    if problems > MOST_EXACT or not margin < 1:
        return _by_formula(margin, discordance, alpha, power) <= problems
    return _has_power(problems, margin, discordance, alpha, power)


def problems_for_mean_margin(margin: float, deviation: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """The same for several samples a problem, by the standard deviation of the per-problem differences.

    By the normal approximation of the limit that is used, :func:`~pytest_humaneval.statistics.margin.mean_limits`: with
    the problem that it adds, and the term for its skewness (Hall 1988, Annals of Statistics 16:927). Without them it
    would be 7 problems for a margin and a deviation of 0.1, of which not even all that are alike show anything.
    """
    normal = NormalDist()
    z, scatter = normal.inv_cdf(1 - alpha), normal.inv_cdf(power) * deviation
    low, high = 0, MOST_PROBLEMS  # not enough; enough
    while high - low > 1:
        middle = (low + high) // 2
        enough = _reach(middle, deviation, z) + scatter * sqrt(middle) / (middle + 1) <= margin
        low, high = (low, middle) if enough else (middle, high)
    return high


def _reach(problems: int, deviation: float, z: float) -> float:
    """From a mean of 0 to its lower limit, of problems with this deviation and one that was lost."""
    size = problems + 1
    lost, square = 1 / size, (problems * deviation**2 + 1) / size
    variance = square - lost**2
    skewness = (lost - 3 * lost * square + 2 * lost**3) / variance / sqrt(variance)
    return lost + sqrt(variance / size) * (z + skewness * (2 * z**2 + 1) / (6 * sqrt(size)))


def _by_formula(margin: float, discordance: float, alpha: float, power: float) -> int:
    normal = NormalDist()
    at_margin = _variance(discordance / 2, -margin)
    reach = normal.inv_cdf(1 - alpha) * sqrt(at_margin) + normal.inv_cdf(power) * sqrt(discordance)
    return max(1, ceil((reach / margin) ** 2))


@lru_cache(maxsize=256)
def _by_power(start: int, margin: float, discordance: float, alpha: float, power: float) -> int:
    """The first number of a row of them that all have the power: up from ``start``, or down where it is in one."""
    problems, held = start, 0
    while held <= STEADY:
        held = held + 1 if _has_power(problems, margin, discordance, alpha, power) else 0
        problems += 1
    first = problems - held
    if first == start:
        while first > 1 and _has_power(first - 1, margin, discordance, alpha, power):
            first -= 1
    return first


def _has_power(problems: int, margin: float, discordance: float, alpha: float, power: float) -> bool:
    """Whether the tables that pass are that likely.

    The test lets those pass whose score is large enough. So take as many of the largest as it takes for the power, and
    see whether the least of them would pass: that is one p-value, and mostly its first chances tell.
    """
    import numpy as np

    score = scores(problems, -margin)
    counts, chances = table_chances(problems, discordance / 2)
    of_likely = score[np.ix_(counts, counts)].ravel()
    order = np.argsort(-of_likely, kind="stable")
    place = int(np.searchsorted(np.cumsum(chances.ravel()[order]), power))
    if place == len(order):  # as near to 1 as rounding goes
        return False
    extreme = score >= of_likely[order[place]] - TIE
    return all(chance < alpha for chance in chances_at_margin(extreme, problems, -margin))


def _variance(either: float, difference: float) -> float:
    """Of one problem's difference, if ``either`` is the share of both, and the true difference what is given.

    With the maximum likelihood estimate of the share of worse problems under that restriction (Tango 1998).
    """
    b = 2 * difference - 2 * either
    c = -either * difference * (1 - difference)
    restricted = (sqrt(max(b * b - 8 * c, 0.0)) - b) / 4
    return 2 * restricted + difference * (1 - difference)

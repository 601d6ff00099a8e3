"""Is it worth going on? The chance that the problems that are left will still decide anything.

To stop for want of hope never makes a false decision more likely, it only misses true ones; so nothing here has to be
exact. The chance is the predictive one of Lachin 2005 (Statistics in Medicine 24:2747): problems that are left differ
as often as those seen, and in the same direction as often, as far as that is known (Jeffreys' prior on both shares).
"""

from __future__ import annotations

from functools import cache
from math import exp, fsum, lgamma, log1p

from pytest_humaneval.statistics.betting import FRACTIONS

FARTHEST = 1_000  # problems ahead; with more of them left, nobody gives up


def chance_to_decide(better: float, worse: float, seen: int, left: int, needed: float) -> float:
    """The chance that ``left`` more problems bring the capital of either gambler to ``needed``.

    ``better`` and ``worse`` of the ``seen`` problems differ; with several samples, sums of shares.
    """
    import numpy as np

    if left > FARTHEST:
        return 1.0
    differ = better + worse
    alive = np.ones(1)  # alive[i]: that nothing is decided yet and i of the problems that differed were better
    decided = chance = 0.0
    for length, likely in enumerate(_beta_binomial(left, differ + 0.5, max(seen - differ, 0.0) + 0.5)):
        more, enough = np.arange(length + 1), _enough(round(differ) + length, needed)
        there = np.maximum(better + more, worse + length - more) >= enough
        decided += float(alive[there].sum())
        chance += likely * min(1.0, decided)
        alive = np.where(there, 0.0, alive)
        grown, upwards = np.zeros(length + 2), (better + 0.5 + more) / (differ + 1 + length)
        grown[1:] += alive * upwards
        grown[:-1] += alive * (1 - upwards)
        alive = grown
    return chance


@cache
def _enough(differ: int, needed: float) -> int:
    """How many of the problems that differ have to be on one side for the capital; more than all where none suffice."""
    low, high = differ // 2 - 1, differ + 1  # too few; enough, if any
    while high - low > 1:
        middle = (low + high) // 2
        parts = (exp(min(700.0, middle * log1p(f) + (differ - middle) * log1p(-f))) for f in FRACTIONS)
        low, high = (low, middle) if fsum(parts) / len(FRACTIONS) >= needed else (middle, high)
    return high


def _beta_binomial(trials: int, first: float, other: float) -> list[float]:
    """The chances of 0 to ``trials`` successes."""

    def log_beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    ways = [lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1) for count in range(trials + 1)]
    return [
        exp(way + log_beta(count + first, trials - count + other) - log_beta(first, other))
        for count, way in enumerate(ways)
    ]

"""Is it worth going on? The chance that the problems that are left will still decide anything.

To stop for want of hope never makes a false decision more likely, it only misses true ones; so nothing here has to be
exact. The chance is the predictive one of Lachin 2005 (Statistics in Medicine 24:2747): problems that are left differ
as often as those seen, and in the same direction as often, as far as that is known (Jeffreys' prior on both shares).
"""

from __future__ import annotations

from math import exp, lgamma
from typing import TYPE_CHECKING

from pytest_humaneval.statistics.betting import FRACTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    found = chance = 0.0
    for length, likely in enumerate(_beta_binomial(left, differ + 0.5, max(seen - differ, 0.0) + 0.5)):
        more = np.arange(length + 1)
        there = _capital(better + more, worse + length - more) >= needed
        found += float(alive[there].sum())
        chance += likely * min(1.0, found)
        alive = np.where(there, 0.0, alive)
        grown, upwards = np.zeros(length + 2), (better + 0.5 + more) / (differ + 1 + length)
        grown[1:] += alive * upwards
        grown[:-1] += alive * (1 - upwards)
        alive = grown
    return chance


def _beta_binomial(trials: int, one: float, other: float) -> list[float]:
    """The chances of 0 to ``trials`` successes."""

    def log_beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    ways = [lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1) for count in range(trials + 1)]
    return [
        exp(way + log_beta(count + one, trials - count + other) - log_beta(one, other))
        for count, way in enumerate(ways)
    ]


def _capital(better: NDArray[np.floating], worse: NDArray[np.floating]) -> NDArray[np.float64]:
    """The capital of whichever gambler has more, by how many problems were better and worse."""
    import numpy as np

    won, lost = (np.log1p(sign * np.array(FRACTIONS)) for sign in (1, -1))
    both = [np.outer(one, won) + np.outer(other, lost) for one, other in ((better, worse), (worse, better))]
    found: NDArray[np.float64] = np.maximum(*(np.exp(np.minimum(one, 460)).mean(axis=1) for one in both))
    return found

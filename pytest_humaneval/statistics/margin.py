"""Is it still good enough? Tests that a difference is above a margin, where a test of "no difference" would not do.

With one sample a problem it is the exact unconditional test of Hsueh, Liu and Chen 2001 (Biometrics 57:478), on the
score statistic of Nam 1997 (Biometrics 53:1422) and Tango 1998 (Statistics in Medicine 17:891): the chance of a
statistic at least as large as the one observed, at the margin, with whatever share of differing problems makes that
chance largest. So it errs at most as often as it says. The limits of Newcombe's paired interval do not: where about as
many problems differ as the margin allows to be lost, they wrongly hold in up to 13 % instead of 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import lgamma, sqrt
from typing import TYPE_CHECKING

from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.paired import ALPHA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARES = 100  # of differing problems that are tried; with 1,500 the largest chance is larger by at most 0.0003
TIE = 1e-9  # scores that differ by less are equal but for rounding
BISECTIONS = 11  # of a limit: then within 0.001


def margin_p(better: int, worse: int, problems: int, difference: float) -> float:
    """The one-sided p-value against a true difference of at most ``difference``, one sample a problem.

    Raises:
        ValueError: counts or a difference that cannot be.
    """
    if min(better, worse) < 0 or better + worse > problems or not problems or not -1 < difference < 1:
        raise ValueError(f"no test of {better} better and {worse} worse of {problems} against {difference}")
    score = scores(problems, difference)
    extreme = score >= score[better, worse] - TIE
    return min(1.0, max(chances_at_margin(extreme, problems, difference)))


def margin_limits(better: int, worse: int, problems: int, alpha: float = ALPHA) -> tuple[float, float]:
    """The one-sided limits of the true difference that belong to :func:`margin_p`, each wrong in ``alpha`` at most.

    Raises:
        ValueError: counts that cannot be.
    """
    return _lower(better, worse, problems, alpha), -_lower(worse, better, problems, alpha)


def mean_limits(differences: Sequence[float], alpha: float = ALPHA) -> tuple[float, float]:
    """One-sided limits of the mean of per-problem differences, for several samples a problem.

    The bootstrap's, with one more problem that was lost (for the lower limit) or won (for the upper one) as far as can
    be: what has been seen on no problem may still happen on some, and resampling alone takes it for impossible.
    """
    lower = bootstrap_interval([*differences, -1.0], 1 - 2 * alpha)
    upper = bootstrap_interval([*differences, 1.0], 1 - 2 * alpha)
    return lower[0] if lower else -1.0, upper[1] if upper else 1.0


def chances_at_margin(extreme: NDArray[np.bool_], problems: int, difference: float) -> Iterator[float]:
    """That a table is among these where the true difference is what is given: with each share of differing problems."""
    low, high = max(0.0, -difference), (1 - difference) / 2  # what the chance of a worse problem can be
    # More of them near the lower end, where the chance changes fastest.
    tried = (low + (high - low) * (step / SHARES) ** 2 for step in range(SHARES + 1))
    return (_chance(extreme, problems, worse + difference, worse) for worse in tried)


def _lower(better: int, worse: int, problems: int, alpha: float) -> float:
    low, high = -1.0, (better - worse) / problems  # rejected; not rejected
    if low == high:
        return low
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        rejected = margin_p(better, worse, problems, middle) < alpha
        low, high = (middle, high) if rejected else (low, middle)
    return low


@lru_cache(maxsize=4)
def scores(problems: int, difference: float) -> NDArray[np.float64]:
    """The statistic of every table, [better, worse]; 0 where it has no variance (Tango 1998)."""
    import numpy as np

    better = np.arange(problems + 1)[:, None] / problems
    worse = better.T
    # The maximum likelihood estimate of the share of worse problems under that restriction solves a quadratic equation.
    b = -better - worse + (2 - better + worse) * difference
    c = -worse * difference * (1 - difference)
    restricted = (np.sqrt(np.maximum(b * b - 8 * c, 0)) - b) / 4
    variance = 2 * restricted + difference * (1 - difference)
    deviation = np.sqrt(np.where(variance > 1e-12, variance, np.inf) / problems)
    found: NDArray[np.float64] = (better - worse - difference) / deviation
    return found


def _chance(extreme: NDArray[np.bool_], problems: int, better: float, worse: float) -> float:
    """That a table is among these, where a problem is better or worse with these chances.

    The trinomial distribution is that of three Poisson counts, given their sum; tables too unlikely to matter are left
    out.
    """
    import numpy as np

    better = max(better, 0.0)  # also after rounding
    rows, columns = _likely(problems, better), _likely(problems, worse)
    others = problems - rows[:, None] - columns[None, :]
    rest = _poisson(np.maximum(others, 0), problems * max(0.0, 1 - better - worse), problems) * (others >= 0)
    inner = extreme[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * rest
    each = _poisson(rows, problems * better, problems) @ inner @ _poisson(columns, problems * worse, problems)
    return float(each / _poisson(np.array([problems]), problems, problems)[0])


def table_chances(problems: int, either: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The counts that are likely, and the chance of each table of them, [better, worse], if both have one chance."""
    import numpy as np

    counts = _likely(problems, either)
    others = problems - counts[:, None] - counts[None, :]
    rest = _poisson(np.maximum(others, 0), problems * max(0.0, 1 - 2 * either), problems) * (others >= 0)
    each = _poisson(counts, problems * either, problems)
    whole = _poisson(np.array([problems]), problems, problems)[0]
    return counts, each[:, None] * rest * each[None, :] / whole


def _likely(problems: int, chance: float) -> NDArray[np.int64]:
    import numpy as np

    mean = problems * chance
    reach = 8 * sqrt(mean) + 12
    return np.arange(max(0, int(mean - reach)), min(problems, int(mean + reach)) + 1)


def _poisson(counts: NDArray[np.int64], mean: float, problems: int) -> NDArray[np.float64]:
    import numpy as np

    if mean <= 0:
        none: NDArray[np.float64] = (counts == 0).astype(np.float64)
        return none
    chances: NDArray[np.float64] = np.exp(counts * np.log(mean) - mean - _log_factorials(problems)[counts])
    return chances


@lru_cache(maxsize=4)
def _log_factorials(most: int) -> NDArray[np.float64]:
    import numpy as np

    return np.array([lgamma(count + 1) for count in range(most + 1)])

"""Intervals for a mean over problems, where each problem's value is a share rather than a yes or a no."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 10_000  # the ends then differ by about 0.001 from those of any other seed, for 164 problems
SEED = 0


def bootstrap_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """The bootstrap interval of the mean of ``values``, one value a problem; the same for the same values.

    Whole problems are drawn again, with all their samples: samples of one problem are not independent, problems are.
    BCa (Efron 1987, JASA 82:171; Efron and Tibshirani 1993, section 14.3) rather than plain percentiles, because pass@k
    near 0 or 1 is skewed, which BCa corrects for, and because it stays inside the values' range as percentiles do.

    None where the values do not vary: resampling then shows no uncertainty, which is not the same as none.

    Raises:
        ValueError: no value.
    """
    if not values:
        raise ValueError("no interval for the mean of no values")
    if max(values) - min(values) < 1e-12:
        return None
    import numpy as np

    means = _resamples(len(values)) @ np.asarray(values) / len(values)
    mean = fmean(values)
    normal = NormalDist()
    # Resampled means that equal the mean count half, as in scipy: there are many where the values are few.
    below = (np.count_nonzero(means < mean - 1e-12) + np.count_nonzero(means < mean + 1e-12)) / (2 * len(means))
    bias = normal.inv_cdf(min(max(below, 1e-9), 1 - 1e-9))
    deviations = [value - mean for value in values]
    # The jackknife's estimate of the acceleration; for a mean it is the skewness over 6 sqrt(n).
    acceleration = sum(d**3 for d in deviations) / (6 * sum(d**2 for d in deviations) ** 1.5)
    low, high = ((1 - confidence) / 2, (1 + confidence) / 2)
    ends = []
    for share in (low, high):
        z = bias + normal.inv_cdf(share)
        ends.append(normal.cdf(bias + z / (1 - acceleration * z)))
    bounds: list[float] = np.quantile(means, ends).tolist()
    return max(bounds[0], min(values)), min(bounds[1], max(values))  # also after rounding


@lru_cache(maxsize=2)  # of all problems, and of one more: see margin.py
def _resamples(size: int) -> NDArray[np.float64]:
    """How often each of ``size`` problems is drawn in each resample; kept, as many figures are over the same number."""
    import numpy as np

    counts = np.random.default_rng(SEED).multinomial(size, [1 / size] * size, RESAMPLES)
    return counts.astype(np.float64)

"""pass@k and its uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb, fsum, sqrt
from statistics import NormalDist, fmean

from pytest_humaneval.statistics.bootstrap import bootstrap_interval

DEFAULT_KS = (1, 10, 100)


def default_ks(num_samples: int) -> tuple[int, ...]:
    """The k of pass@k that are reported where none is asked for: those that the fewest samples of a problem allow."""
    return tuple(k for k in DEFAULT_KS if k <= num_samples)


def pass_at_k(num_samples: int, num_correct: int, k: int) -> float | None:
    """The chance that at least one of ``k`` samples of one problem is correct, or None when there are fewer than ``k``.

    The unbiased estimator of Chen et al. 2021 (arXiv:2107.03374, equation 1), 1 - C(n-c, k) / C(n, k), computed in
    whole numbers and divided once: exact up to the last bit for any n.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= num_correct <= num_samples or k < 1:
        raise ValueError(f"no pass@{k} of {num_correct} correct samples among {num_samples}")
    if num_samples < k:
        return None
    subsets = comb(num_samples, k)
    return (subsets - comb(num_samples - num_correct, k)) / subsets


def estimates(counts: Iterable[tuple[int, int]], k: int) -> list[float] | None:
    """:func:`pass_at_k` of each problem, given as (num_samples, num_correct).

    A problem without any sample (every one ended in an infrastructure error) is outside the denominator. None when a
    problem has some samples but fewer than ``k``: a mean over the others would be over easier or harder problems,
    depending on which got lost. None, too, when no problem is left.

    Raises:
        ValueError: counts that cannot be.
    """
    values = [pass_at_k(num_samples, num_correct, k) for num_samples, num_correct in counts if num_samples]
    defined = [estimate for estimate in values if estimate is not None]
    return defined if values and len(defined) == len(values) else None


def mean_pass_at_k(counts: Iterable[tuple[int, int]], k: int) -> float | None:
    """The mean of :func:`estimates` over problems, or None where they are undefined.

    Raises:
        ValueError: counts that cannot be.
    """
    values = estimates(counts, k)
    return None if values is None else fmean(values)


def pass_at_k_interval(counts: Iterable[tuple[int, int]], k: int) -> tuple[float, float] | None:
    """The 95 % interval of :func:`mean_pass_at_k`, or None where that is undefined.

    Wilson's where every problem has one sample; else that of :func:`mean_interval`.

    Raises:
        ValueError: counts that cannot be.
    """
    counts = [count for count in counts if count[0]]
    values = estimates(counts, k)
    if values is None:
        return None
    one_each = all(num_samples == 1 for num_samples, _ in counts)
    return _as_yes_or_no(values) if one_each else mean_interval(values)


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over problems, each of whose values is a share: the bootstrap over problems.

    Where all problems have the same value, the bootstrap says nothing, and it is Wilson's of as many yes-or-no
    problems: values from 0 to 1 with a given mean vary most when they are 0 and 1, so this is wide enough.

    Raises:
        ValueError: no value.
    """
    return bootstrap_interval(values) or _as_yes_or_no(values)


def _as_yes_or_no(values: Sequence[float]) -> tuple[float, float]:
    return wilson_interval(min(fsum(values), len(values)), len(values))


def wilson_interval(num_correct: float, num_samples: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a proportion (Wilson 1927), from ``num_samples`` independent trials.

    For pass@1 from one sample a problem. Several samples of one problem are not independent: there, the interval would
    be too narrow. Without a trial anything is possible: (0, 1). ``num_correct`` need not be whole.

    Raises:
        ValueError: counts or a confidence that cannot be.
    """
    if not 0 <= num_correct <= num_samples or not 0 < confidence < 1:
        raise ValueError(f"no {confidence:.0%} interval for {num_correct} correct among {num_samples}")
    if not num_samples:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = num_correct / num_samples
    shrink = 1 + z**2 / num_samples
    centre = (share + z**2 / (2 * num_samples)) / shrink
    half = z * sqrt(share * (1 - share) / num_samples + z**2 / (4 * num_samples**2)) / shrink
    # The bounds contain the share, also after rounding where they touch it: at none and at all correct.
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))

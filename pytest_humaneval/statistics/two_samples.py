"""Two independent sets of problems: is the mean of the one larger than that of the other?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

RESAMPLES = 10_000
SEED = 0


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """``first`` minus ``second`` with its 95 % interval (bootstrap of both), and the one-sided p of the difference."""

    first: float
    second: float
    first_problems: int
    second_problems: int
    interval: tuple[float, float]
    p: float

    @property
    def difference(self) -> float:
        return self.first - self.second


def two_samples(first: Sequence[float], second: Sequence[float]) -> TwoSamples | None:
    """The comparison; None where one of them has fewer than two problems.

    p is that of the permutation test: how often a random division of all problems has a difference at least as large,
    with the observed one counted (Phipson and Smyth 2010), so that it is never 0. The divisions are always the same.
    """
    if min(len(first), len(second)) < 2:
        return None
    import numpy as np

    chance = np.random.default_rng(SEED)
    whole = np.asarray([*first, *second], dtype=float)
    observed = fmean(first) - fmean(second)
    count = len(first)
    orders = chance.permuted(np.tile(whole, (RESAMPLES, 1)), axis=1)
    differences = orders[:, :count].mean(axis=1) - orders[:, count:].mean(axis=1)
    p = (1 + int(np.count_nonzero(differences >= observed - 1e-12))) / (RESAMPLES + 1)
    drawn = [
        chance.choice(np.asarray(sample, dtype=float), (RESAMPLES, len(sample))).mean(axis=1)
        for sample in (first, second)
    ]
    low, high = np.quantile(drawn[0] - drawn[1], [0.025, 0.975]).tolist()
    return TwoSamples(fmean(first), fmean(second), len(first), len(second), (low, high), p)

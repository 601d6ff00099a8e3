"""Two ways of answering the same problems: tests, intervals and what they could show.

Problems differ in difficulty far more than strategies differ in skill, so two runs are compared problem by problem.
With one sample a problem, ``better`` are the problems that only the first passes, ``worse`` those that only the second
passes; the others say nothing about which is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import comb, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

from pytest_humaneval.statistics.metrics import wilson_interval

ALPHA = 0.05
POWER = 0.8

FINEST = 10_000  # the grid of per-problem differences that sign_flip works on, at most


def mcnemar(better: int, worse: int) -> float:
    """The two-sided p-value of the exact McNemar test.

    Where two equal strategies differ, either is the better one with a chance of one half: a binomial test of
    ``better`` among ``better + worse`` (McNemar 1947, Psychometrika 12:153, in its exact form).

    Raises:
        ValueError: counts that cannot be.
    """
    if better < 0 or worse < 0:
        raise ValueError(f"no test of {better} better and {worse} worse")
    discordant = better + worse
    tail = sum(comb(discordant, count) for count in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / (1 << discordant))


def sign_flip(differences: Sequence[Fraction]) -> float:
    """The two-sided p-value of the exact sign-flip test of per-problem differences, for several samples a problem.

    If two strategies are equal, each problem's difference could as well have had the other sign. p is the share of all
    2^n choices of signs whose sum is at least as far from 0 as the one observed (Fisher's randomisation test for pairs:
    Fisher 1935, The Design of Experiments, section 21; Pitman 1937). No choice is drawn at random: the distribution of
    the sum is built up problem by problem. With differences of -1, 0 and 1 it is the exact McNemar test.

    Differences on a grid finer than 1/10,000, as unequal numbers of samples can make, are rounded to it; the test stays
    exact, of the rounded differences.
    """
    import numpy as np

    scale = _common_denominator(differences)
    steps = [round(difference * scale) for difference in differences]
    weights = [abs(step) for step in steps if step]
    observed, reach = abs(sum(steps)), sum(weights)
    chance = np.zeros(reach + 1)  # chance[i]: that the differences which count for the one side add up to i
    chance[0] = 1.0
    for weight in weights:
        chance[weight:] += chance[: reach + 1 - weight]  # numpy sees the overlap and adds what was there before
        chance /= 2
    return 1.0 if observed == 0 else min(1.0, 2 * float(chance[: (reach - observed) // 2 + 1].sum()))


def rounded_sign_flip(differences: Sequence[float]) -> float:
    """The same test of differences of any size, rounded to 1/10,000 of the largest."""
    largest = max(map(abs, differences), default=0.0)
    if not largest:
        return 1.0
    return sign_flip([Fraction(round(difference / largest * FINEST), FINEST) for difference in differences])


def _common_denominator(differences: Sequence[Fraction]) -> int:
    scale = 1
    for difference in differences:
        scale *= Fraction(scale, difference.denominator).denominator
        if scale > FINEST:
            return FINEST
    return scale


def paired_interval(
    both: float, better: float, worse: float, neither: float, confidence: float = 0.95
) -> tuple[float, float]:
    """An interval for the difference of two proportions measured on the same problems.

    Newcombe 1998 (Statistics in Medicine 17:2635), method 10: Wilson's intervals of both proportions, combined by their
    correlation phi, with its continuity correction. Unlike Wald's it is right near 0 and 1 and never without width.

    Raises:
        ValueError: counts that cannot be.
    """
    total = both + better + worse + neither
    if min(both, better, worse, neither) < 0 or not total:
        raise ValueError(f"no interval for {both}, {better}, {worse}, {neither} problems")
    first, second = (both + better) / total, (both + worse) / total
    first_low, first_high = wilson_interval(both + better, total, confidence)
    second_low, second_high = wilson_interval(both + worse, total, confidence)
    phi = _phi(both, better, worse, neither)

    def reach(first: float, second: float) -> float:
        return sqrt(max(0.0, first**2 - 2 * phi * first * second + second**2))

    difference = (better - worse) / total
    low = difference - reach(first - first_low, second_high - second)
    high = difference + reach(first_high - first, second - second_low)
    return max(-1.0, low), min(1.0, high)


def _phi(both: float, better: float, worse: float, neither: float) -> float:
    margins = (both + better) * (worse + neither) * (both + worse) * (better + neither)
    if margins <= 0:
        return 0.0
    product = both * neither - better * worse
    if product > 0:
        product = max(product - (both + better + worse + neither) / 2, 0.0)
    return product / sqrt(margins)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for being several, in the same order (Holm 1979, Scandinavian Journal of Statistics 6:65).

    Rejecting what is below alpha then wrongly rejects anything at all with a chance of at most alpha.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def detectable(problems: int, discordance: float, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The smallest difference in pass@1, one sample a problem, that McNemar's exact test would find often enough.

    ``discordance`` is the share of problems on which the two differ. A difference above it makes that share larger:
    then all problems that differ do so in one direction. A multiple of 1/problems; None where there is none.
    """
    low, high = 0, problems  # problems: not enough; enough
    if problems < 1 or mcnemar_power(problems, 1.0, 1.0, alpha) < power:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        share = middle / problems
        enough = mcnemar_power(problems, max(discordance, share), share, alpha) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high / problems


def mcnemar_power(problems: int, discordance: float, difference: float, alpha: float = ALPHA) -> float:
    """The chance that the exact McNemar test finds p < alpha, in the right direction.

    The exact power of Duffy 1984 (Biometrics 40:1005): the number of problems that differ is binomial in
    ``discordance``, and among those the number that is worse in (discordance - difference) / (2 discordance).
    """
    worse = (1 - difference / discordance) / 2
    power = 0.0
    for discordant in range(problems + 1):
        chance = _binomial(discordant, problems, discordance)
        if chance > 1e-9 and (most := _most_worse(discordant, alpha)) >= 0:
            power += chance * sum(_binomial(count, discordant, worse) for count in range(most + 1))
    return power


@cache
def _most_worse(discordant: int, alpha: float) -> int:
    """The largest number of worse problems with which p is still below alpha; -1 where there is none."""
    tail, most, limit = 0, -1, alpha * 2**discordant / 2
    for count in range(discordant // 2 + 1):
        tail += comb(discordant, count)
        if tail >= limit:
            break
        most = count
    return most


def _binomial(count: int, trials: int, chance: float) -> float:
    if chance <= 0 or chance >= 1:
        return float(count == (trials if chance >= 1 else 0))
    ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
    return exp(ways + count * log(chance) + (trials - count) * log1p(-chance))


def detectable_mean(problems: int, deviation: float, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """The same for several samples a problem: by the standard deviation of the per-problem differences.

    (z(1 - alpha/2) + z(power)) * deviation / sqrt(problems), the normal approximation for paired means, as in Miller
    2024 (arXiv:2411.00640, section 5). None where nothing varies, where p stays above alpha even if all problems differ
    in one direction, and where it would be more than 1: no difference is.
    """
    if not deviation or mcnemar(0, problems) >= alpha:
        return None
    normal = NormalDist()
    difference = (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * deviation / sqrt(problems)
    return difference if difference <= 1 else None

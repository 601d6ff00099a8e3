from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from pytest_humaneval.statistics.paired import (
    ALPHA,
    POWER,
    detectable,
    detectable_mean,
    holm,
    mcnemar,
    mcnemar_power,
    paired_interval,
    sign_flip,
)

small = st.integers(0, 60)
tables = st.tuples(small, small, small, small).filter(lambda table: sum(table) > 0)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_mcnemar_worked_by_hand() -> None:
    # 6 of 6 in one direction: 2 * (1/2)^6. 1 of 6: 2 * (1 + 6)/64.
    assert mcnemar(6, 0) == 0.03125
    assert mcnemar(1, 5) == 0.21875
    assert mcnemar(0, 0) == mcnemar(3, 3) == 1.0


@given(small, small)
def test_mcnemar_is_statsmodels_exact_one(better: int, worse: int) -> None:
    expected = statsmodels_mcnemar([[3, better], [worse, 4]], exact=True).pvalue
    assert mcnemar(better, worse) == pytest.approx(expected if better + worse else 1.0)


def test_mcnemar_takes_large_counts() -> None:
    assert mcnemar(2_000, 1_000) < 1e-70


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="no test of -1 better"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match="no interval for"):
        paired_interval(0, 0, 0, 0)


@given(small, small, small)
def test_sign_flip_with_one_sample_is_mcnemar(better: int, worse: int, same: int) -> None:
    differences = [Fraction(1)] * better + [Fraction(-1)] * worse + [Fraction(0)] * same
    assert sign_flip(differences) == pytest.approx(mcnemar(better, worse))


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9), st.integers(1, 7))
def test_sign_flip_is_the_share_of_all_signs(steps: list[int], denominator: int) -> None:
    sums = [
        abs(sum(s * step for s, step in zip(signs, steps, strict=True)))
        for signs in product((1, -1), repeat=len(steps))
    ]
    expected = sum(total >= abs(sum(steps)) for total in sums) / len(sums)
    assert sign_flip([Fraction(step, denominator) for step in steps]) == pytest.approx(expected)


def test_sign_flip_is_scipy_s_permutation_test() -> None:
    steps = [3, -1, 0, 2, 2, -4, 5, 1, 1, 2]
    zeros = [0] * len(steps)
    expected = permutation_test(
        (steps, zeros), lambda x, y, axis: np.sum(x - y, axis=axis), permutation_type="samples", vectorized=True
    ).pvalue
    assert sign_flip([Fraction(step, 10) for step in steps]) == pytest.approx(expected)


def test_sign_flip_of_an_awkward_grid_is_close_to_the_test_on_it() -> None:
    # 1/97 and 1/101 have a common denominator of 9797, with 1/103 one of a million: rounded to 1/10,000.
    fine = [Fraction(40, 97), Fraction(30, 101), Fraction(20, 103), Fraction(-10, 97), Fraction(5, 103)]
    signs = product((1, -1), repeat=len(fine))
    sums = [abs(sum((s * step for s, step in zip(each, fine, strict=True)), Fraction(0))) for each in signs]
    assert sign_flip(fine) == pytest.approx(sum(total >= abs(sum(fine, Fraction(0))) for total in sums) / len(sums))


def test_paired_interval_is_the_published_one() -> None:
    # An example of Newcombe 1998, method 10; one of Fagerland, Lydersen and Laake 2017, chapter 8 (Bentur et al. 2009).
    assert paired_interval(20, 12, 2, 16) == pytest.approx((0.0562, 0.3292), abs=5e-5)
    assert paired_interval(1, 1, 7, 12) == pytest.approx((-0.507, -0.026), abs=5e-4)


@given(tables)
def test_paired_interval_contains_the_difference_and_is_symmetric(table: tuple[int, int, int, int]) -> None:
    both, better, worse, neither = table
    low, high = paired_interval(both, better, worse, neither)
    assert -1 <= low <= (better - worse) / sum(table) <= high <= 1
    assert low < high
    assert paired_interval(both, worse, better, neither) == pytest.approx((-high, -low))


def test_paired_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # 164 problems; both 0.35, better 0.13, worse 0.07: a true difference of 0.06.
    drawn = np.random.default_rng(1).multinomial(164, [0.35, 0.13, 0.07, 0.45], size=2_000)
    covered = sum(low <= 0.06 <= high for low, high in (paired_interval(*map(int, table)) for table in drawn))
    assert 0.935 < covered / 2_000 < 0.97


@settings(max_examples=20)
@given(p_values)
def test_holm_is_statsmodels_one(values: list[float]) -> None:
    assert holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]))


def test_holm_worked_by_hand() -> None:
    # Sorted 0.01, 0.03, 0.04 times 3, 2, 1: 0.03, 0.06, 0.04, and none below the one before it.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


def test_power_worked_by_hand() -> None:
    # All 6 problems differ; the one is better on each with a chance of 0.9: only 6 of 6 gives p < 0.05.
    assert mcnemar_power(6, 1.0, 0.8) == pytest.approx(0.9**6)


@settings(max_examples=20)
@given(st.integers(10, 200), st.floats(0.05, 0.6), st.floats(0, 1))
def test_power_is_the_share_of_simulated_runs_that_find_it(problems: int, discordance: float, part: float) -> None:
    difference = part * discordance
    chances = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    drawn = np.random.default_rng(0).multinomial(problems, chances, size=3_000)
    found = sum(better > worse and mcnemar(int(better), int(worse)) < ALPHA for better, worse, _ in drawn) / 3_000
    assert mcnemar_power(problems, discordance, difference) == pytest.approx(found, abs=0.04)  # 4 standard errors


def test_the_detectable_difference_is_the_smallest_with_enough_power() -> None:
    smallest = detectable(164, 0.2)
    assert smallest is not None
    assert mcnemar_power(164, 0.2, smallest) >= POWER
    assert mcnemar_power(164, 0.2, smallest - 1 / 164) < POWER


def test_the_detectable_difference_is_near_connor_s_approximation() -> None:
    # Connor 1987 (Biometrics 43:207): n = (z(alpha/2) sqrt(psi) + z(beta) sqrt(psi - d^2))^2 / d^2, for a test without
    # the exact one's caution; so the exact test needs somewhat more.
    normal, psi = NormalDist(), 0.2
    smallest = detectable(164, psi)
    assert smallest is not None
    z_alpha, z_beta = normal.inv_cdf(1 - ALPHA / 2), normal.inv_cdf(POWER)
    needed = ((z_alpha * sqrt(psi) + z_beta * sqrt(psi - smallest**2)) / smallest) ** 2
    assert 0.85 * 164 < needed < 164


def test_fewer_than_six_problems_can_show_nothing() -> None:
    assert detectable(5, 0.2) is None
    assert detectable(6, 0.2) == 1.0
    assert detectable(164, 0.0) == detectable(164, 0.01)  # what differs is then all of the difference


def test_a_stricter_alpha_needs_a_larger_difference() -> None:
    loose, strict = detectable(164, 0.2), detectable(164, 0.2, ALPHA / 10)
    assert loose is not None
    assert strict is not None
    assert loose < strict


def test_the_detectable_difference_of_shares_is_found_as_often_as_it_says() -> None:
    generator = random.Random(3)
    spread = [Fraction(generator.randint(-5, 5), 10) for _ in range(164)]
    smallest = detectable_mean(164, float(np.std([float(one) for one in spread], ddof=1)))
    assert smallest is not None
    centred = np.array([float(one) for one in spread])
    centred -= centred.mean()
    drawn = np.random.default_rng(0).choice(centred, (3_000, 164)) + smallest
    z = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / sqrt(164))
    assert np.mean(z > NormalDist().inv_cdf(1 - ALPHA / 2)) == pytest.approx(POWER, abs=0.03)


def test_without_spread_nothing_is_known_of_what_can_be_detected() -> None:
    assert detectable_mean(5, 0.0) is None
    assert detectable_mean(1, 0.3) is None

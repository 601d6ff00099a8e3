from __future__ import annotations

from math import comb, fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_humaneval.statistics.betting import FRACTIONS, Bets, anytime_interval, anytime_limits, capitals
from pytest_humaneval.statistics.futility import chance_to_decide
from pytest_humaneval.statistics.paired import mcnemar

signs = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=60)
shares = st.lists(st.floats(-1, 1), min_size=1, max_size=40)


def bets_on(differences: list[float]) -> Bets:
    bets = Bets()
    for difference in differences:
        bets.add(difference)
    return bets


@given(signs)
def test_whoever_bets_on_the_other_side_has_the_other_capital(differences: list[float]) -> None:
    bets, turned = bets_on(differences), bets_on([-one for one in differences])
    assert (bets.highest, bets.lowest) == pytest.approx((turned.lowest, turned.highest))
    assert bets.p == pytest.approx(turned.p)
    assert bets.e == pytest.approx(turned.e)


@given(st.integers(1, 60), st.sampled_from(FRACTIONS))
def test_the_capital_is_a_fair_game_s(problems: int, fraction: float) -> None:
    # One stake, every way in which so many problems can differ, each as likely: what it is worth on average is 1.
    worth = fsum(
        comb(problems, won) * (1 + fraction) ** won * (1 - fraction) ** (problems - won) for won in range(problems + 1)
    )
    assert worth / 2**problems == pytest.approx(1)


def test_capital_of_a_few_problems_worked_by_hand() -> None:
    # Two problems that were better, one that was worse and one that was the same: (1 + f)(1 + f)(1 - f) on average.
    bets = bets_on([1, 0, 1, -1])
    expected = sum((1 + f) ** 2 * (1 - f) for f in FRACTIONS) / len(FRACTIONS)
    opposite = sum((1 - f) ** 2 * (1 + f) for f in FRACTIONS) / len(FRACTIONS)
    assert bets.e == pytest.approx((expected + opposite) / 2)
    assert bets.highest == pytest.approx(sum((1 + f) ** 2 for f in FRACTIONS) / len(FRACTIONS))  # before the last one
    assert bets.lowest == 1
    assert bets.better


@given(signs)
def test_a_p_value_that_allows_for_looking_is_no_smaller_than_one_that_does_not(differences: list[float]) -> None:
    bets = bets_on(differences)
    smallest, better, worse = 1.0, 0, 0
    for difference in differences:
        better, worse = better + (difference > 0), worse + (difference < 0)
        smallest = min(smallest, mcnemar(better, worse))
    assert bets.p >= smallest


@settings(max_examples=30)
@given(shares)
def test_the_interval_holds_the_mean_and_agrees_with_p(differences: list[float]) -> None:
    low, high = anytime_interval(differences)
    assert -1 <= low <= high <= 1
    bets = bets_on(differences)
    assert (low > 1e-6 or high < -1e-6) <= (bets.p <= 0.05)
    assert (bets.p <= 0.0499) <= (low > -1e-6 or high < 1e-6)
    shorter = anytime_interval(differences[:-1])
    assert low >= shorter[0] - 1e-6
    assert high <= shorter[1] + 1e-6  # it never widens
    turned = anytime_interval([-one for one in differences])
    assert (low, high) == pytest.approx((-turned[1], -turned[0]))
    one_sided = anytime_limits(differences, 0.05)
    assert one_sided[0] >= low - 1e-6
    assert one_sided[1] <= high + 1e-6


@settings(max_examples=30)
@given(shares, st.floats(-0.9, 0.8))
def test_a_larger_mean_is_harder_to_bet_above(differences: list[float], mean: float) -> None:
    lower, higher = (list(capitals(differences, one)) for one in (mean, mean + 0.1))
    assert all(a >= b - 1e-12 for a, b in zip(lower, higher, strict=True))


@pytest.mark.parametrize(("differ", "samples"), [(0.02, 1), (0.2, 1), (0.4, 1), (0.4, 5)])
def test_an_interval_that_is_watched_all_the_time_misses_the_truth_in_at_most_5_percent(
    differ: float, samples: int
) -> None:
    """400 runs of 164 problems; an honest one misses at most 20, and more than 34 once in a thousand tests."""
    generator, truth = np.random.default_rng(0), 0.5 * differ
    chances = [0.75 * differ, 1 - differ, 0.25 * differ]
    missed = 0
    for _ in range(400):
        drawn = generator.choice([1, 0, -1], size=(164, samples), p=chances).mean(axis=1).tolist()
        missed += max(capitals(drawn, truth)) >= 40 or max(capitals([-one for one in drawn], -truth)) >= 40
    assert missed <= 34


def test_there_is_no_hope_where_nothing_differs_and_no_despair_before_anything_is_known() -> None:
    assert chance_to_decide(0, 0, 100, 64, 40) < 0.01
    assert chance_to_decide(0, 0, 0, 164, 40) > 0.3
    assert chance_to_decide(12, 2, 60, 104, 40) > 0.9
    assert chance_to_decide(8, 8, 100, 64, 40) < 0.05
    assert chance_to_decide(5, 0, 5, 0, 40) == 0  # nothing is left
    assert chance_to_decide(20, 0, 20, 0, 40) == 1  # it is decided already
    assert chance_to_decide(0, 0, 0, 100_000, 40) == 1  # too far from the end


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 30))
def test_chances_are_the_same_for_both_sides_and_smaller_for_more(better: int, worse: int, left: int) -> None:
    chance = chance_to_decide(better, worse, 40, left, 40)
    assert 0 <= chance <= 1 + 1e-9
    assert chance == pytest.approx(chance_to_decide(worse, better, 40, left, 40))
    assert chance_to_decide(better, worse, 40, left, 120) <= chance + 1e-9
    assert chance_to_decide(better, worse, 40, left + 5, 40) >= chance - 1e-9

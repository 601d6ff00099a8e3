from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.statistics.metrics import mean_pass_at_k, pass_at_k, wilson_interval


@st.composite
def counts(draw: st.DrawFn, largest: int = 400) -> tuple[int, int]:
    """A number of samples, and how many of them are correct."""
    num_samples = draw(st.integers(1, largest))
    return num_samples, draw(st.integers(0, num_samples))


def defined(num_samples: int, num_correct: int, k: int) -> float:
    estimate = pass_at_k(num_samples, num_correct, k)
    assert estimate is not None
    return estimate


def brute_force(num_samples: int, num_correct: int, k: int) -> Fraction:
    """The share of all k-subsets of the samples that hold a correct one."""
    subsets = list(combinations([index < num_correct for index in range(num_samples)], k))
    return Fraction(sum(map(any, subsets)), len(subsets))


@given(counts(largest=9), st.integers(1, 9))
def test_pass_at_k_is_the_share_of_subsets_with_a_correct_sample(count: tuple[int, int], k: int) -> None:
    expected = float(brute_force(*count, k)) if k <= count[0] else None
    assert pass_at_k(*count, k) == expected


def test_pass_at_k_worked_by_hand() -> None:
    # 5 samples, 2 correct, 2 drawn: of C(5,2) = 10 pairs, C(3,2) = 3 hold no correct one; 7/10.
    assert pass_at_k(5, 2, 2) == 0.7
    # 200 samples, 10 correct, 1 drawn: 10/200.
    assert pass_at_k(200, 10, 1) == 0.05
    # 10 samples, 1 correct, 9 drawn: one is left out, the correct one in one case of ten.
    assert pass_at_k(10, 1, 9) == 0.9


@given(counts())
def test_pass_at_1_is_the_share_of_correct_samples(count: tuple[int, int]) -> None:
    num_samples, num_correct = count
    assert pass_at_k(num_samples, num_correct, 1) == num_correct / num_samples


@given(counts(), st.data())
def test_pass_at_k_grows_with_k_and_with_correct_samples(count: tuple[int, int], data: st.DataObject) -> None:
    num_samples, num_correct = count
    k = data.draw(st.integers(1, num_samples))
    estimate = defined(num_samples, num_correct, k)
    assert 0 <= estimate <= 1
    assert (estimate == 0) == (num_correct == 0)
    if k < num_samples:
        assert estimate <= defined(num_samples, num_correct, k + 1)
    if num_correct < num_samples:
        assert estimate <= defined(num_samples, num_correct + 1, k)


def test_pass_at_k_is_certain_when_fewer_than_k_samples_are_wrong() -> None:
    assert pass_at_k(100, 91, 10) == 1.0
    assert defined(100, 90, 10) < 1.0


def test_pass_at_k_is_exact_for_large_numbers() -> None:
    # One correct sample among a million is among 1,000 drawn ones in one case of a thousand; C(10**6, 10**3) overflows
    # a float, and 1 - (1 - x) would lose ten digits of 1e-6.
    assert pass_at_k(1_000_000, 1, 1_000) == 0.001
    assert pass_at_k(1_000_000, 1, 1) == 1e-6


@given(counts(largest=30), st.data())
def test_pass_at_k_is_unbiased(pool: tuple[int, int], data: st.DataObject) -> None:
    # Averaged over every draw of n samples from a pool, the estimate is the pool's own pass@k, since k drawn from n
    # drawn from a pool are k drawn from the pool. The chance of c correct ones among n is hypergeometric.
    size, correct = pool
    n = data.draw(st.integers(1, size))
    k = data.draw(st.integers(1, n))
    ways = [math.comb(correct, c) * math.comb(size - correct, n - c) for c in range(n + 1)]
    mean = sum(way / sum(ways) * defined(n, c, k) for c, way in enumerate(ways))
    assert mean == pytest.approx(defined(size, correct, k))


def test_pass_at_k_is_undefined_when_samples_are_fewer_than_k() -> None:
    assert pass_at_k(9, 9, 10) is None
    assert pass_at_k(0, 0, 1) is None


@pytest.mark.parametrize(("num_samples", "num_correct", "k"), [(3, 4, 1), (3, -1, 1), (-1, 0, 1), (3, 1, 0)])
def test_impossible_counts_are_refused(num_samples: int, num_correct: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"no pass@{k} of {num_correct} correct samples among {num_samples}"):
        pass_at_k(num_samples, num_correct, k)


def test_the_mean_weighs_problems_equally_however_many_samples_they_have() -> None:
    assert mean_pass_at_k([(1, 1), (4, 1)], 1) == (1 + 0.25) / 2


def test_the_mean_leaves_out_problems_without_any_sample() -> None:
    assert mean_pass_at_k([(2, 1), (0, 0)], 1) == 0.5


def test_the_mean_is_undefined_when_a_problem_has_fewer_samples_than_k() -> None:
    assert mean_pass_at_k([(10, 5), (9, 9)], 10) is None


def test_the_mean_over_no_problem_is_undefined() -> None:
    assert mean_pass_at_k([], 1) is None
    assert mean_pass_at_k([(0, 0)], 1) is None


def test_wilson_interval_worked_by_hand() -> None:
    # p = 46/164 = 0.280488, z = 1.959964, z^2 = 3.841459, 1 + z^2/n = 1.0234236
    # centre = (0.280488 + 3.841459/328) / 1.0234236 = 0.2922 / 1.0234236 = 0.285512
    # half = 1.959964 * sqrt(0.280488 * 0.719512 / 164 + 3.841459 / (4 * 164^2)) / 1.0234236
    #      = 1.959964 * sqrt(0.00123058 + 0.0000357) / 1.0234236 = 0.069745 / 1.0234236 = 0.068149
    assert wilson_interval(46, 164) == pytest.approx((0.217363, 0.353661), abs=1e-6)


def test_wilson_interval_touches_the_ends_at_none_and_all_correct() -> None:
    # At p = 0 the upper bound is z^2/n / (1 + z^2/n) = 3.841459 / 167.841459 = 0.022887.
    assert wilson_interval(0, 164) == pytest.approx((0.0, 0.022887), abs=1e-6)
    assert wilson_interval(164, 164) == pytest.approx((1 - 0.022887, 1.0), abs=1e-6)
    assert wilson_interval(0, 164)[0] == 0.0
    assert wilson_interval(164, 164)[1] == 1.0


@given(counts(), st.floats(0.5, 0.999))
def test_wilson_interval_contains_the_share_and_is_symmetric(count: tuple[int, int], confidence: float) -> None:
    num_samples, num_correct = count
    low, high = wilson_interval(num_correct, num_samples, confidence)
    assert 0 <= low <= num_correct / num_samples <= high <= 1
    assert low < high
    mirrored_low, mirrored_high = wilson_interval(num_samples - num_correct, num_samples, confidence)
    assert (mirrored_low, mirrored_high) == pytest.approx((1 - high, 1 - low))


@given(counts(largest=100))
def test_wilson_bounds_are_where_the_score_test_just_rejects(count: tuple[int, int]) -> None:
    # The definition: |share - bound| = z * sqrt(bound * (1 - bound) / n), unless the bound is an end.
    num_samples, num_correct = count
    share = num_correct / num_samples
    for bound in wilson_interval(num_correct, num_samples):
        if 0 < bound < 1 and bound != share:
            assert abs(share - bound) == pytest.approx(
                1.959964 * math.sqrt(bound * (1 - bound) / num_samples), rel=1e-5
            )


@given(counts(), st.integers(2, 10))
def test_wilson_interval_narrows_with_samples_and_widens_with_confidence(count: tuple[int, int], times: int) -> None:
    def width(num_correct: int, num_samples: int, confidence: float = 0.95) -> float:
        low, high = wilson_interval(num_correct, num_samples, confidence)
        return high - low

    num_samples, num_correct = count
    assert width(times * num_correct, times * num_samples) < width(num_correct, num_samples)
    assert width(num_correct, num_samples) < width(num_correct, num_samples, 0.99)


def test_wilson_interval_without_samples_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("num_correct", "num_samples", "confidence"), [(2, 1, 0.95), (-1, 1, 0.95), (0, 1, 1.0)])
def test_impossible_intervals_are_refused(num_correct: int, num_samples: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="interval for"):
        wilson_interval(num_correct, num_samples, confidence)

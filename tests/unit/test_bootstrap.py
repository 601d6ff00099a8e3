from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.metrics import pass_at_k_interval, wilson_interval

shares = st.lists(st.integers(0, 10).map(lambda count: count / 10), min_size=2, max_size=60)


@pytest.mark.parametrize("skew", [0.3, 1.0, 4.0])
def test_the_interval_is_scipy_s_bca(skew: float) -> None:
    values = np.random.default_rng(5).beta(skew, 1.0, 164)
    low, high = bootstrap_interval(values.tolist()) or (0, 0)
    expected = bootstrap(
        (values,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(6)
    ).confidence_interval
    width = expected.high - expected.low
    assert low == pytest.approx(expected.low, abs=0.04 * width)
    assert high == pytest.approx(expected.high, abs=0.04 * width)


def test_the_interval_leans_to_the_side_of_the_skew() -> None:
    values = [0.0] * 150 + [1.0] * 14
    low, high = bootstrap_interval(values) or (0, 0)
    mean = 14 / 164
    assert high - mean > mean - low


@settings(max_examples=25)
@given(shares)
def test_the_interval_contains_the_mean_and_is_the_same_every_time(values: list[float]) -> None:
    interval = bootstrap_interval(values)
    assert interval == bootstrap_interval(values)
    if interval is None:
        assert max(values) == min(values)
    else:
        assert min(values) <= interval[0] <= sum(values) / len(values) <= interval[1] <= max(values)


def test_the_interval_of_pass_at_k_covers_the_truth_about_as_often_as_it_says() -> None:
    # 10 samples of each of 100 problems, whose chances are drawn from Beta(1, 2): pass@1 is 1/3.
    generator = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        correct = generator.binomial(10, generator.beta(1, 2, 100))
        low, high = pass_at_k_interval([(10, int(count)) for count in correct], 1) or (0, 0)
        covered += low <= 1 / 3 <= high
    assert 0.91 < covered / 200 < 0.99


def test_the_mean_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])


def test_one_sample_a_problem_has_wilson_s_interval() -> None:
    assert pass_at_k_interval([(1, 1)] * 3 + [(1, 0)] + [(0, 0)], 1) == wilson_interval(3, 4)


def test_equal_estimates_are_no_certainty() -> None:
    assert pass_at_k_interval([(5, 0)] * 20, 2) == wilson_interval(0, 20)
    low, high = pass_at_k_interval([(4, 2)] * 20, 1) or (0, 0)
    assert (low, high) == pytest.approx(wilson_interval(10, 20))


def test_undefined_pass_at_k_has_no_interval() -> None:
    assert pass_at_k_interval([(1, 1)], 2) is None
    assert pass_at_k_interval([], 1) is None

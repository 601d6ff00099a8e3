from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from pytest_humaneval.statistics.margin import (
    _chance,
    margin_limits,
    margin_p,
    mean_limits,
    scores,
)
from pytest_humaneval.statistics.noninferiority import MarginTest, margin_test
from pytest_humaneval.statistics.paired import ALPHA

tables = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 20)).filter(lambda table: sum(table) > 0)


def drop_of(now: str, before: str, margin: float) -> MarginTest:
    """A letter a problem: p passed, f failed."""
    sides = [{f"T/{number}": {0: letter == "p"} for number, letter in enumerate(side)} for side in (now, before)]
    found = margin_test("chat", sides[0], sides[1], margin)
    assert found is not None
    return found


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40))
def test_the_score_against_no_difference_is_mcnemar_s(better: int, worse: int, others: int) -> None:
    expected = (better - worse) / sqrt(better + worse) if better + worse else 0.0
    assert scores(better + worse + others, 0.0)[better, worse] == pytest.approx(expected)


@settings(max_examples=30)
@given(tables, st.floats(-0.6, 0.6))
def test_the_score_s_variance_is_that_of_the_likeliest_shares(table: tuple[int, int, int], difference: float) -> None:
    better, worse, _ = table
    problems = sum(table)

    def unlikelihood(chance: float) -> float:
        shares = np.array([chance + difference, chance, 1 - 2 * chance - difference])
        return float(-np.sum(np.array(table) * np.log(np.maximum(shares, 1e-300))))

    ends = max(0.0, -difference), (1 - difference) / 2
    chance = minimize_scalar(unlikelihood, bounds=ends, method="bounded", options={"xatol": 1e-9}).x
    deviation = sqrt(max(2 * chance + difference - difference**2, 0.0) / problems)
    found = scores(problems, difference)[better, worse]
    if deviation > 1e-3:
        assert found == pytest.approx(((better - worse) / problems - difference) / deviation, abs=0.01)


def test_the_chances_of_all_tables_add_up_to_one() -> None:
    everything = np.ones((165, 165), dtype=bool)
    for better, worse in ((0.0, 0.02), (0.1, 0.3), (0.5, 0.5)):
        assert _chance(everything, 164, better, worse) == pytest.approx(1)


def test_a_p_value_worked_by_hand() -> None:
    # 2 problems, the one better on both, against a difference of at most 0: no table is more extreme, and it is
    # likeliest where all problems differ: (1/2)^2.
    assert margin_p(2, 0, 2, 0.0) == pytest.approx(0.25)
    # One problem, no difference seen, against a loss of a half at least. Worse with a chance q of at least 1/2, better
    # with q - 1/2: the tables at least as good, "equal" and "better", have a chance of 1 - q, which is 1/2 at most.
    assert margin_p(0, 0, 1, -0.5) == pytest.approx(0.5)


@settings(max_examples=15)
@given(tables, st.floats(-0.5, 0.5))
def test_what_is_better_has_a_smaller_p_and_a_larger_loss_too(table: tuple[int, int, int], difference: float) -> None:
    better, worse, others = table
    problems = sum(table)
    p = margin_p(better, worse, problems, difference)
    if others:
        assert margin_p(better + 1, worse, problems, difference) <= p + 1e-9
    if p <= ALPHA:  # the order of tables depends on the difference: p may fall where it is large, and few problems are
        assert margin_p(better, worse, problems, difference - 0.1) <= ALPHA + 1e-9


@pytest.mark.parametrize("table", [(3, 5, 20), (0, 0, 12), (0, 4, 0), (2, 0, 9)])
def test_the_limits_contain_the_difference_and_are_where_p_is_alpha(table: tuple[int, int, int]) -> None:
    better, worse, _ = table
    problems = sum(table)
    low, high = margin_limits(better, worse, problems)
    assert -1 <= low <= (better - worse) / problems <= high <= 1
    if low > -1:
        assert margin_p(better, worse, problems, low - 0.001) < ALPHA < margin_p(better, worse, problems, low + 0.002)
    assert margin_p(worse, better, problems, -high - 0.001) < ALPHA < margin_p(worse, better, problems, -high + 0.002)


@pytest.mark.parametrize("side", ["holds", "does not"])
@pytest.mark.parametrize("margin", [0.02, 0.05])
def test_either_answer_is_wrong_in_five_percent_at_most(margin: float, side: str) -> None:
    """In simulated runs of 164 problems that lost just the margin, of which 2 to 40 % differ."""
    sign = -1 if side == "holds" else 1
    score = scores(164, sign * margin)
    smallest = _smallest_significant(score, sign * margin)
    for discordance in (margin, 0.06, 0.1, 0.2, 0.4):
        chances = [(discordance - margin) / 2, (discordance + margin) / 2, 1 - discordance]
        better, worse, _ = np.random.default_rng(7).multinomial(164, chances, size=20_000).T
        wrong = (score[better, worse] if side == "holds" else score[worse, better]) >= smallest - 1e-9
        assert wrong.mean() < ALPHA + 4 * sqrt(ALPHA * (1 - ALPHA) / 20_000)


def _smallest_significant(score: np.ndarray, difference: float) -> float:
    """The smallest score with p below alpha, as p falls where the score rises."""
    problems = len(score) - 1
    rows, columns = np.indices(score.shape)
    there = np.flatnonzero(rows + columns <= problems)
    order = there[np.argsort(score.ravel()[there])]
    low, high = 0, len(order) - 1  # not significant; significant
    while high - low > 1:
        middle = (low + high) // 2
        better, worse = map(int, divmod(order[middle], problems + 1))
        significant = margin_p(better, worse, problems, difference) < ALPHA
        low, high = (low, middle) if significant else (middle, high)
    return float(score.ravel()[order[high]])


def test_limits_of_several_samples_are_wrong_in_five_percent_at_most() -> None:
    """Where a few of 40 problems break altogether, which the bootstrap alone gets wrong in 18 %."""
    generator, wrong, margin = np.random.default_rng(3), 0, 0.03
    for _ in range(200):
        before = np.where(generator.random(40) < 0.5, 0.02, 0.98)
        now = np.where((generator.random(40) < margin / 0.48) & (before > 0.5), 0.02, before)
        low, _ = mean_limits((generator.binomial(5, now) / 5 - generator.binomial(5, before) / 5).tolist())
        wrong += low > -margin
    assert wrong / 200 < ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / 200)


def test_limits_of_equal_samples_still_have_a_width() -> None:
    low, high = mean_limits([0.0] * 164)
    assert -0.05 < low < 0 < high < 0.05


def test_impossible_counts_are_refused() -> None:
    for counts in ((-1, 0, 3, 0.0), (2, 2, 3, 0.0), (0, 0, 0, 0.0), (1, 1, 3, 1.0)):
        with pytest.raises(ValueError, match="no test of"):
            margin_p(*counts)


def test_a_test_says_within_beyond_or_neither() -> None:
    same, lost = "p" * 30 + "f" * 30, "f" * 12 + "p" * 18 + "f" * 30
    assert drop_of(same, same, 0.1).within is True
    assert drop_of(lost, same, 0.05).within is False
    assert drop_of(lost, same, 0.2).within is None
    assert drop_of(same, lost, 0.05).within is True  # better is no drop
    assert drop_of("pf", "pf", 0.05).within is None


def test_several_samples_are_tested_by_their_means() -> None:
    before = {f"T/{number}": {index: index < number % 6 for index in range(5)} for number in range(120)}
    found = margin_test("chat", before, before, 0.05)
    assert found is not None
    assert (found.problems, found.difference, found.within) == (120, 0, True)
    worse = {task_id: dict.fromkeys(samples, False) for task_id, samples in before.items()}
    found = margin_test("chat", worse, before, 0.05)
    assert found is not None
    assert (found.difference, found.within) == (-0.5, False)


@pytest.mark.parametrize(("samples", "lost"), [(1, 12), (2, 14)])
def test_a_larger_drop_has_to_show_among_as_many_as_are_tested(samples: int, lost: int) -> None:
    """One of them is enough to say so, while all of them have to show that it is smaller."""
    before = {f"T/{number}": dict.fromkeys(range(samples), True) for number in range(60)}
    now = {**before, **{f"T/{number}": dict.fromkeys(range(samples), False) for number in range(lost)}}
    alone, among_ten = (margin_test("chat", now, before, 0.1, tests) for tests in (1, 10))
    assert alone is not None
    assert among_ten is not None
    assert (alone.within, among_ten.within) == (False, None)
    assert alone.limits == among_ten.limits
    same = margin_test("chat", before, before, 0.1, 10)
    assert same is not None
    assert same.within is True


def test_nothing_in_common_is_not_tested() -> None:
    assert margin_test("chat", {"T/0": {0: True}}, {"T/1": {0: True}}, 0.1) is None

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.page import write_page
from pytest_humaneval.report.reliability_table import reliability_lines
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.metrics import mean_interval, pass_at_k, wilson_interval
from pytest_humaneval.statistics.reliability import all_pass_at_k, reliability_of

counts = st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))


def outcome(task: int, index: int, text: str, kind: str = "assertion", finish_reason: str = "stop") -> Outcome:
    return Outcome(f"T/{task}", "chat", index, kind, completion=text, finish_reason=finish_reason)


@given(counts)
def test_pass_hat_k_is_the_share_of_all_choices_of_k_that_pass_throughout(given_ones: tuple[int, int, int]) -> None:
    n, c, k = given_ones
    choices = list(combinations(range(n), k))
    expected = sum(all(index < c for index in choice) for choice in choices) / len(choices)
    assert all_pass_at_k(n, c, k) == pytest.approx(expected)


@given(counts)
def test_pass_hat_k_is_pass_at_k_of_the_wrong_ones_turned_round(given_ones: tuple[int, int, int]) -> None:
    """Not all pass where one of k does not: the same estimator with right and wrong exchanged."""
    n, c, k = given_ones
    all_pass, one_fails = all_pass_at_k(n, c, k), pass_at_k(n, n - c, k)
    assert all_pass is not None
    assert one_fails is not None
    assert all_pass == pytest.approx(1 - one_fails)
    assert all_pass <= (all_pass_at_k(n, c, 1) or 0) + 1e-12
    if c < n:
        assert all_pass <= (all_pass_at_k(n, c + 1, k) or 0)


def test_it_is_undefined_for_fewer_samples_and_impossible_counts_are_refused() -> None:
    assert all_pass_at_k(2, 2, 3) is None
    with pytest.raises(ValueError, match=r"no pass\^2 of 3 correct samples among 2"):
        all_pass_at_k(2, 3, 2)


def test_it_has_no_bias() -> None:
    correct = np.random.default_rng(1).binomial(6, 0.7, 20_000)
    found = np.mean([all_pass_at_k(6, int(count), 3) for count in correct])
    assert found == pytest.approx(0.7**3, abs=4 * 0.35 / sqrt(20_000))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # 6 samples of each of 80 problems with chances from Beta(2, 1): the mean of p^2 is 1/2.
    generator, covered = np.random.default_rng(4), 0
    for _ in range(150):
        correct = generator.binomial(6, generator.beta(2, 1, 80))
        low, high = mean_interval([all_pass_at_k(6, int(count), 2) or 0.0 for count in correct])
        covered += low <= 0.5 <= high
    assert 0.89 < covered / 150 < 0.995


def test_a_strategy_s_figures_worked_by_hand() -> None:
    outcomes = [
        *(outcome(0, index, "a" if index < 3 else "b", "passed") for index in range(4)),
        *(outcome(1, index, "a", "passed" if index < 2 else "assertion") for index in range(2)),
        outcome(2, 0, "", "empty"),
        outcome(2, 1, "(", "syntax error", finish_reason="length"),
        outcome(2, 2, "lost", "error"),
    ]
    (found,) = reliability_of(outcomes, (1, 3))
    assert (found.strategy, found.problems, found.samples) == ("chat", 3, 8)
    assert list(found.all_pass) == [2, 3]
    two = found.all_pass[2]
    assert two is not None
    assert two.value == pytest.approx(2 / 3)
    assert found.all_pass[3] is None  # two problems have two samples
    assert found.same_answer.value == pytest.approx((3 / 4 + 1 + 1 / 2) / 3)
    assert found.empty.value == found.cut_off.value == found.unparsable.value == pytest.approx(1 / 6)


def test_what_never_happened_may_still_happen() -> None:
    (found,) = reliability_of([outcome(task, index, "a", "passed") for task in range(20) for index in (0, 1)], ())
    assert found.empty.interval == wilson_interval(0, 20)
    assert found.same_answer.interval == wilson_interval(20, 20)


def test_one_sample_a_problem_says_nothing_of_reliability() -> None:
    assert reliability_of([outcome(0, 0, "a"), outcome(1, 0, "b")], (1, 10)) == []
    assert reliability_lines([], 80) == []


def test_the_table_has_problems_and_samples_beside_every_figure() -> None:
    rows = reliability_of([outcome(task, index, "a", "passed") for task in range(4) for index in (0, 1)], (1,))
    lines = reliability_lines(rows, 160)
    head, row = lines[-2:]
    assert head.split()[:4] == ["strategy", "problems", "samples", "pass^2"]
    assert row.split()[:4] == ["chat", "4", "8", "1.000"]


def test_the_page_shows_it(tmp_path: Path) -> None:
    rows = [outcome(task, index, "a", "passed") for task in range(4) for index in (0, 1)]
    write_page(tmp_path / "page.html", Results(tuple(rows)), [], prompts={})
    text = (tmp_path / "page.html").read_text()
    assert "pass^2" in text
    assert "<td>4</td><td>8</td>" in text


def test_what_was_stopped_early_has_no_interval_here_either() -> None:
    judged = [outcome(task, index, "x") for task in range(9) for index in range(2)]
    stopped = [replace(one, strategy="cot", stopped="futile" * one.task_id.endswith("8")) for one in judged]
    assert [row.strategy for row in reliability_of([*judged, *stopped], (1,))] == ["chat"]

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial

from pytest_humaneval.statistics.margin import margin_p, mean_limits
from pytest_humaneval.statistics.margin_sizing import (
    MOST_EXACT,
    problems_for_margin,
    problems_for_mean_margin,
    rules_out,
)
from pytest_humaneval.statistics.noninferiority import margin_test
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.statistics.sizing import smallest_margin


def power_of(problems: int, margin: float, discordance: float) -> float:
    """By a p-value for each table, and scipy's chance of it."""
    shares = [discordance / 2, discordance / 2, 1 - discordance]
    tables = ((better, worse) for better, worse in product(range(problems + 1), repeat=2) if better + worse <= problems)
    return float(
        sum(
            multinomial.pmf([better, worse, problems - better - worse], problems, shares)
            for better, worse in tables
            if margin_p(better, worse, problems, -margin) < ALPHA
        )
    )


def power_by_draws(problems: int, margin: float, discordance: float) -> float:
    """The same for more problems, by the tables that are drawn, each judged as a gate judges it."""
    shares = [discordance / 2, discordance / 2, 1 - discordance]
    drawn = np.random.default_rng(5).multinomial(problems, shares, size=4_000)
    tables, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passes = [margin_p(int(better), int(worse), problems, -margin) < ALPHA for better, worse in tables]
    return float(counts[passes].sum() / counts.sum())


@pytest.mark.parametrize(
    ("margin", "discordance", "named", "power", "with_one_less"),
    [(0.3, 0.02, 10, 0.91, 0.08), (0.5, 0.1, 8, 0.945, 0.77), (0.9, 0.1, 2, 0.90, 0.05)],
)
def test_few_problems_have_the_power_that_every_table_adds_up_to(
    margin: float, discordance: float, named: int, power: float, with_one_less: float
) -> None:
    """Where Nam's formula names 9, 6 and 1."""
    assert problems_for_margin(margin, discordance) == named
    assert power_of(named, margin, discordance) == pytest.approx(power, abs=0.01)
    assert power_of(named - 1, margin, discordance) == pytest.approx(with_one_less, abs=0.01)


@pytest.mark.parametrize(("margin", "discordance", "formula"), [(0.4, 1.0, 35), (0.4, 0.4, 16), (0.2, 0.1, 26)])
def test_the_number_has_the_power_and_one_less_has_not(margin: float, discordance: float, formula: int) -> None:
    """Whether the search had to go up from Nam's formula or could go down."""
    named = problems_for_margin(margin, discordance)
    assert named != formula
    assert power_by_draws(named, margin, discordance) > 0.8 - 0.02
    assert power_by_draws(named - 1, margin, discordance) < 0.8 + 0.02
    assert rules_out(named, margin, discordance)
    assert not rules_out(named - 1, margin, discordance)


def test_the_number_is_no_tooth_of_the_saw() -> None:
    """93 problems have the power, 94 have not; from 103 on all of them have it."""
    assert rules_out(93, 0.05, 0.02)
    assert not rules_out(94, 0.05, 0.02)
    assert problems_for_margin(0.05, 0.02) == 103
    assert all(rules_out(problems, 0.05, 0.02) for problems in range(103, 120))


def test_many_problems_are_nam_s() -> None:
    # (1.645 sqrt(v) + 0.842 sqrt(0.1))^2 / 0.03^2, with Tango's restricted variance v = 0.1066, by hand: 716.9.
    assert problems_for_margin(0.03, 0.1) == 717 > MOST_EXACT
    assert rules_out(717, 0.03, 0.1)
    assert not rules_out(716, 0.03, 0.1)
    assert problems_for_margin(0.02, 0.1) > problems_for_margin(0.03, 0.1) < problems_for_margin(0.03, 0.2)


def test_the_smallest_margin_is_what_so_many_problems_rule_out() -> None:
    margin = smallest_margin(40, 0.1)
    assert power_by_draws(40, margin, 0.1) > 0.8 - 0.02
    assert power_by_draws(40, margin - 0.02, 0.1) < 0.8


@pytest.mark.parametrize(("margin", "deviation", "without"), [(0.1, 0.1, 7), (0.05, 0.1, 25), (0.1, 0.25, 39)])
def test_several_samples_take_what_the_added_problem_takes_too(margin: float, deviation: float, without: int) -> None:
    """Simulated: differences of 0.2 and 0.4 either way, with the limits that a gate uses."""
    problems = problems_for_mean_margin(margin, deviation)
    generator = np.random.default_rng(2)

    def shown(number: int) -> float:
        drawn = generator.choice([-0.4, -0.2, 0.2, 0.4], (150, number))
        drawn[generator.random((150, number)) >= deviation**2 / 0.1] = 0
        return float(np.mean([mean_limits(differences.tolist())[0] > -margin for differences in drawn]))

    assert shown(without) < 0.6 < shown(problems + 2)
    assert shown(problems) < 0.9


def test_a_gate_names_as_many_as_that() -> None:
    same = {f"T/{number}": {0: True} for number in range(9)}
    test = margin_test("chat", {**same, "T/0": {0: False}}, same, 0.4)
    assert test is not None
    assert (test.within, test.needed) == (None, problems_for_margin(0.4, 1 / 9))

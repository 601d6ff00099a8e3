from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_humaneval.__main__ import main
from pytest_humaneval.report.study import Question, cost_of, study_lines
from pytest_humaneval.results.read import read_results
from pytest_humaneval.statistics.margin_sizing import problems_for_margin
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import detectable, mcnemar_power, paired_interval
from pytest_humaneval.statistics.sizing import (
    problems_for_difference,
    problems_for_figure_width,
    problems_for_width,
    smallest_margin,
    with_samples,
)

PUBLISHED = Path(__file__).parents[2] / "benchmarks" / "results"
MAIN_JOB = PUBLISHED / "main_job"


@pytest.mark.parametrize(("difference", "discordance"), [(0.1, 0.2), (0.2, 0.3), (0.15, 0.15)])
def test_it_is_the_number_with_just_enough_power(difference: float, discordance: float) -> None:
    problems = problems_for_difference(difference, discordance)
    assert mcnemar_power(problems, discordance, difference) >= 0.8
    assert mcnemar_power(problems - 1, discordance, difference) < 0.8


def test_it_is_the_reverse_of_the_smallest_detectable_difference() -> None:
    smallest = detectable(164, 0.2)
    assert smallest is not None
    assert problems_for_difference(smallest, 0.2) <= 164 < problems_for_difference(smallest - 1 / 164, 0.2)


def test_large_numbers_are_connor_s() -> None:
    # (1.95996 sqrt(0.2) + 0.84162 sqrt(0.2 - 0.03^2))^2 / 0.03^2, by hand: 1741.8.
    assert problems_for_difference(0.03, 0.2) == 1742


@settings(max_examples=15)
@given(st.floats(0.05, 0.3), st.floats(0.02, 0.2))
def test_more_is_needed_for_less(discordance: float, smaller: float) -> None:
    difference = min(smaller, discordance / 2)
    assert problems_for_difference(difference, discordance) >= problems_for_difference(discordance, discordance)
    assert problems_for_width(difference, discordance) >= problems_for_width(2 * difference, discordance)
    assert smallest_margin(60, discordance) >= smallest_margin(400, discordance)


@pytest.mark.parametrize(("width", "discordance"), [(0.1, 0.2), (0.1, 0.02), (0.3, 0.05), (0.02, 0.2)])
def test_the_width_of_a_difference_is_that_of_the_interval_that_is_shown(width: float, discordance: float) -> None:
    """With about as many better as worse, whatever passes of the rest; and with one problem less, some is wider."""

    def widest(problems: int) -> float:
        either, same = problems * discordance / 2, problems * (1 - discordance)
        ends = [paired_interval(same * part, either, either, same * (1 - part)) for part in np.linspace(0, 1, 201)]
        return max(high - low for low, high in ends)

    problems = problems_for_width(width, discordance)
    assert widest(problems) <= width * 1.001
    assert widest(problems - 1) > width


def test_the_width_of_a_difference_is_that_of_simulated_ones() -> None:
    problems = problems_for_width(0.03, 0.2)
    drawn = np.random.default_rng(1).choice([-1, 0, 1], (2_000, problems), p=[0.1, 0.8, 0.1]).mean(axis=1)
    assert 2 * 1.96 * drawn.std() == pytest.approx(0.03, rel=0.06)


def test_the_width_of_a_figure_is_wilson_s_at_a_half() -> None:
    problems = problems_for_figure_width(0.1)
    widths = [high - low for low, high in (wilson_interval(n / 2, n) for n in (problems - 1, problems))]
    assert widths[0] > 0.1 >= widths[1]


def test_the_smallest_margin_is_the_reverse_of_the_problems_for_it() -> None:
    margin = smallest_margin(164, 0.1)
    assert problems_for_margin(margin, 0.1) <= 164 < problems_for_margin(margin - 0.003, 0.1)


def test_samples_help_between_their_number_and_not_at_all() -> None:
    """Simulated: where problems are equally hard for both, 4 samples are worth 4 times as many problems; and where a
    problem is always solved by one only, they are worth nothing.
    """
    generator = np.random.default_rng(2)
    chances = generator.beta(0.6, 0.6, (2_000, 50))
    one, four = ((generator.binomial(k, chances) - generator.binomial(k, chances)) / k for k in (1, 4))
    assert one.mean(axis=1).var() / four.mean(axis=1).var() == pytest.approx(4, rel=0.15)
    assert with_samples(640, 4) == (160, 640)
    assert with_samples(641, 4) == (161, 641)


def test_the_command_answers_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--difference=0.1", "--width=0.1", "--margin=0.05", "--samples=5", f"--like={MAIN_JOB}"]
    assert main(["plan", *asked]) == 0
    told = " ".join(capsys.readouterr().out.split())
    problems = problems_for_difference(0.1, 0.2)
    assert f"detected with 80% power at alpha 0.05: {-(-problems // 5)} to {problems} problems with 5 samples" in told
    assert f"interval of width 0.1: {-(-problems_for_width(0.1, 0.2) // 5)} to" in told
    assert "there is HumanEval with 164 problems, which with one sample each and 80% power can show a " in told
    most = max(problems_for_margin(0.05, 0.2), problems_for_figure_width(0.1)) * 5
    rows = [json.loads(line) for line in (MAIN_JOB / "results.jsonl").read_text().splitlines()]
    each = sum(row["completion_tokens"] for row in rows) / len(rows)
    assert f"at most {most:,} answers per strategy, about {round(most * each):,} tokens and" in told
    assert f"judging by the 164 answers of {MAIN_JOB}" in told.replace("- ", "-")


def test_an_answer_made_of_several_draws_takes_the_time_of_all() -> None:
    """492 answers of guided strategies were made of 1,853 draws, of which the engine generated 869."""
    run = read_results(PUBLISHED / "table" / "guided")
    cost, process = cost_of(run), run.run["engine_process"]
    assert cost is not None
    assert cost.seconds is not None
    assert cost.tokens == sum(outcome.completion_tokens for outcome in run.outcomes) / 492
    assert cost.seconds / cost.tokens == pytest.approx(process["generating_seconds"] / process["tokens"])


def test_a_study_without_a_former_run_says_how_to_give_one() -> None:
    lines = study_lines(Question(margin=0.1), "T", 3, None, 200)
    assert "one sample each" in lines[1]
    assert lines[2].startswith("there is  T with 3 problems, which with one sample each and 80% power can show no ")
    assert lines[-1].endswith("give --like=DIR, a folder of --humaneval-output, for an estimate of what they take")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "plan: say what is to be shown: give --difference, --width or --margin"),
        (
            ["--difference=0.3"],
            "--difference=0.3 is more than --discordance=0.2, the share of problems that",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(options: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *options]) == 4
    assert told in capsys.readouterr().err


def test_the_power_is_that_of_simulated_studies() -> None:
    problems = problems_for_difference(0.1, 0.2)
    better, worse, _ = np.random.default_rng(3).multinomial(problems, [0.15, 0.05, 0.8], size=4_000).T
    z = (better - worse) / np.sqrt(np.maximum(better + worse, 1))
    assert np.mean(z > 1.96) == pytest.approx(0.8, abs=4 * sqrt(0.16 / 4_000) + 0.05)  # the exact test is cautious

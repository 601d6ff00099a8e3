"""Problems with code behind the completion, as HumanEval-Infilling has them: read, asked, mended and judged."""

from __future__ import annotations

import importlib
import json
import random
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval import Problem, Strategy, read_problems
from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.exceptions import DatasetError, StrategyError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess import POST_V1, POST_V5, POSTPROCESSORS, PostProcessor, Step
from pytest_humaneval.prompting.registry import refuse_those_that_fill_no_gap
from pytest_humaneval.results.interchange import FORMATS
from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED as REWRITES
from pytest_humaneval.sandbox.judgeable import SolutionTrial
from pytest_humaneval.store.verdicts import key_of
from pytest_humaneval.strengthen.problems import Settings
from pytest_humaneval.strengthen.strengthening import strengthen
from pytest_humaneval.testing import ADD

TOTAL = Problem(
    "SingleLineInfilling/T/0/L1",
    'def total(items):\n    """Their sum."""\n    value = 0\n    for item in items:\n',
    "total",
    "        value += item\n",
    "def check(candidate):\n    assert candidate([1, 2]) == 3\n",
    suffix="    return value\n",
)
ALL = read_problems()
BUNDLED: tuple[Strategy, ...] = importlib.import_module("pytest_humaneval.strategies").bundled()
FIM = next(strategy for strategy in BUNDLED if strategy.name == "fim")


def with_gap(problem: Problem, start: int, end: int) -> Problem:
    """The problem with a gap in its solution, as a random span of HumanEval-Infilling is one."""
    code = problem.canonical_solution
    start, end = sorted((start % (len(code) + 1), end % (len(code) + 1)))
    return replace(problem, prompt=problem.prompt + code[:start], canonical_solution=code[start:end], suffix=code[end:])


def some_gaps(count: int) -> list[Problem]:
    chance = random.Random(count)
    return [
        with_gap(problem, chance.randrange(10_000), chance.randrange(10_000)) for problem in chance.sample(ALL, count)
    ]


def test_a_file_of_gaps_is_read_whole_and_its_digest_is_of_all_of_it(tmp_path: Path) -> None:
    row = {name: value for name, value in asdict(TOTAL).items() if name not in ("shown", "strong_test")}
    (tmp_path / "gaps.jsonl").write_text(json.dumps(row) + "\n")
    dataset = read_dataset(tmp_path / "gaps.jsonl")
    assert dataset.problems == (TOTAL,)
    assert Dataset.of("gaps", [TOTAL]).sha256 != Dataset.of("gaps", [replace(TOTAL, suffix="")]).sha256


def test_prompt_completion_and_suffix_are_the_program_that_is_judged() -> None:
    assert check_correctness(TOTAL, TOTAL.canonical_solution).passed
    assert check_correctness(TOTAL, "        value = item\n").kind == "assertion"
    assert (
        check_correctness(TOTAL, "        value += item").kind == "syntax error"
    )  # the suffix needs a line of its own
    assert check_correctness(replace(TOTAL, suffix="    return 3\n"), "        pass\n").passed


@pytest.mark.parametrize("problem", some_gaps(12), ids=lambda problem: problem.task_id)
def test_the_solution_of_a_gap_anywhere_in_a_program_passes(problem: Problem) -> None:
    assert check_correctness(problem, problem.canonical_solution).passed


def test_a_test_may_use_what_stands_before_a_gap() -> None:
    cyclic = next(problem for problem in ALL if problem.task_id == "HumanEval/38")  # its test calls encode_cyclic
    half = len(cyclic.canonical_solution) // 2
    problem = with_gap(cyclic, half, half + 4)
    assert check_correctness(problem, problem.canonical_solution).passed


def test_verdicts_and_the_trial_of_solutions_depend_on_the_suffix() -> None:
    other = replace(TOTAL, suffix="    return value + 1\n")
    assert key_of(TOTAL, "", 1.0, "") != key_of(other, "", 1.0, "")

    class Nameless:
        name, layers = "x", ()

    keys = {SolutionTrial.of(Nameless(), [problem], 1.0).key for problem in (TOTAL, other)}  # type: ignore[arg-type]
    assert len(keys) == 2


@pytest.mark.parametrize("processor", POSTPROCESSORS.values(), ids=POSTPROCESSORS)
@given(st.sampled_from(ALL), st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_post_processor_changes_what_fills_a_gap(
    processor: PostProcessor, whole: Problem, start: int, end: int
) -> None:
    problem = with_gap(whole, start, end)
    assert processor(problem.visible(), problem.canonical_solution).text == problem.canonical_solution


@pytest.mark.parametrize("processor", [POST_V1, POST_V5], ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("        value += item\n<|fim_pad|>and more", "        value += item\n"),
        ("        value += item\n        def broken(\n", "        value += item\n"),
        ("        value += item\n    return value\n\nThat is all.", "        value += item\n    return value\n\n"),
        ("no code (", "no code ("),
        ("        value = (\n", "        value = (\n"),  # nothing would be left, which might do as well
    ],
)
def test_the_end_of_an_answer_in_a_gap_is_mended_and_nothing_is_added(
    processor: PostProcessor, text: str, kept: str
) -> None:
    made = processor(TOTAL.visible(), text)
    assert made.text == kept
    assert processor(TOTAL.visible(), made.text).text == kept


def test_a_step_of_ones_own_sees_the_suffix() -> None:
    own = PostProcessor("own", "", (Step("suffix", lambda problem, text: text + problem.suffix),))
    assert own(TOTAL.visible(), "x").text == f"x{TOTAL.suffix}"


def test_fim_shows_both_sides_of_the_gap() -> None:
    prompt = FIM.build_prompt(TOTAL.visible())
    assert prompt.text == f"<|fim_prefix|>{TOTAL.prompt}<|fim_suffix|>{TOTAL.suffix}<|fim_middle|>"
    assert "\ndef " not in prompt.stop  # a gap may hold that
    assert "\ndef " in FIM.build_prompt(ADD).stop


def test_strategies_that_do_not_show_the_suffix_are_refused() -> None:
    refuse_those_that_fill_no_gap(BUNDLED, ALL)
    refuse_those_that_fill_no_gap([FIM], [*ALL, TOTAL])
    others = [strategy for strategy in BUNDLED if strategy is not FIM]
    refuse_those_that_fill_no_gap(others, [replace(TOTAL, suffix="\n\n")])
    with pytest.raises(StrategyError, match=r"^--strategy: minimal, .* the gap in SingleLineInfilling/T/0/L1; .*fim"):
        refuse_those_that_fill_no_gap(others, [*ALL, TOTAL])
    own = Strategy("own", "", lambda problem: FIM.build_prompt(problem), fills_gap=True)
    refuse_those_that_fill_no_gap([own], [TOTAL])


def test_evalplus_programs_are_whole_and_come_back_as_what_fills_the_gap(tmp_path: Path) -> None:
    (row,) = FORMATS["evalplus"].export([Outcome(TOTAL.task_id, "fim", 0, completion="X")], [TOTAL])
    assert row["solution"] == f"{TOTAL.prompt}X{TOTAL.suffix}"
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    imported = FORMATS["evalplus"].read(tmp_path / "rows.jsonl", [TOTAL], "fim")
    assert [outcome.completion for outcome in imported.outcomes] == ["X"]


def test_gaps_are_neither_rewritten_nor_strengthened(tmp_path: Path) -> None:
    for rewrite in REWRITES.values():
        assert rewrite.apply(TOTAL, 0, lambda problem, calls: [None for _ in calls]) is None
    (tmp_path / "gaps.jsonl").write_text(json.dumps(asdict(TOTAL)) + "\n")
    with pytest.raises(DatasetError, match="SingleLineInfilling/T/0/L1 is a gap in a program; strengthen the problems"):
        strengthen(str(tmp_path / "gaps.jsonl"), [], tmp_path / "strong.jsonl", settings=Settings())

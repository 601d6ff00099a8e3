"""Successive halving over text prompts: who goes on, what is asked, and what is left behind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_data import written_mbpp
from test_distillation import DATA
from tiny_training import SHORT, silent, tiny_directory

from pytest_humaneval import Problem
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.prompting.text_strategy import TextPrompt, read_text_prompt
from soft_prompt import text_search
from soft_prompt.__main__ import main
from soft_prompt.config import override
from soft_prompt.text_search import RECIPE, candidates, halved, search_text

PROBLEMS = DATA.train * 4


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40, unique=True), st.integers(1, 30))
def test_the_best_of_all_problems_is_left_whoever_it_is(strengths: list[int], first: int) -> None:
    prompts = [TextPrompt(persona=str(strength)) for strength in strengths]
    asked: Counter[str] = Counter()

    def solved(prompt: TextPrompt, problems: Sequence[Problem]) -> int:
        asked[prompt.persona] += len(problems)
        return int(prompt.persona) * len(problems)

    assert halved(prompts, PROBLEMS, first, solved, silent).persona == str(max(strengths))
    assert all(count <= len(PROBLEMS) for count in asked.values()), "no problem is asked twice"
    rounds = sorted(Counter(asked.values()).items())
    seen = min(first, len(PROBLEMS))
    for count, several in rounds:
        assert count == seen, "each round has twice the problems of the one before"
        assert several >= 1
        seen = min(2 * seen, len(PROBLEMS))


def test_of_equal_prompts_the_shorter_one_goes_on() -> None:
    prompts = [TextPrompt(persona="longer"), TextPrompt(), TextPrompt(persona="long")]
    assert halved(prompts, PROBLEMS, 2, lambda prompt, problems: 1, silent) == TextPrompt()


def test_candidates_differ_and_the_recipe_is_one() -> None:
    several = candidates(32, seed=0)
    assert (len(set(several)), several[0]) == (32, RECIPE)
    assert candidates(32, seed=0) == several != candidates(32, seed=1)
    everything = candidates(10_000, seed=0)
    assert len(set(everything)) == len(everything) == 4 * 5 * (5 + 2)
    assert {one.form for one in several} == {"chat", "completion"}


def test_a_search_leaves_a_strategy_and_goes_on_without_asking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_mbpp(tmp_path)
    config = override(SHORT, data=str(tmp_path / "mbpp.jsonl"), max_completion_length=3)
    model, cache, output = str(tiny_directory()), tmp_path / "cache", tmp_path / "out"
    said: list[str] = []
    found = search_text(config, model, cache, output, 4, 1, said.append)
    assert read_text_prompt(output / "text_prompt.json") == found.prompt
    assert (found.passed, found.problems) == (0, 3), "noise solves nothing"
    assert said[2:] == [line for line in said[2:] if " problems each: 0.000 at best, " in line]
    verdicts = (output / "text_search.jsonl").read_text()
    assert len(verdicts.splitlines()) == 4 * 1 + 2 * 1 + 3  # four with one problem, two with a second, one validated

    def never(*_: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(text_search.Answers, "_ask", never)
    assert search_text(config, model, cache, output, 4, 1, silent) == found
    with pytest.raises(ModelError, match="is of another model, precision or length"):
        search_text(override(config, max_completion_length=4), model, cache, output, 4, 1, silent)


def test_numbers_that_make_no_search_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["text-search", f"--output={tmp_path}", "--candidates=0"]) == 4
    assert "--candidates and --problems are whole numbers from 1" in capsys.readouterr().err


def test_humaneval_is_not_searched_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"task_id": "HumanEval/0", "text": "", "code": "def f():\n    pass", "test_list": ["assert f()"]}
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(row) + "\n")
    asked = ["text-search", f"--output={tmp_path / 'out'}", f"--data={tmp_path / 'mbpp.jsonl'}"]
    assert main(asked) == 4
    assert "nothing is trained on HumanEval" in capsys.readouterr().err

"""The bundled strategies, loaded the way the plugin loads them."""

from __future__ import annotations

import importlib

import pytest

from pytest_humaneval import Problem, Strategy
from pytest_humaneval.dataset import read_problems

BUNDLED: tuple[Strategy, ...] = importlib.import_module("pytest_humaneval.strategies").bundled()
PROBLEMS = tuple(problem.visible() for problem in read_problems())


def renamed(problem: Problem, name: str) -> Problem:
    """The same problem under another name: entry point, task and every mention in the prompt."""
    prompt = problem.prompt.replace(problem.entry_point, name)
    return Problem(task_id="Other/1", prompt=prompt, entry_point=name, canonical_solution="", test="")


def test_names_are_unique() -> None:
    names = [strategy.name for strategy in BUNDLED]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("strategy", BUNDLED, ids=lambda each: each.name)
def test_a_prompt_is_of_the_mode_its_strategy_declares(strategy: Strategy) -> None:
    assert {strategy.build_prompt(problem).mode for problem in PROBLEMS} == {strategy.mode}


@pytest.mark.parametrize("strategy", BUNDLED, ids=lambda each: each.name)
def test_no_template_field_is_left_in_a_prompt(strategy: Strategy) -> None:
    for problem in PROBLEMS:
        prompt = strategy.build_prompt(problem)
        assert problem.prompt.strip() in prompt.text + "".join(message.content for message in prompt.messages)
        assert "$prompt" not in prompt.text + "".join(message.content for message in prompt.messages)

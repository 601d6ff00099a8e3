"""The bundled strategies, loaded the way the plugin loads them."""

from __future__ import annotations

import doctest
import importlib
import re
from dataclasses import replace
from typing import Any

import pytest

from pytest_humaneval import FUNCTION_END, Category, Problem, Prompt, Strategy, category, read_problems
from pytest_humaneval.testing import check_strategy

BUNDLED: dict[str, Strategy] = {
    strategy.name: strategy for strategy in importlib.import_module("pytest_humaneval.strategies").bundled()
}
EXAMPLES = importlib.import_module("pytest_humaneval.strategies.worked_examples").WORKED_EXAMPLES
PROBLEMS = tuple(problem.visible() for problem in read_problems())
EVERY_NAME = {
    *("minimal", "minimal_v0", "minimal_v2", "minimal_v3", "minimal_v4", "minimal_v5", "minimal_v6", "minimal_v7"),
    *("infilling", "fim", "instructional", "fewshot", "cot", "datadriven", "helper", "example_v0", "opt1"),
    *("expert", "expert_v00", "expert_v0", "expert_v1", "expert_v2"),
    *("optimized_v1", "optimized_v2", "optimized_v3", "chat", "chat_fewshot", "chat_cot"),
    *("qwen_base", "qwen_instruct", "evalplus_chat", "lm_eval_instruct"),
    *("best_of", "vote", "repair", "best_of_adaptive", "vote_adaptive", "review"),
}

each_strategy = pytest.mark.parametrize("strategy", BUNDLED.values(), ids=BUNDLED)


def everything_asked(prompt: Prompt) -> str:
    return prompt.text + "\n".join(message.content for message in prompt.messages)


def last_words(prompt: Prompt) -> str:
    """Where the model goes on."""
    return prompt.messages[-1].content if prompt.messages else prompt.text


def test_every_strategy_of_the_list_is_there_once() -> None:
    names = [strategy.name for strategy in importlib.import_module("pytest_humaneval.strategies").bundled()]

    assert sorted(names) == sorted(EVERY_NAME)


@each_strategy
def test_a_strategy_keeps_the_rules_of_every_strategy(strategy: Strategy) -> None:
    check_strategy(strategy, read_problems())


@pytest.mark.parametrize("strategy", [each for each in BUNDLED.values() if each.guided], ids=lambda each: each.name)
def test_guided_strategies_begin_with_a_question_in_chat_form(strategy: Strategy) -> None:
    assert {strategy.build_prompt(problem).mode for problem in PROBLEMS} == {"chat"}


@each_strategy
def test_a_prompt_holds_the_whole_problem(strategy: Strategy) -> None:
    for problem in PROBLEMS:
        assert problem.prompt.strip() in everything_asked(strategy.build_prompt(problem))


@each_strategy
def test_no_template_field_is_left_in_a_prompt(strategy: Strategy) -> None:
    assert not [each.task_id for each in PROBLEMS if "$" in everything_asked(strategy.build_prompt(each))]


@each_strategy
def test_only_completions_stop_at_statements_and_no_answer_stops_at_an_opening_fence(strategy: Strategy) -> None:
    for problem in PROBLEMS:
        prompt = strategy.build_prompt(problem)
        if prompt.mode == "completion":
            assert prompt.stop[: len(FUNCTION_END)] == FUNCTION_END
            assert all(re.fullmatch(r"<\|\w+\|>", stop) for stop in prompt.stop[len(FUNCTION_END) :])
        elif "\n```" in prompt.stop:
            assert "```python\n" in last_words(prompt)


@pytest.mark.parametrize(
    ("name", "framed"),
    [
        ("expert_v00", {Category.STRING}),
        ("expert_v0", {Category.STRING}),
        ("expert_v1", {Category.STRING, Category.LIST}),
        ("expert_v2", {Category.STRING, Category.LIST, Category.SORTING}),
        ("example_v0", {Category.STRING, Category.LIST, Category.SORTING}),
        ("opt1", {Category.STRING, Category.LIST, Category.SORTING, Category.MATH}),
    ],
)
def test_other_categories_are_asked_exactly_as_minimal_asks(name: str, framed: set[Category]) -> None:
    for problem in PROBLEMS:
        plain = BUNDLED[name].build_prompt(problem) == BUNDLED["minimal"].build_prompt(problem)
        assert plain == (category(problem) not in framed)


def test_qwen_base_shares_its_generations_with_minimal_v3() -> None:
    for problem in PROBLEMS:
        assert BUNDLED["qwen_base"].build_prompt(problem) == BUNDLED["minimal_v3"].build_prompt(problem)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.category.value)
def test_a_worked_example_is_a_correct_solution_of_its_category(example: Any) -> None:
    code, shown_as = example.code, example.category
    namespace: dict[str, object] = {}
    exec(compile(code, "<example>", "exec"), namespace)
    (name,) = (each for each in namespace if f"def {each}(" in code)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(verbose=False)
    (test,) = finder.find(namespace[name], name, globs=namespace)

    assert test.examples
    assert runner.run(test).failed == 0
    assert category(Problem("", code, name, "", "")) is shown_as


def test_no_worked_example_is_a_problem_of_the_dataset() -> None:
    names = {problem.entry_point for problem in PROBLEMS}
    shown = "".join(example.code for example in EXAMPLES)

    assert not [name for name in names if f"def {name}(" in shown]


def test_a_changed_prompt_reaches_every_strategy() -> None:
    problem = PROBLEMS[0]
    changed = replace(problem, prompt=problem.prompt.replace("threshold", "limit"))

    for strategy in BUNDLED.values():
        assert "threshold" not in everything_asked(strategy.build_prompt(changed)), strategy.name

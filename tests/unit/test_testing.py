"""What tries others out finds fault with what is faulty."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from pytest_humaneval import Problem, Prompt, Strategy, chat_prompt, completion_prompt, draw, guided_strategy, strategy
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.postprocess import PostProcessor, Step
from pytest_humaneval.prompting.guided import Questions
from pytest_humaneval.testing import (
    ADD,
    PROBLEMS,
    SandboxContract,
    ScriptedSandbox,
    candidate,
    check_postprocessor,
    check_strategy,
    collect,
    play,
    request_for,
    scripted_engine,
)


def built_by(build_prompt: Callable[[Problem], Prompt]) -> Strategy:
    return strategy("odd", "breaks a rule")(build_prompt)


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (built_by(lambda problem: chat_prompt(problem.prompt)), "^odd, Mini/0: chat instead of completion"),
        (built_by(lambda problem: completion_prompt(problem.prompt + problem.test)), "depends on the hidden test"),
        (built_by(lambda problem: completion_prompt(f"# {problem.task_id}\n")), "depends on names"),
        (built_by(lambda problem: completion_prompt("x" * len(problem.entry_point))), "depends on names"),
        (built_by(lambda problem: completion_prompt("a", completion_prefix="b")), "does not end with its prefix"),
    ],
)
def test_a_strategy_that_breaks_a_rule_is_named_with_the_rule(faulty: Strategy, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_strategy(faulty)


@guided_strategy("twice", "asks twice")
def twice(problem: Problem) -> Questions:
    yield from draw(completion_prompt("a"))
    (second,) = yield from draw(completion_prompt("b"))
    return second


@pytest.mark.parametrize(
    ("num_answers", "message"),
    [(1, "^twice asks on after 1 answers: Draw"), (3, "^twice asked 2 questions, and there are 3 answers")],
)
def test_a_guided_strategy_has_to_want_exactly_the_answers_it_gets(num_answers: int, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        play(twice, ADD, *([[candidate("")]] * num_answers))


@pytest.mark.parametrize(
    ("repair", "message"),
    [
        (lambda problem, text: text + "\n", "changes its own output"),
        (lambda problem, text: problem.task_id, "looks at more than prompt and entry point"),
        (lambda problem, text: problem.entry_point[0], "depends on the name of the function"),
    ],
)
def test_a_post_processor_that_breaks_a_rule_is_named(repair: Callable[[Problem, str], str], message: str) -> None:
    with pytest.raises(AssertionError, match=f"^odd {message}"):
        check_postprocessor(PostProcessor("odd", "", (Step("odd", repair),)), ADD, "    return a\n")


def test_a_sandbox_that_only_compares_text_does_not_keep_its_contract() -> None:
    contract, sandbox = SandboxContract(), ScriptedSandbox()
    contract.test_canonical_solutions_pass(sandbox)
    with pytest.raises(AssertionError):
        contract.test_a_program_may_repeat_the_prompt(sandbox)
    with pytest.raises(AssertionError):
        contract.test_every_kind_of_program_gets_its_kind_of_verdict(sandbox)


def test_the_scripted_engine_answers_from_a_dictionary() -> None:
    with scripted_engine({"a": "text", "b": {"error": "no"}}) as engine:
        engine.submit([("1", request_for("a")), ("2", request_for("b"))])
        answers = dict(collect(engine, 2))
    assert getattr(answers["1"], "text", None) == "text"
    assert isinstance(answers["2"], EngineError)
    with pytest.raises(InputError, match="unknown field 'txt'"), scripted_engine({"a": {"txt": ""}}):
        pass


def test_nothing_of_it_needs_pytest() -> None:
    program = "import sys, pytest_humaneval.testing; print('pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_small_problem_has_what_a_problem_has() -> None:
    assert all(all((p.task_id, p.prompt, p.entry_point, p.canonical_solution, p.test)) for p in PROBLEMS)

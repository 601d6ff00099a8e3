"""best_of, vote and repair: what they ask and choose, answered by hand."""

from __future__ import annotations

import importlib

import pytest

from pytest_humaneval import Candidate, Draw, Problem, Trial, TryOut
from pytest_humaneval.testing import candidate, play

guided = importlib.import_module("pytest_humaneval.strategies.execution_guided")
PROBLEM = Problem("T/0", 'def f(x):\n    """\n    >>> f(1)\n    1\n    """\n', "f", "", "")


def fits(num_right: int, behaviour: str = "") -> Trial:
    return Trial("passed", num_right, 2, "" if num_right == 2 else f"f(1) returns {num_right}", behaviour)


A, B, C = candidate("a", -0.5, text="text a"), candidate("b", -0.1), candidate("c", -0.3)


def test_best_of_draws_samples_of_the_recipe_that_begins_the_function() -> None:
    first, second = play(guided.best_of, PROBLEM, [A, B, C], [fits(2), fits(2), fits(2)]).questions
    assert isinstance(first, Draw)
    assert first == Draw(guided.lm_eval_instruct.build_prompt(PROBLEM), 5, temperature=0.6)
    assert second == TryOut((A, B, C))


@pytest.mark.parametrize(
    ("trials", "chosen"),
    [
        ([fits(2), fits(2), fits(2)], B),  # the most probable of all
        ([fits(2), fits(1), fits(2)], C),  # the most probable of those that fit
        ([fits(1), fits(0), fits(0)], A),  # none fits all: the most
        ([fits(0), Trial("timed out"), fits(0)], C),  # what does not end is out
        ([Trial("timed out"), Trial("syntax error"), Trial("timed out")], B),  # none ends: any
    ],
)
def test_best_of_takes_the_most_probable_of_those_that_fit_best(trials: list[Trial], chosen: Candidate) -> None:
    assert play(guided.best_of, PROBLEM, [A, B, C], trials).chosen is chosen


def test_without_probabilities_the_first_drawn_is_taken() -> None:
    plain = [candidate("a"), candidate("b")]
    assert play(guided.best_of, PROBLEM, plain, [fits(2), fits(2)]).chosen is plain[0]


def test_vote_takes_the_most_probable_of_the_largest_group() -> None:
    alike = [Trial("passed", 0, 0, "", behaviour) for behaviour in ("x", "y", "x")]
    played = play(guided.vote, PROBLEM, [A, B, C], [fits(2), fits(2), fits(2)], alike)
    assert played.chosen is C
    assert played.questions[-1] == TryOut((A, B, C), derived_inputs=True)


def test_vote_counts_only_those_that_fit_the_examples() -> None:
    behaviours = [Trial("passed", 0, 0, "", "y")]
    played = play(guided.vote, PROBLEM, [A, B, C], [fits(0), fits(2), fits(0)], behaviours)
    assert played.chosen is B
    assert played.questions[-1] == TryOut((B,), derived_inputs=True)


def test_vote_groups_what_does_not_end_by_how_it_does_not() -> None:
    behaviours = [Trial("timed out"), Trial("timed out"), Trial("passed", 0, 0, "", "y")]
    assert play(guided.vote, PROBLEM, [A, B, C], [fits(2)] * 3, behaviours).chosen is B


def test_repair_leaves_alone_what_fits() -> None:
    played = play(guided.repair, PROBLEM, [A], [fits(2)])
    assert played.chosen is A
    assert played.questions[0] == Draw(guided.lm_eval_instruct.build_prompt(PROBLEM))


def test_repair_tells_the_model_its_answer_and_what_failed() -> None:
    played = play(guided.repair, PROBLEM, [A], [fits(1)], [B], [fits(2)])
    assert isinstance(played.questions[2], Draw)
    roles = [message.role for message in played.questions[2].prompt.messages]
    assert roles == ["user", "assistant", "user", "assistant"]
    begun = guided.lm_eval_instruct.build_prompt(PROBLEM).messages[-1]
    answer, complaint, prefill = played.questions[2].prompt.messages[1:]
    assert answer.content == begun.content + "text a\n```"
    assert "f(1) returns 1" in complaint.content
    assert prefill.content == "```python\n"


@pytest.mark.parametrize(("num_right", "chosen"), [(2, B), (1, A), (0, A)])
def test_repair_takes_only_what_is_better(num_right: int, chosen: Candidate) -> None:
    assert play(guided.repair, PROBLEM, [A], [fits(1)], [B], [fits(num_right)]).chosen is chosen


def test_repair_ends_after_its_rounds() -> None:
    played = play(guided.repair, PROBLEM, [A], [Trial("passed", 0, 3, "bad")], [B],
                         [Trial("passed", 1, 3, "bad")], [C], [Trial("passed", 2, 3, "bad")])  # fmt: skip
    assert played.chosen is C
    assert len([each for each in played.questions if isinstance(each, Draw)]) == 1 + guided.NUM_ROUNDS

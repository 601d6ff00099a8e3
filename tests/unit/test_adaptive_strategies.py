"""best_of_adaptive, vote_adaptive and review: when they draw on, what they choose; answered by hand."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from pytest_humaneval import Candidate, Draw, Problem, Trial, TryOut
from pytest_humaneval.testing import candidate, play

adaptive = importlib.import_module("pytest_humaneval.strategies.adaptive")
PROBLEM = Problem("T/0", 'def f(x):\n    """\n    >>> f(1)\n    1\n    """\n', "f", "", "")
NUMBERED = [candidate(f"    return {number}\n", -0.5 - number / 100) for number in range(adaptive.MOST_DRAWS)]


def trial(answers: str, num_right: int = 1) -> Trial:
    """An answer a letter; a blank is one that raised."""
    return Trial("passed", num_right, 1, "" if num_right else "wrong", answers, tuple(answers.replace(" ", "-")))


def rounds(*trials: Trial) -> list[Any]:
    """Answers to a strategy's questions: candidates by threes, and what they do."""
    made: list[Any] = []
    for at in range(0, len(trials), 3):
        some = trials[at : at + 3]
        made += [NUMBERED[at : at + len(some)], list(some)]
    return made


def chosen(strategy: Any, *trials: Trial) -> Candidate:
    return play(strategy, PROBLEM, *rounds(*trials)).chosen


def test_the_first_draws_are_those_of_best_of() -> None:
    first, second = play(adaptive.vote_adaptive, PROBLEM, *rounds(*[trial("ab")] * 3)).questions
    assert first == Draw(adaptive.lm_eval_instruct.build_prompt(PROBLEM), 3, temperature=0.6)
    assert second == TryOut(tuple(NUMBERED[:3]), drawn_inputs=adaptive.NUM_INPUTS)


@pytest.mark.parametrize("strategy", [adaptive.best_of_adaptive, adaptive.vote_adaptive], ids=["best_of", "vote"])
def test_it_ends_as_soon_as_enough_that_fit_behave_alike(strategy: Any) -> None:
    assert len(play(strategy, PROBLEM, *rounds(*[trial("ab")] * 3)).questions) == 2
    played = play(
        strategy, PROBLEM, *rounds(trial("ab"), trial("ab"), trial("ac"), trial("ab"), trial("x"), trial("y"))
    )
    assert sum(isinstance(each, Draw) for each in played.questions) == 2


def test_it_draws_on_where_alike_means_wrong_alike_and_ends_in_the_end() -> None:
    played = play(adaptive.vote_adaptive, PROBLEM, *rounds(*[trial("ab", num_right=0)] * adaptive.MOST_DRAWS))
    draws = [each.num_samples for each in played.questions if isinstance(each, Draw)]
    assert sum(draws) == adaptive.MOST_DRAWS
    assert set(draws[:-1]) == {3}


def test_the_vote_takes_what_most_agree_with_input_by_input() -> None:
    alone = [trial(answers) for answers in ("aaaa", "abcd", "abce", "abfd", "xbcd", "yyyy")]
    rest = [trial(4 * chr(200 + number)) for number in range(adaptive.MOST_DRAWS - len(alone))]
    assert chosen(adaptive.vote_adaptive, *alone, *rest) is NUMBERED[1]
    assert chosen(adaptive.best_of_adaptive, *alone, *rest) is NUMBERED[0]


def test_what_raises_agrees_with_nobody() -> None:
    trials = [Trial("passed", 1, 1, "", f"b{number}", ("",) * 4) for number in range(adaptive.MOST_DRAWS)]
    trials[7] = trials[9] = Trial("passed", 1, 1, "", "same", ("a", "", "", ""))
    assert chosen(adaptive.vote_adaptive, *trials) is NUMBERED[7]


def test_only_those_that_fit_best_are_asked() -> None:
    trials = [trial("aaaa", num_right=0) for _ in range(adaptive.MOST_DRAWS)]
    trials[5] = trial("zzzz")
    trials[6] = Trial("timed out", 0, 1)
    for strategy in (adaptive.best_of_adaptive, adaptive.vote_adaptive):
        assert chosen(strategy, *trials) is NUMBERED[5]


def test_undefined_names_are_set_aside_before_the_vote() -> None:
    broken = [candidate("    return helper(x)\n", -0.1) for _ in range(3)]
    sound = NUMBERED[:3]
    played = play(adaptive.vote_adaptive, PROBLEM, broken, [trial("aaaa")] * 3, sound, [trial("bbbb")] * 3)
    assert played.chosen is sound[0]


def test_where_all_have_undefined_names_one_is_taken_all_the_same() -> None:
    broken = [candidate("    return helper(x)\n", -0.1 * number) for number in range(1, adaptive.MOST_DRAWS + 1)]
    answers: list[Any] = []
    for at in range(0, len(broken), 3):
        answers += [broken[at : at + 3], [trial("aaaa")] * len(broken[at : at + 3])]
    assert play(adaptive.vote_adaptive, PROBLEM, *answers).chosen is broken[0]


def test_review_shows_the_model_its_answer_and_runs_nothing() -> None:
    first, second = candidate("    return 1\n", text="    return 1\n"), candidate("    return 2\n")
    played = play(adaptive.review, PROBLEM, [first], [second])
    assert played.chosen is second
    assert [type(each) for each in played.questions] == [Draw, Draw]
    asked = played.questions[1]
    assert isinstance(asked, Draw)
    assert [message.role for message in asked.prompt.messages] == ["user", "assistant", "user", "assistant"]
    assert asked.prompt.messages[1].content.endswith("    return 1\n```")
    assert asked.prompt.messages[3] == adaptive.lm_eval_instruct.build_prompt(PROBLEM).messages[-1]


@pytest.mark.parametrize("code", ["", "    return (\n"])
def test_a_review_that_is_no_function_leaves_the_first_answer(code: str) -> None:
    first = candidate("    return 1\n")
    assert play(adaptive.review, PROBLEM, [first], [candidate(code)]).chosen is first

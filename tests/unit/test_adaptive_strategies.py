"""best_of_adaptive, vote_adaptive and review: when they draw on, what they choose; answered by hand."""

from __future__ import annotations

import importlib
from itertools import pairwise
from typing import Any

import pytest

from pytest_humaneval import Candidate, Draw, Problem, Trial, TryOut
from pytest_humaneval.testing import Played, candidate, play

adaptive = importlib.import_module("pytest_humaneval.strategies.adaptive")
PROBLEM = Problem("T/0", 'def f(x):\n    """\n    >>> f(1)\n    1\n    """\n', "f", "", "")
NUMBERED = [candidate(f"    return {number}\n", -0.5 - number / 100) for number in range(20)]
ROUNDS = (0, 1, 2, 5, 8, 11, 14, 17, 20)

both = pytest.mark.parametrize("strategy", [adaptive.best_of_adaptive, adaptive.vote_adaptive], ids=["best_of", "vote"])


def trial(answers: str, num_right: int = 2, num_examples: int = 2) -> Trial:
    """An answer a letter; a blank is one that raised."""
    return Trial("passed", num_right, num_examples, "", answers, tuple(each.strip() for each in answers))


def different(count: int, num_right: int = 2, num_examples: int = 2) -> list[Trial]:
    return [trial(4 * chr(200 + number), num_right, num_examples) for number in range(count)]


def played(strategy: Any, trials: list[Trial], candidates: list[Candidate] = NUMBERED) -> Played:
    """Candidates one by one and then by threes, with what they do; they must be asked for to the last."""
    ends = [end for end in ROUNDS if end <= len(trials)]
    assert ends[-1] == len(trials), "no whole round"
    answers: list[Any] = []
    for begin, end in pairwise(ends):
        answers += [candidates[begin:end], trials[begin:end]]
    return play(strategy, PROBLEM, *answers)


def test_the_first_draws_are_those_of_best_of() -> None:
    first, second, *_ = played(adaptive.vote_adaptive, [trial("ab")] * 2).questions
    assert first == Draw(adaptive.lm_eval_instruct.build_prompt(PROBLEM), 1, temperature=0.6)
    assert second == TryOut((NUMBERED[0],), drawn_inputs=16)


@both
@pytest.mark.parametrize(
    "trials",
    [
        [trial("ab")] * 2,  # two fit and agree
        [trial("ab", 3, 3)],  # one fits many examples
        [trial("ab", 2, 3), trial("ab", 3, 3)],
        [trial("ab"), trial("ac"), trial("xx", 0), trial("ab"), trial("yy", 0)],
        different(5),  # all fit, and none agrees: there is one to take
        different(11, num_right=0),  # none is right on any
        [trial("ab", 0)] * 11,  # wrong alike
        [trial("ab", 1)] * 20,  # a better one is near
        [trial("a", 0, 0)] * 2,  # no example: agreement is all there is
        different(11, 0, 0),
        [trial("", 0, 0)] * 5,  # nothing to go by
        [trial("  ", 0, 0)] * 5,
        [Trial("timed out", 0, 2)] * 11,
    ],
)
def test_it_draws_until_it_is_settled_and_on_where_that_is_worth_while(strategy: Any, trials: list[Trial]) -> None:
    asked = [each for each in played(strategy, trials).questions if isinstance(each, Draw)]
    assert sum(each.num_samples for each in asked) == len(trials)


def test_a_part_of_the_examples_is_worth_drawing_until_all_come_out_right() -> None:
    trials = [trial("ab", 1)] * 5 + [trial("ab", 1), trial("ac"), trial("ab", 1)]
    assert played(adaptive.vote_adaptive, trials).chosen is NUMBERED[6]


def test_the_vote_takes_what_most_agree_with_input_by_input() -> None:
    trials = [trial(answers) for answers in ("aaaa", "bcde", "bcdf", "bcge", "zcde")]
    assert played(adaptive.vote_adaptive, trials).chosen is NUMBERED[1]
    assert played(adaptive.best_of_adaptive, trials).chosen is NUMBERED[0]


def test_what_raises_agrees_with_nobody() -> None:
    trials = [trial("   x"), trial("   y"), trial("   z"), trial("b  v"), trial("b  w")]
    assert played(adaptive.vote_adaptive, trials).chosen is NUMBERED[3]


@both
def test_only_those_that_fit_best_are_asked(strategy: Any) -> None:
    trials = [trial("aa", 0), trial("aa", 0), Trial("timed out", 0, 2), trial("zz"), trial("aa", 1)]
    assert played(strategy, trials).chosen is NUMBERED[3]


@both
def test_undefined_names_are_set_aside_before_the_vote(strategy: Any) -> None:
    broken = [candidate("    return helper(x)\n", -0.1) for _ in range(4)]
    trials = [trial("aa")] * 4 + [trial("bb")]
    assert played(strategy, trials, [*broken, NUMBERED[4]]).chosen is NUMBERED[4]
    assert played(strategy, [trial("aa")] * 5, [*broken, broken[0]]).chosen is broken[0]  # where all have some


def test_more_right_examples_weigh_more_than_an_undefined_name() -> None:
    broken = candidate("    return helper(x) if x > 99 else x\n")
    trials = [trial("aa", 1), trial("bb", 2), trial("cc", 0), trial("dd", 0), trial("ee", 0)]
    assert played(adaptive.vote_adaptive, trials, [NUMBERED[0], broken, *NUMBERED[2:5]]).chosen is broken


def test_review_shows_the_model_its_answer_and_runs_nothing() -> None:
    first, second = candidate("    return 1\n", text="    return 1\n"), candidate("    return 2\n")
    review = play(adaptive.review, PROBLEM, [first], [second])
    assert review.chosen is second
    assert [type(each) for each in review.questions] == [Draw, Draw]
    asked = review.questions[1]
    assert isinstance(asked, Draw)
    assert [message.role for message in asked.prompt.messages] == ["user", "assistant", "user", "assistant"]
    assert asked.prompt.messages[1].content.endswith("    return 1\n```")
    assert asked.prompt.messages[3] == adaptive.lm_eval_instruct.build_prompt(PROBLEM).messages[-1]
    assert (adaptive.review.guided, adaptive.review.sees_examples) == (True, False)


@pytest.mark.parametrize("code", ["", "    return (\n"])
def test_a_review_that_is_no_function_leaves_the_first_answer(code: str) -> None:
    first = candidate("    return 1\n")
    assert play(adaptive.review, PROBLEM, [first], [candidate(code)]).chosen is first

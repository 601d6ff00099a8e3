from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.engine.encoding import encode_scored
from pytest_humaneval.engine.server_answer import scored_text
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.report.likelihood_lines import likelihood_lines
from pytest_humaneval.results.scored_solutions import Likelihood, likelihood_of, recorded_likelihood
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.statistics.likelihood import Scored, likelihood_change
from pytest_humaneval.statistics.paired import sign_flip

REQUEST = Request(completion_prompt("ab"), Sampling(max_tokens=1), 0, scored="cde")
logprobs = st.lists(st.floats(-100, -0.01), min_size=1, max_size=30)


def scored(values: list[float], size: int = 10) -> dict[str, Scored]:
    return {f"T/{number}": Scored(value, 5, size) for number, value in enumerate(values)}


def test_bits_per_byte_worked_by_hand() -> None:
    # A chance of 1/256 for two bytes is 8 bits, 4 a byte.
    assert Scored(-math.log(256), 1, 2).bits_per_byte == pytest.approx(4)


def test_a_change_is_looked_at_problem_by_problem() -> None:
    change = likelihood_change(scored([-10, -20, -30, -40]), scored([-11, -21, -31, -41]))
    assert change is not None
    assert (change.problems, change.better, change.worse) == (4, 4, 0)
    assert change.difference == pytest.approx(-1 / math.log(2) / 10)
    assert change.p == 2 / 2**4  # all four in one direction
    assert likelihood_change(scored([-1]), {}) is None


@given(logprobs)
def test_a_model_is_as_likely_as_itself(values: list[float]) -> None:
    change = likelihood_change(scored(values), scored(values))
    assert change is not None
    assert (change.difference, change.p, change.interval) == (0, 1, None)


@given(logprobs, st.randoms())
def test_the_other_way_round_it_is_the_opposite(values: list[float], random: Any) -> None:
    others = [value * random.uniform(0.5, 1.5) for value in values]
    one, other = (
        likelihood_change(*pair) for pair in ((scored(values), scored(others)), (scored(others), scored(values)))
    )
    assert one is not None
    assert other is not None
    assert one.difference == pytest.approx(-other.difference)
    assert one.better == other.worse
    assert one.p == pytest.approx(other.p)


def test_the_test_is_the_sign_flip_test() -> None:
    change = likelihood_change(scored([-10, -20, -33], size=1), scored([-11, -24, -30], size=1))
    assert change is not None
    assert change.p == sign_flip([Fraction(-1, 4), Fraction(-1), Fraction(3, 4)])


def test_a_token_that_reaches_into_the_solution_counts_with_it() -> None:
    class Tokenizer:
        """A token a letter, but "bc" is one."""

        def encode(self, text: str) -> list[int]:
            return [ord(part[0]) + 1000 * (len(part) - 1) for part in text.replace("bc", "\0").replace("\0", "B")]

    assert encode_scored(Tokenizer(), completion_prompt("ab"), "cd") == ([97, 66, 100], 1)
    assert encode_scored(Tokenizer(), completion_prompt("ab"), "d") == ([97, 98, 100], 2)


def echo(text: str = "abcde!", **logprobs: Any) -> dict[str, Any]:
    return {"choices": [{"text": text, "finish_reason": "length", "logprobs": logprobs or None}]}


def test_a_server_s_echo_is_read_from_the_solution_on_without_what_it_generated() -> None:
    # Tokens a, bc, de and the generated "!": bc reaches into the solution.
    answer = echo(text_offset=[0, 1, 3, 5], token_logprobs=[None, -1.0, -2.0, -9.0])
    found = scored_text(answer, REQUEST, 1.0)
    assert (found.score, found.scored_tokens, found.text) == (-3.0, 2, "")


@pytest.mark.parametrize(
    "answer",
    [
        echo(),
        echo("!", text_offset=[0], token_logprobs=[-1.0]),  # of the generated token alone
        echo(text_offset=[5], token_logprobs=[-1.0]),
        echo(text_offset=[0, 1, 3], token_logprobs=[None, None, -1.0]),
        {"choices": []},
        "what",
    ],
)
def test_a_server_that_does_not_tell_is_named_so(answer: Any) -> None:
    with pytest.raises(EngineError, match="does not say how likely a given text is: that takes a completions API"):
        scored_text(answer, REQUEST, 1.0)


def test_what_is_recorded_is_read_again_and_compared() -> None:
    likelihood = likelihood_of(scored([-10, -20]), {"T/9": "too long"}, None)
    told = likelihood.to_json()
    assert recorded_likelihood(told) == likelihood
    assert recorded_likelihood(None) is recorded_likelihood({"solutions": 1}) is None
    later = likelihood_of(scored([-9, -19]), {}, {"likelihood": told})
    assert later.change is not None
    assert (later.change.better, later.change.problems) == (2, 2)
    lines = " ".join(likelihood_lines(later, 500))
    assert "of 2 canonical solutions after their prompts; less is likelier" in lines
    assert "2 likelier and 0 less so, p 0.500 of the exact sign-flip test" in lines
    assert "1 canonical solution has no likelihood: too long" in " ".join(likelihood_lines(likelihood, 500))
    assert likelihood_lines(Likelihood({}, {}), 80) == []

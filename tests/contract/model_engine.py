"""What an engine promises that loads a model, whatever the model says; tried on tiny random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from pytest_humaneval import Generation, Prompt, Request, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.exceptions import EngineError

QUESTION = completion_prompt("def f(x):\n", stop=())
WARM = Sampling(temperature=1.0, top_p=0.95, max_tokens=24, seed=5)

Ask = Callable[[Sequence[Request]], list[Generation | EngineError]]
"""Puts all requests to an engine at once, and returns the answers in the same order."""


def said(ask: Ask, requests: Sequence[Request]) -> list[Generation]:
    """The answers, none of which is an error."""
    answers = ask(requests)
    assert all(isinstance(one, Generation) for one in answers), answers
    return [one for one in answers if isinstance(one, Generation)]


class ModelEngineContract:
    """The suite: a class that inherits from it has a fixture ``ask``, and the model's ``context`` in tokens.

    The model is tiny_model's, whose tokens are bytes.
    """

    context: ClassVar[int]

    def test_a_generation_says_what_it_took(self, ask: Ask) -> None:
        (generation,) = said(ask, [Request(QUESTION, Sampling(max_tokens=5), 0)])
        assert (generation.prompt_tokens, generation.completion_tokens) == (len("def f(x):\n"), 5)
        assert generation.finish_reason == "length"
        assert 0 < generation.seconds < 60

    def test_the_mean_log_probability_is_told_where_it_is_asked_for(self, ask: Ask) -> None:
        how = Sampling(max_tokens=9)
        (plain,) = said(ask, [Request(QUESTION, how, 0)])
        (told,) = said(ask, [Request(QUESTION, Sampling(max_tokens=9, logprobs=True), 0)])
        assert plain.text == told.text
        # A greedy token is at least as probable as each of the vocabulary's 260: its logarithm is -5.6 or more.
        assert told.logprob is not None
        assert -5.6 <= told.logprob < 0

    def test_a_stop_string_ends_the_text_before_it(self, ask: Ask) -> None:
        (whole,) = said(ask, [Request(QUESTION, Sampling(max_tokens=40), 0)])
        # Two characters that the text has first in its middle: the stop string arrives in two tokens.
        pairs = ((place, whole.text[place : place + 2]) for place in range(6, 36))
        place, stop = next(
            (place, pair)
            for place, pair in pairs
            if len(pair) == 2 and pair.isascii() and pair.isprintable() and whole.text.find(pair) == place
        )
        stopping = completion_prompt(QUESTION.text, stop=("\ndef ", stop))
        (stopped,) = said(ask, [Request(stopping, Sampling(max_tokens=40), 0)])
        assert (stopped.text, stopped.finish_reason) == (whole.text[:place], "stop")

    def test_equal_seeds_draw_equal_samples_whoever_else_is_asked(self, ask: Ask) -> None:
        first, second = said(ask, [Request(QUESTION, WARM, index) for index in (0, 1)])
        others = [Request(completion_prompt("x" * number), WARM, number) for number in (3, 20)]
        # Seed 6 with index 0 is seed 5 with index 1; another token limit makes it another request.
        again = Request(QUESTION, Sampling(temperature=1.0, top_p=0.95, max_tokens=25, seed=6), 0)
        assert first.text != second.text
        assert said(ask, [*others, again])[2].text.startswith(second.text)

    def test_a_conversation_goes_through_the_models_own_template(self, ask: Ask) -> None:
        chat = chat_prompt("héllo", system="be brief", prefill="```python\n")
        written = (
            "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nhéllo<|im_end|>\n"
            "<|im_start|>assistant\n```python\n"
        )
        how = Sampling(max_tokens=16)
        first, second = said(ask, [Request(chat, how, 0), Request(completion_prompt(written, stop=()), how, 0)])
        assert first.prompt_tokens == second.prompt_tokens == len(written.encode()) - 5 * len("<|im_start|>") + 5 + 4
        assert first.text == second.text

    def test_an_answer_is_clipped_to_the_room_behind_the_prompt(self, ask: Ask) -> None:
        almost = completion_prompt("x" * (self.context - 3), stop=())
        (generation,) = said(ask, [Request(almost, Sampling(max_tokens=50), 0)])
        assert (generation.completion_tokens, generation.finish_reason) == (3, "context_full")

    @pytest.mark.parametrize("case", ["too long", "empty", "not unicode"])
    def test_a_request_that_cannot_be_asked_is_an_error_and_the_others_go_on(self, ask: Ask, case: str) -> None:
        long = self.context + 88
        prompt, message = {
            "too long": ("x" * long, f"the prompt has {long} tokens; the engine takes {self.context}, answer included"),
            "empty": ("", "empty"),
            "not unicode": ("lone \ud800 surrogate", "does not accept this request: "),
        }[case]
        good = Request(completion_prompt(f"# {case}"), Sampling(max_tokens=2), 0)
        refused, answered = ask([Request(completion_prompt(prompt), Sampling(max_tokens=2), 0), good])
        assert message in str(refused)
        assert isinstance(answered, Generation), answered
        assert answered.completion_tokens > 0

    def test_a_given_text_is_scored_as_if_it_had_been_generated(self, ask: Ask) -> None:
        how = Sampling(temperature=1.0, max_tokens=1, logprobs=True)
        drawn = said(ask, [Request(completion_prompt("x" * size, stop=()), how, size) for size in range(1, 41)])
        seen = [(size, one) for size, one in enumerate(drawn, 1) if one.text.isascii() and len(one.text) == 1]
        assert seen  # a third of the tokens are letters and the like
        requests = [
            Request(completion_prompt("x" * size), Sampling(max_tokens=1), 0, scored=one.text) for size, one in seen
        ]
        for (size, one), scored in zip(seen, said(ask, requests), strict=True):
            assert scored.score == pytest.approx(one.logprob, abs=1e-3)
            assert (scored.text, scored.scored_tokens, scored.prompt_tokens) == ("", 1, size + 1)

    def test_the_score_of_a_text_is_the_sum_of_its_parts_scores(self, ask: Ask) -> None:
        parts = [("def f", "(x):"), ("def f(x):", " pass"), ("def f", "(x): pass"), ("", "def")]
        one, other, both, whole = said(
            ask, [Request(completion_prompt(a), Sampling(max_tokens=1), 0, scored=b) for a, b in parts]
        )
        assert None not in (one.score, other.score)
        assert both.score == pytest.approx((one.score or 0) + (other.score or 0), abs=1e-2)
        assert (both.scored_tokens, whole.scored_tokens) == (9, 2)  # nothing is known of a first token

    def test_many_requests_are_all_answered(self, ask: Ask) -> None:
        requests = [Request(text(number), Sampling(max_tokens=1 + number % 7), 0) for number in range(40)]
        for request, generation in zip(requests, said(ask, requests), strict=True):
            assert generation.prompt_tokens == len(request.prompt.text)
            assert 1 <= generation.completion_tokens <= request.sampling.max_tokens


def text(number: int) -> Prompt:
    """A prompt of one to a hundred characters."""
    return completion_prompt(f"{number % 10}" * (number % 50 + 1))

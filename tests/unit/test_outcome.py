from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.sample import Completion, Generation
from pytest_humaneval.verdict import Verdict

any_text = st.text(st.characters(), max_size=50)


@given(any_text, any_text, st.lists(st.sampled_from(["fences", "imports"])))
def test_an_outcome_survives_the_wire(generation: str, detail: str, steps: list[str]) -> None:
    outcome = Outcome("T/0", "minimal", 2, "assertion", detail, 0.5, generation, generation, steps, 3, 4, 0.1, "stop")
    assert Outcome.from_wire(outcome.to_wire()) == outcome


@given(any_text)
def test_nothing_on_the_wire_is_beyond_ascii(text: str) -> None:
    assert Outcome("T/0", "minimal", 0, detail=text, completion=text).to_wire().isascii()


def test_an_outcome_without_a_verdict_is_an_error() -> None:
    outcome = Outcome("T/0", "minimal", 0).generated(Generation("x", completion_tokens=5), Completion("x", ("fences",)))
    assert outcome.error
    assert (outcome.completion_tokens, outcome.steps) == (5, ["fences"])


def test_the_completion_that_was_checked_is_the_one_that_is_kept() -> None:
    outcome = Outcome("T/0", "minimal", 0, completion="as generated").judged("as checked", Verdict("passed", "", 0.1))
    assert outcome.passed
    assert outcome.completion == "as checked"

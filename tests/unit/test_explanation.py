"""What is said of answers without code, and of generations that ended otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_humaneval import Problem
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.finish_reasons import finish_reason, settled
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.explanation import explained
from pytest_humaneval.sample import Generation

ADD = Problem("Test/53", 'def add(x, y):\n    """Add."""\n', "add", "", "")


def told(generation: str, finish: str = "stop", kind: str = "empty", reasoning: str = "") -> str:
    detail = "the completion has no code" if kind == "empty" else "add(1, 2) was 0"
    outcome = Outcome("Test/53", "chat", 0, kind, detail, generation=generation, finish_reason=finish)
    return explained(replace(outcome, reasoning=reasoning), ADD).detail


@pytest.mark.parametrize(
    ("generation", "detail"),
    [
        ("", "the completion has no code"),
        ("I would rather not say.", "the completion has no code"),
        ("```python\ndef plus(x, y):\n    return x + y\n```", "the answer defines plus, but not add"),
        ("class Adder:\n    pass\n", "the answer defines Adder, but not add"),
        ("```python\nimport math\n```", "the answer is only an import"),
        ("```python\n# add them\n```", "the answer is only a comment"),
        ("# add them", "the answer is only a comment"),
        ('```json\n{"code": "def add(x, y): return x + y"}\n```', "the answer is JSON, not Python code"),
        ('{"code": "def add(x, y): return x + y"}', "the answer is JSON, not Python code"),
        ("```python\nz = 3\n```", "the answer has code that does not define add"),
    ],
)
def test_an_answer_without_code_is_told_apart_from_one_with_other_code(generation: str, detail: str) -> None:
    assert told(generation) == detail


@pytest.mark.parametrize("generation", ["<think>\nFirst, ", "[THINK]hm", "<|channel|>analysis<|message|>We need"])
def test_thinking_that_took_all_tokens_is_told(generation: str) -> None:
    assert told(generation, "length") == (
        "the model was still thinking at the end and was cut at the token limit; there is no answer"
    )


def test_thinking_that_filled_the_context_is_told() -> None:
    detail = "the model was still thinking at the end and was cut as the context was full; there is no answer"
    assert told("<think>\nFirst, ", "context_full") == told("", "context_full", reasoning="First, ") == detail


def test_so_is_thinking_that_the_server_keeps_apart() -> None:
    assert told("", "length", reasoning="First, ").startswith("the model was still thinking at the end and was cut")


@pytest.mark.parametrize(
    ("finish", "detail"),
    [
        ("content_filter", "the server's content filter ended the answer"),
        ("refusal", "the model refused to answer"),
        ("context_full", "the context was full, or a limit of the engine's own reached, before the limit of tokens"),
        ("tool_calls", "the model called a tool instead of answering"),
        ("moon_phase", "the server ended the answer with 'moon_phase'"),
    ],
)
def test_an_end_that_is_not_the_models_own_is_named(finish: str, detail: str) -> None:
    assert told("", finish) == detail
    assert told("x", finish, kind="assertion") == f"add(1, 2) was 0\n{detail}"


def test_a_right_answer_needs_no_explanation() -> None:
    assert told("x", "moon_phase", kind="passed") == "add(1, 2) was 0"


@pytest.mark.parametrize(
    ("words", "reason"),
    [("MAX_TOKENS", "length"), ("FINISH_REASON_STOP", "stop"), ("end_turn", "stop"), ("SAFETY", "content_filter")],
)
def test_a_reason_has_one_spelling(words: str, reason: str) -> None:
    assert finish_reason(words) == reason
    settled_one = settled(Generation("x", words))
    assert isinstance(settled_one, Generation)
    assert settled_one.finish_reason == reason


@pytest.mark.parametrize(("text", "words"), [("def add", "error"), ("", "ERROR"), ("", "abort"), ("", "moon_phase")])
def test_a_servers_failure_is_no_generation(text: str, words: str) -> None:
    assert isinstance(settled(Generation(text, words)), EngineError)

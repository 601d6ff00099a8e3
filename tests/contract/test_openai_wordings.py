"""The openai engine and what certain servers say: refusals, filters and ends in words of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai_server import FakeServer, Reply
from test_openai_faults import ask, requests
from test_openai_manners import CODE, FENCE, QUESTION, answering, one, refusing, started

from pytest_humaneval import Generation, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.exceptions import EngineError, SharedEngineError

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("pytest_humaneval.engine.pace.FIRST_PAUSE", 0.02)


def refused(status: int, error: Any) -> FakeServer:
    return FakeServer(lambda body: Reply(status=status, body={"error": error}))


# Filters


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": "The response was filtered due to the prompt", "code": "content_filter", "param": "prompt"}),
        (400, {"message": "Output data may contain inappropriate content.", "code": "data_inspection_failed"}),
        (400, {"message": "Your request was rejected by our safety system", "code": "content_policy_violation"}),
        (400, {"message": "flagged as potentially violating our usage policy", "code": "invalid_prompt"}),
    ],
)
def test_a_question_that_is_filtered_is_an_answer_that_the_filter_took(status: int, error: Any) -> None:
    answer, _ = one(refused(status, error))
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish_reason) == ("", "content_filter")


@pytest.mark.parametrize("told", ["content_filter: RECITATION", "content_filter:SAFETY"])
def test_a_filter_may_say_which(told: str) -> None:
    answer, _ = one(answering({"content": None}, told))
    assert isinstance(answer, Generation)
    assert answer.finish_reason == "content_filter"


# Ends


@pytest.mark.parametrize("message", [{"content": None}, {"content": ""}, {}])
def test_an_empty_answer_without_an_end_is_not_the_models(message: dict[str, Any]) -> None:
    answer, _ = one(answering(message, None))
    assert isinstance(answer, EngineError)
    assert "an empty answer" in str(answer)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "429", "message": "slow down"}},
        {"error": {"code": "rate_limit_exceeded", "message": "slow down"}},
        {"error": {"code": "server_error", "message": "oops"}},
        {"error": {"type": "overloaded_error", "message": "Overloaded"}},
        {
            "choices": [
                {"finish_reason": "error", "error": {"code": 502, "message": "bad"}, "message": {"content": "x"}}
            ]
        },
    ],
)
def test_a_passing_fault_with_status_200_is_tried_again_whatever_its_form(body: dict[str, Any]) -> None:
    replies = iter([Reply(body=body)])
    answer, _ = one(FakeServer(lambda asked: next(replies, Reply(CODE))))
    assert isinstance(answer, Generation)
    assert answer.text == CODE


def test_a_stream_may_hold_what_else_would_end_its_lines() -> None:
    event = {"choices": [{"delta": {"content": "x = '\u2028\u0085'"}, "finish_reason": "stop"}]}
    text = f": ping\r\n\r\ndata: {json.dumps(event, ensure_ascii=False)}\r\n\r\ndata: [DONE]\r\n\r\n"
    reply = Reply(raw=text.encode(), headers=(("Content-Type", "text/event-stream"),))
    answer, _ = one(FakeServer(lambda body: reply), request=(("stream", "true"),))
    assert isinstance(answer, Generation)
    assert answer.text == "x = '\u2028\u0085'"


# Refusals


@pytest.mark.parametrize(
    ("status", "message", "left_out"),
    [
        (403, "You are not allowed to request logprobs from this model", "logprobs"),
        (501, "logprobs is not implemented", "logprobs"),
        (400, "the stopSequences field must have at most 0 items", "stop"),
        (400, "stop_sequences: Extra inputs are not permitted", "stop"),
    ],
)
def test_a_parameter_is_refused_in_other_words(status: int, message: str, left_out: str) -> None:
    def behave(body: dict[str, Any]) -> Reply:
        return Reply(status=status, body={"error": {"message": message}}) if left_out in body else Reply(CODE)

    answer, _ = one(FakeServer(behave), chat_prompt("question", stop=("\n#",)), Sampling(logprobs=True))
    assert isinstance(answer, Generation), answer


def test_a_beginning_that_may_not_end_in_white_space_is_sent_without() -> None:
    words = "messages: final assistant content cannot end with trailing whitespace"
    server = refusing((lambda body: body["messages"][-1]["content"][-1:].isspace(), words, ""))
    answer, notices = one(server, FENCE)
    assert isinstance(answer, Generation), answer
    assert server.requests[-1]["messages"][-1] == {"role": "assistant", "content": "```python"}
    assert notices == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "This is a chat model and not supported in the v1/completions endpoint. Use v1/chat/completions."),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (400, "The completion operation does not work with the specified model, gpt-4o."),
    ],
)
def test_a_server_that_only_talks_answers_what_asks_it_to_talk(status: int, message: str) -> None:
    def behave(body: dict[str, Any]) -> Reply:
        return Reply(CODE, delay=0.2) if body["kind"] == "chat" else Reply(status=status, error=message)

    with FakeServer(behave) as server, started(server) as engine:
        texts = [(f"t{n}", request) for n, (_, request) in enumerate(requests(20, completion_prompt("def add")))]
        answers = ask(engine, [*texts, *requests(20, QUESTION)])
    assert all(isinstance(answers[str(n)], Generation) for n in range(20))
    for n in range(20):
        answer = answers[f"t{n}"]
        assert isinstance(answer, EngineError)
        assert not isinstance(answer, SharedEngineError)
        assert "the server has " not in str(answer)
        assert "a strategy that talks (mode chat)" in str(answer)

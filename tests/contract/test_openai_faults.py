"""The openai engine against a server that does what servers do."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from openai_server import FakeServer, Reply

from pytest_humaneval import Generation, Prompt, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.sample import Request

Answers = dict[str, Generation | EngineError]

PATIENCE = 60.0  # seconds, for what takes a moment where the machine is not busy


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("pytest_humaneval.engine.pace.FIRST_PAUSE", 0.01)  # else each fault costs seconds


@contextmanager
def started(*servers: FakeServer, model: str = "", timeout: float = 10.0) -> Iterator[OpenAIEngine]:
    options = EngineOptions("openai", model, urls=tuple(server.url for server in servers), request_timeout=timeout)
    with closing(OpenAIEngine(options, lambda message: None)) as engine:
        engine.start()
        yield engine


def requests(count: int, prompt: Prompt | None = None) -> list[tuple[str, Request]]:
    return [(str(n), Request(prompt or completion_prompt(f"prompt {n}"), Sampling(), 0)) for n in range(count)]


def ask(engine: OpenAIEngine, batch: list[tuple[str, Request]]) -> Answers:
    engine.submit(batch)
    return collect(engine, len(batch))


def collect(engine: OpenAIEngine, count: int) -> Answers:
    answers: Answers = {}
    deadline = time.monotonic() + PATIENCE
    while len(answers) < count:
        assert time.monotonic() < deadline, f"only {len(answers)} of {count} answers"
        answers |= dict(engine.poll())
    return answers


def wait_for_requests(server: FakeServer, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(server.requests) < count:
        assert time.monotonic() < deadline, f"only {len(server.requests)} of {count} requests"
        time.sleep(0.01)


def error_of(answers: Answers) -> str:
    """The one message that every request got."""
    messages = {str(answer) for answer in answers.values() if isinstance(answer, EngineError)}
    assert all(isinstance(answer, EngineError) for answer in answers.values())
    (message,) = messages
    return message


# What is asked


def test_a_completion_is_asked_for_with_all_that_matters() -> None:
    sampling = Sampling(temperature=0.8, top_p=0.95, max_tokens=100, seed=7)
    request = Request(completion_prompt("def f():\n", stop=("\ndef", "\nclass")), sampling, 3)
    with FakeServer(lambda body: Reply("    return 1\n", "length")) as server, started(server) as engine:
        (answer,) = ask(engine, [("0", request)]).values()
    assert server.requests == [
        {
            "kind": "completion",
            "model": "tiny",
            "prompt": "def f():\n",
            "stop": ["\ndef", "\nclass"],
            "temperature": 0.8,
            "top_p": 0.95,
            "max_tokens": 100,
            "seed": 10,  # the run's seed plus the sample's index
        }
    ]
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish_reason) == ("    return 1\n", "length")
    assert (answer.prompt_tokens, answer.completion_tokens) == (11, 100)


@pytest.mark.parametrize(
    ("told", "tokens", "reason"),
    [
        ("length", 768, "length"),
        ("length", 100, "context_full"),  # of 768 that were asked for: vLLM and llama.cpp have one word for both
        ("length", 0, "length"),  # it does not count
        ("model_length", 0, "context_full"),
        ("model_context_window_exceeded", 0, "context_full"),
        ("stop", 100, "stop"),
    ],
)
def test_a_full_context_is_told_from_the_limit_of_tokens(told: str, tokens: int, reason: str) -> None:
    body = {
        "choices": [{"index": 0, "text": "    return 1\n", "finish_reason": told}],
        "usage": {"prompt_tokens": 11, "completion_tokens": tokens},
    }
    request = Request(completion_prompt("def f():\n"), Sampling(), 0)
    with FakeServer(lambda asked: Reply(body=body)) as server, started(server) as engine:
        (answer,) = ask(engine, [("0", request)]).values()
    assert isinstance(answer, Generation)
    assert answer.finish_reason == reason


def test_a_conversation_goes_through_the_servers_chat_template() -> None:
    with FakeServer(lambda body: Reply("answer")) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1, chat_prompt("question", system="be brief"))).values()
    (body,) = server.requests
    assert body["kind"] == "chat"
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "question"}]
    assert "stop" not in body
    assert "continue_final_message" not in body
    assert isinstance(answer, Generation)
    assert answer.text == "answer"


def test_a_prefilled_answer_is_continued() -> None:
    with FakeServer() as server, started(server) as engine:
        ask(engine, requests(1, chat_prompt("question", prefill="```python\n", stop=("```",))))
    (body,) = server.requests
    assert body["messages"][-1] == {"role": "assistant", "content": "```python\n"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize("prompt", [completion_prompt("def f():\n"), chat_prompt("question")])
def test_the_mean_log_probability_is_told_where_it_is_asked_for(prompt: Prompt) -> None:
    asking, not_asking = Request(prompt, Sampling(logprobs=True), 0), Request(prompt, Sampling(), 0)
    with FakeServer(lambda body: Reply("x", logprobs=(-0.5, -1.0))) as server, started(server) as engine:
        answers = ask(engine, [("0", asking), ("1", not_asking)])
    told, untold = answers["0"], answers["1"]
    assert isinstance(told, Generation)
    assert isinstance(untold, Generation)
    assert (told.logprob, untold.logprob) == (-0.75, None)


def test_an_answer_without_content_is_empty() -> None:
    with FakeServer(lambda body: Reply(None)) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1, chat_prompt("question"))).values()
    assert isinstance(answer, Generation)
    assert answer.text == ""


def test_stop_strings_beyond_what_a_server_takes_are_applied_here() -> None:
    prompt = completion_prompt("x", stop=tuple(f"<{letter}>" for letter in "abcdef"))
    with (
        FakeServer(lambda body: Reply("kept<f>not<a>", "length"), max_stops=4) as server,
        started(server) as engine,
    ):
        (answer,) = ask(engine, requests(1, prompt)).values()
        ask(engine, requests(1, prompt))
    assert [len(body["stop"]) for body in server.requests] == [6, 4, 4], "refused once, and remembered"
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish_reason) == ("kept", "stop")


def test_without_any_stop_string_the_answer_is_cut_here() -> None:
    prompt = completion_prompt("x", stop=tuple("abcdef"))
    with FakeServer(lambda body: Reply("kept f"), max_stops=0) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1, prompt)).values()
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish_reason) == ("k", "stop")
    assert [len(body.get("stop", ())) for body in server.requests] == [6, 4, 0]


@pytest.mark.parametrize(
    "usage", ["null", '{"prompt_tokens": null, "completion_tokens": "many"}', "[]", '"none"', "-1"]
)
def test_counts_of_tokens_that_are_none_are_zero(usage: str) -> None:
    choice = '{"text": "    pass", "finish_reason": "stop", "index": 0}'
    raw = f'{{"choices": [{choice}], "usage": {usage}}}'
    with FakeServer(lambda body: Reply(raw=raw.encode())) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1)).values()
    assert isinstance(answer, Generation)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("    pass", 0, 0)


# Which model


@pytest.mark.parametrize("page", [b"<html>models</html>", b"[]", b"5", b"null", b'{"data": 5}', b'{"data": [5]}'])
def test_a_list_of_models_that_is_none_stops_the_start(page: bytes) -> None:
    with FakeServer(models_page=page) as server, pytest.raises(EngineError, match=server.url), started(server):
        pass


def test_the_only_model_needs_no_name() -> None:
    with FakeServer(models=["only"]) as server, started(server) as engine:
        ask(engine, requests(1))
    assert server.requests[0]["model"] == "only"


@pytest.mark.parametrize(
    ("models", "lists_models", "wanted", "message"),
    [
        (["a", "b"], True, "", "choose one with --humaneval-model; the server has a, b"),
        ([], True, "", "choose one with --humaneval-model; the server has no list of models"),
        (["a"], False, "", "404 Not Found: Not Found"),
    ],
)
def test_a_model_that_is_not_clear_stops_the_start(
    models: list[str], lists_models: bool, wanted: str, message: str
) -> None:
    with FakeServer(models=models, lists_models=lists_models) as server:
        with pytest.raises(EngineError) as caught, started(server, model=wanted):
            pass
        assert str(caught.value) == f"{server.url}/v1: {message}"


@pytest.mark.parametrize(("models", "lists_models"), [(["wanted"], False), (["*", "wanted"], True)])
def test_a_server_without_a_full_list_is_taken_at_its_word(models: list[str], lists_models: bool) -> None:
    with FakeServer(models=models, lists_models=lists_models) as server, started(server, model="wanted") as engine:
        (answer,) = ask(engine, requests(1)).values()
    assert isinstance(answer, Generation)


def test_a_name_with_several_addresses_is_refused_with_a_reason() -> None:
    engine = OpenAIEngine(EngineOptions("openai", urls=("http://localhost:9",)), lambda message: None)
    with closing(engine), pytest.raises(EngineError, match="http://localhost:9/v1: Connection refused; "):
        engine.start()


def test_replicas_of_different_models_are_refused() -> None:
    with (
        FakeServer(models=["a"]) as one,
        FakeServer(models=["b"]) as two,
        pytest.raises(EngineError) as caught,
        started(one, two),
    ):
        pass
    assert str(caught.value) == "the servers must have the same model, not a and b"


def test_one_unreachable_replica_stops_the_start() -> None:
    with FakeServer() as alive, FakeServer() as dead:
        dead.stop()
        with pytest.raises(EngineError) as caught, started(alive, dead):
            pass
        assert str(caught.value) == f"{dead.url}/v1: Connection refused; is the server running?"


# Faults


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=500, error="out of memory"), "500 Internal Server Error: out of memory"),
        (Reply(status=503, raw=b"<html>busy</html>"), "503 Service Unavailable: <html>busy</html>"),
        (Reply(status=429, error="slow down"), "429 Too Many Requests: slow down"),
        (Reply(status=400, error="too long"), "400 Bad Request: too long"),
        (Reply(status=418, raw=b""), "418 I'm a Teapot"),
        (Reply(raw=b'{"choices": ['), "the answer is not JSON: Expecting value: line 1 column 14"),
        (Reply(raw=b'{"choices": []}'), "answered with something other than a completion: {'choices': ["),
        (
            Reply(raw=b'{"choices": [{"text": 1}], "usage": null}'),
            "answered with something other than a completion: {'choices': [",
        ),
        (Reply(raw=b"null"), "answered with something other than a completion: "),
        (Reply(drop=True), "Server disconnected without sending a response."),
        (Reply(hang=True), "no answer to any request within 0.5 s"),
    ],
)
def test_a_fault_becomes_the_requests_error_with_url_and_cause(reply: Reply, message: str) -> None:
    timeout = 0.5 if reply.hang else 2.0 if reply.status == 429 else 10.0  # it runs out where there is no other end
    with FakeServer(lambda body: reply) as server, started(server, timeout=timeout) as engine:
        error = error_of(ask(engine, requests(1)))
    assert error.startswith(f"{server.url}/v1: {message}")


def test_a_passing_fault_is_retried() -> None:
    replies = iter([Reply(status=500), Reply(drop=True), Reply("third time lucky")])
    with FakeServer(lambda body: next(replies)) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1)).values()
    assert isinstance(answer, Generation)
    assert answer.text == "third time lucky"


def test_a_slow_server_is_waited_for() -> None:
    with FakeServer(lambda body: Reply("late", delay=0.3)) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1)).values()
    assert isinstance(answer, Generation)
    assert answer.seconds >= 0.3


def test_a_request_waits_as_long_as_the_server_answers_others() -> None:
    # A server with one thing at a time: the last answer takes longer than the silence that is allowed.
    with (
        FakeServer(lambda body: Reply("late", delay=0.5 * int(body["prompt"].split()[-1]))) as server,
        started(server, timeout=3) as engine,
    ):
        answers = ask(engine, requests(8))
    assert max(answer.seconds for answer in answers.values() if isinstance(answer, Generation)) > 3
    assert len(answers) == 8


def test_a_request_that_is_never_answered_is_given_up_beside_others() -> None:
    def reply(body: dict[str, Any]) -> Reply:
        return Reply(hang=True) if body["prompt"] == "prompt 1" else Reply("fine", delay=0.2)

    with FakeServer(reply) as server, started(server, timeout=2) as engine:
        answers = ask(engine, requests(3)) | {"later": ask(engine, requests(1))["0"]}
    assert [key for key, answer in answers.items() if isinstance(answer, EngineError)] == ["1"]


def test_one_poisonous_request_does_not_cost_the_others() -> None:
    def reply(body: dict[str, Any]) -> Reply:
        return Reply(drop=True) if body["prompt"] == "prompt 3" else Reply("fine", delay=0.05)

    with FakeServer(reply) as server, started(server) as engine:
        answers = ask(engine, requests(8)) | {"later": ask(engine, requests(1))["0"]}
    assert [key for key, answer in answers.items() if isinstance(answer, EngineError)] == ["3"]


def test_a_server_that_dies_fails_the_rest_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.engine.openai._IN_FLIGHT", 4)
    with FakeServer(lambda body: Reply(hang=True)) as server, started(server) as engine:
        engine.submit(requests(100))
        wait_for_requests(server, 4)
        server.stop()
        begun = time.monotonic()
        assert error_of(collect(engine, 100)) == f"{server.url}/v1: Connection refused"
        assert time.monotonic() - begun < PATIENCE


def test_a_server_that_hangs_is_given_up_once_and_not_once_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.engine.openai._IN_FLIGHT", 2)
    with FakeServer(lambda body: Reply(hang=True)) as server, started(server, timeout=0.3) as engine:
        assert error_of(ask(engine, requests(40))) == f"{server.url}/v1: no answer to any request within 0.3 s"
        assert len(server.requests) <= 2  # of 40, as two are in flight at a time


def test_what_is_dropped_leaves_its_place_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.engine.openai._IN_FLIGHT", 2)

    def reply(body: dict[str, Any]) -> Reply:
        return Reply("fine") if body["prompt"] == "prompt 39" else Reply(hang=True)

    with FakeServer(reply) as server, started(server) as engine:
        engine.submit(requests(40))
        wait_for_requests(server, 2)
        unwanted = [str(number) for number in range(39)]
        assert set(engine.drop(unwanted)) == set(unwanted)
        ((key, answer),) = collect(engine, 1).items()
        assert key == "39", answer
        assert isinstance(answer, Generation)
        assert engine.drop(["39"]) == []  # it is answered


def test_closing_does_not_wait_for_a_server_that_hangs() -> None:
    with FakeServer(lambda body: Reply(hang=True)) as server:
        with started(server, timeout=600) as engine:
            engine.submit(requests(4))
            begun = time.monotonic()
        assert time.monotonic() - begun < PATIENCE


# Replicas


def test_replicas_share_the_load() -> None:
    def behaviour(body: dict[str, Any]) -> Reply:
        return Reply("fine", delay=0.05)

    with FakeServer(behaviour) as one, FakeServer(behaviour) as other, started(one, other) as engine:
        answers = ask(engine, requests(40))
    assert all(isinstance(answer, Generation) for answer in answers.values())
    assert len(one.requests) + len(other.requests) == 40
    assert 10 <= len(one.requests) <= 30


@pytest.mark.parametrize("fault", [Reply(drop=True), Reply(hang=True), Reply(status=500), Reply(raw=b"{")])
def test_a_failing_replica_hands_its_requests_to_the_other(fault: Reply) -> None:
    silence = 3 if fault.hang else 10  # seconds; the good one has to answer in them
    with FakeServer(lambda body: fault) as bad, FakeServer() as good, started(bad, good, timeout=silence) as engine:
        answers = ask(engine, requests(20))
    assert all(isinstance(answer, Generation) for answer in answers.values())
    assert bad.requests


def test_a_replica_that_dies_hands_its_requests_to_the_other() -> None:
    with FakeServer(lambda body: Reply(hang=True)) as dying, FakeServer() as good, started(dying, good) as engine:
        engine.submit(requests(20))
        wait_for_requests(dying, 10)
        dying.stop()
        answers = collect(engine, 20)
    assert all(isinstance(answer, Generation) for answer in answers.values())


def test_when_every_replica_fails_each_is_named_with_its_cause() -> None:
    with (
        FakeServer(lambda body: Reply(status=500, error="one")) as one,
        FakeServer(lambda body: Reply(status=502, error="two")) as two,
        started(one, two) as engine,
    ):
        error = error_of(ask(engine, requests(1)))
    assert error == f"{one.url}/v1: 500 Internal Server Error: one; {two.url}/v1: 502 Bad Gateway: two"


def test_a_refused_request_is_not_tried_elsewhere() -> None:
    def behaviour(body: dict[str, Any]) -> Reply:
        return Reply(status=400, error="no")

    with FakeServer(behaviour) as one, FakeServer(behaviour) as other, started(one, other) as engine:
        error_of(ask(engine, requests(1)))
    assert len(one.requests) + len(other.requests) == 1


# Explanations


def test_a_refused_prefill_is_explained() -> None:
    refusal = Reply(status=400, error="Unrecognized request argument")
    with FakeServer(lambda body: refusal) as server, started(server) as engine:
        error = error_of(ask(engine, requests(1, chat_prompt("question", prefill="```"))))
    assert error.endswith("(the strategy begins the model's answer; that needs vLLM's continue_final_message)")


# The key


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret\n")  # as read from a file
    with FakeServer(key="sk-secret") as server, started(server) as engine:
        (answer,) = ask(engine, requests(1)).values()
    assert isinstance(answer, Generation)


def test_a_missing_key_is_explained() -> None:
    with FakeServer(key="sk-secret") as server:
        with pytest.raises(EngineError) as caught, started(server):
            pass
        assert str(caught.value) == (
            f"{server.url}/v1: 401 Unauthorized: Incorrect API key provided: none. "
            "(the key is taken from the environment variable OPENAI_API_KEY, which is not set)"
        )


def test_the_key_shows_nowhere(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    caplog.set_level(logging.DEBUG)
    with FakeServer(key="sk-right") as server:
        with pytest.raises(EngineError) as caught, started(server):
            pass
        assert "Incorrect API key provided: ***." in str(caught.value)
        assert caught.value.__suppress_context__, "a printed traceback would show the server's answer"
        server.key = ""
        server.behaviour = lambda body: Reply(status=500, error="you sent sk-wrong")
        with started(server) as engine:
            assert error_of(ask(engine, requests(1))).endswith("500 Internal Server Error: you sent ***")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pytest_humaneval")]
    assert ours == []
    assert not [record for record in caplog.records if record.levelno >= logging.INFO and "sk-" in record.getMessage()]


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\nsk-two")
    with FakeServer() as server:
        with pytest.raises(EngineError) as caught, started(server):
            pass
        assert str(caught.value) == "the environment variable OPENAI_API_KEY has characters that no key may have"

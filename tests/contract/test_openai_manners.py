"""The openai engine against servers that refuse, rename, limit, load, stream and think, as those in the field do."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, contextmanager
from email.utils import formatdate
from typing import Any

import pytest
from openai_server import FakeServer, Reply
from test_openai_faults import ask, error_of, requests

from pytest_humaneval import Generation, Prompt, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.exceptions import EngineError, SharedEngineError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.sample import Request

QUESTION = chat_prompt("question")
CODE = "def add(x, y):\n    return x + y\n"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("pytest_humaneval.engine.pace.FIRST_PAUSE", 0.02)


@contextmanager
def started(server: FakeServer, **options: Any) -> Any:
    chosen = {"urls": (server.url,), "request_timeout": 30.0, **options}
    with closing(OpenAIEngine(EngineOptions("openai", **chosen), lambda message: None)) as engine:
        engine.start()
        yield engine


def one(server: FakeServer, prompt: Prompt = QUESTION, sampling: Sampling = Sampling(), **options: Any) -> Any:  # noqa: B008
    """The answer to one request, and what the engine has to say."""
    with server, started(server, **options) as engine:
        (answer,) = ask(engine, [("0", Request(prompt, sampling, 0))]).values()
        return answer, engine.notices


def refusing(*refusals: tuple[Callable[[dict[str, Any]], bool], str, str]) -> FakeServer:
    """A server that refuses with a message and the parameter's name what a test of the body says."""

    def behave(body: dict[str, Any]) -> Reply:
        for refuses, message, parameter in refusals:
            if refuses(body):
                return Reply(status=400, body={"error": {"message": message, "param": parameter}})
        return Reply(CODE)

    return FakeServer(behave)


# Parameters


def test_only_what_was_asked_for_is_sent() -> None:
    with FakeServer() as server, started(server) as engine:
        ask(engine, requests(1, QUESTION))
    (body,) = server.requests
    assert set(body) == {"kind", "model", "messages", "max_tokens", "temperature"}


@pytest.mark.parametrize(
    ("refuses", "message", "parameter", "then", "notice"),
    [
        (
            lambda body: "max_tokens" in body,
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "max_tokens",
            {"max_completion_tokens": 768, "max_tokens": None},
            "max_completion_tokens was sent instead",
        ),
        (
            lambda body: "temperature" in body,
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported.",
            "temperature",
            {"temperature": None},
            "accepts no temperature but its own",
        ),
        (
            lambda body: "stop" in body,
            "Unsupported parameter: 'stop' is not supported with this model.",
            "stop",
            {"stop": None},
            "refused stop",
        ),
        (
            lambda body: "logprobs" in body,
            "logprobs are not supported by this model",
            "",
            {"logprobs": None},
            "best_of and vote take",
        ),
    ],
)
def test_a_refused_parameter_is_left_out_or_renamed(
    refuses: Any, message: str, parameter: str, then: dict[str, Any], notice: str
) -> None:
    server = refusing((refuses, message, parameter))
    answer, notices = one(server, chat_prompt("question", stop=("\n#",)), Sampling(logprobs=True))
    assert isinstance(answer, Generation)
    assert {name: server.requests[-1].get(name) for name in then} == then
    assert [notice in told for told in notices].count(True) == 1


def test_what_was_learned_is_learned_once_and_told_once() -> None:
    server = refusing((lambda body: "max_tokens" in body, "Use max_completion_tokens, not max_tokens", "max_tokens"))
    with server, started(server) as engine:
        ask(engine, requests(1))
        assert all(isinstance(answer, Generation) for answer in ask(engine, requests(20)).values())
        assert len(engine.notices) == 1
    assert len(server.requests) == 22


def test_many_that_are_refused_at_once_all_learn() -> None:
    server = refusing(
        (lambda body: "max_tokens" in body, "Use max_completion_tokens, not max_tokens", "max_tokens"),
        (lambda body: not body["messages"][-1].get("prefix"), "Expected last role User or Assistant with prefix", ""),
    )
    with server, started(server) as engine:
        answers = ask(engine, requests(30, chat_prompt("question", prefill="```python\n", stop=("\n```",))))
        assert all(isinstance(answer, Generation) for answer in answers.values())
        assert len(engine.notices) == 1
    assert all(body["messages"][-1]["role"] == "assistant" for body in server.requests)


def test_several_parameters_are_refused_one_after_the_other() -> None:
    server = refusing(
        (lambda body: "max_tokens" in body, "max_tokens is not supported, use max_completion_tokens", "max_tokens"),
        (lambda body: "temperature" in body, "`temperature` is deprecated for this model.", ""),
        (lambda body: "top_p" in body, "top_p: Extra inputs are not permitted", ""),
        (lambda body: "seed" in body, 'Unknown name "seed": Cannot find field.', ""),
        (lambda body: body["messages"][0]["role"] == "system", "System role not supported", ""),
    )
    prompt = chat_prompt("question", system="be brief")
    answer, notices = one(server, prompt, Sampling(temperature=0.8, top_p=0.9))
    assert isinstance(answer, Generation)
    assert set(server.requests[-1]) == {"kind", "model", "messages", "max_completion_tokens"}
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "be brief\n\nquestion"}]
    assert len(notices) == 5


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 768. This model supports at most 512 completion tokens",
        "'max_tokens' or 'max_completion_tokens' is too large: 768. This model's maximum context length is 512 tokens",
        "the question is not appropriate",
    ],
)
def test_a_refusal_that_teaches_nothing_is_an_error_at_once(message: str) -> None:
    server = refusing((lambda body: True, message, ""))
    answer, _ = one(server)
    assert isinstance(answer, EngineError)
    assert "400 Bad Request" in str(answer)
    assert len(server.requests) == 1


def test_a_temperature_that_is_out_of_range_is_the_users_to_mend() -> None:
    server = refusing((lambda body: body["temperature"] > 1, "temperature must be between 0 and 1", "temperature"))
    answer, _ = one(server, sampling=Sampling(temperature=1.5))
    assert isinstance(answer, EngineError)


def test_parameters_of_the_users_own_win() -> None:
    asked = (("reasoning_effort", '"low"'), ("top_k", "20"), ("temperature", ""), ("max_tokens", "99"))
    with FakeServer() as server, started(server, request=asked) as engine:
        ask(engine, requests(1, QUESTION))
    (body,) = server.requests
    assert (body["reasoning_effort"], body["top_k"], body["max_tokens"]) == ("low", 20, 99)
    assert "temperature" not in body


@pytest.mark.parametrize("asked", [(), (("stream", "true"),)])
def test_a_server_that_insists_streams(asked: tuple[tuple[str, str], ...]) -> None:
    def behave(body: dict[str, Any]) -> Reply:
        if not body.get("stream"):
            return Reply(status=400, error="This model only supports stream mode: stream must be true")
        parts: list[dict[str, Any]] = [{"reasoning_content": "hm"}, {"content": "def "}, {"content": "add"}]
        ends: list[dict[str, Any]] = [{"choices": [{"delta": {}, "finish_reason": "length"}]}]
        return Reply(events=(*({"choices": [{"delta": part}]} for part in parts), *ends))

    answer, _ = one(FakeServer(behave), request=asked)
    assert isinstance(answer, Generation)
    assert (answer.text, answer.finish_reason, answer.reasoning) == ("def add", "length", "hm")


def test_a_stream_that_breaks_off_is_an_error() -> None:
    server = FakeServer(lambda body: Reply(events=({"choices": [{"delta": {"content": "def"}}]},)))
    answer, _ = one(server)
    assert isinstance(answer, EngineError)
    assert "broke off" in str(answer)


# Answers


def answering(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> FakeServer:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    return FakeServer(lambda body: Reply(body={"choices": [choice], **rest}))


def test_a_content_of_parts_is_one_text_and_its_thoughts_are_apart() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "x - y? no"}]}
    answer, _ = one(
        answering({"content": [thinking, {"type": "text", "text": "def add"}, {"type": "text", "text": "()"}]})
    )
    assert (answer.text, answer.reasoning) == ("def add()", "x - y? no")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_beside_the_content_is_kept_and_no_part_of_the_answer(name: str) -> None:
    answer, _ = one(answering({"content": CODE, name: "draft"}))
    assert (answer.text, answer.reasoning) == (CODE, "draft")


@pytest.mark.parametrize(
    ("message", "told", "reason"),
    [
        ({"content": "x"}, "MAX_TOKENS", "length"),
        ({"content": "x"}, "end_turn", "stop"),
        ({"content": "x"}, None, "stop"),
        ({"content": None}, "content_filter", "content_filter"),
        ({"content": None}, "SAFETY", "content_filter"),
        ({"content": None, "refusal": "I can't."}, "stop", "refusal"),
        ({"content": None, "tool_calls": [{"id": "1"}]}, "tool_calls", "tool_calls"),
        ({"content": "x"}, "moon_phase", "moon_phase"),
    ],
)
def test_the_end_has_one_spelling(message: dict[str, Any], told: str | None, reason: str) -> None:
    answer, _ = one(answering(message, told))
    assert answer.finish_reason == reason


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"finish_reason": "error", "message": {"content": "def"}}]},
        {"choices": [{"finish_reason": None, "message": {"content": ""}, "error": {"code": "x", "message": "down"}}]},
        {"error": {"message": "provider returned an error", "code": "x"}},
        {"choices": [], "error": {"message": "down"}},
    ],
)
def test_a_failure_with_status_200_is_an_error(body: dict[str, Any]) -> None:
    answer, _ = one(FakeServer(lambda asked: Reply(body=body)))
    assert isinstance(answer, EngineError)
    assert "answered with an error: " in str(answer)


def test_a_gateways_passing_error_with_status_200_is_tried_again() -> None:
    replies = iter([Reply(body={"error": {"code": 502, "message": "bad"}}), Reply(body={"error": {"code": 429}})])
    answer, _ = one(FakeServer(lambda body: next(replies, Reply(CODE))))
    assert answer.text == CODE


def test_a_usage_of_nonsense_costs_nothing() -> None:
    usage = {"prompt_tokens": None, "completion_tokens": "7"}
    answer, _ = one(answering({"content": CODE}, usage=usage))
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == (CODE, 0, 0)


# Answers that are begun

FENCE = chat_prompt("question", prefill="```python\n", stop=("\n```",), completion_prefix="```python\n")
PROSE = f"Sure! Here is the function:\n```python\n{CODE}```\nIt adds."


def ignoring(body: dict[str, Any]) -> Reply:
    """As a chat service: the beginning is ignored, stop strings are not."""
    text = PROSE
    for stop in body.get("stop", ()):
        text = text.partition(stop)[0]
    return Reply(text)


def test_a_server_that_ignores_the_beginning_is_not_stopped_at_the_opening_fence() -> None:
    with FakeServer(ignoring) as server, started(server) as engine:
        (answer,) = ask(engine, requests(1, FENCE)).values()
        (later,) = ask(engine, requests(1, FENCE)).values()
        assert isinstance(answer, Generation)
        assert answer.text == later.text == PROSE  # type: ignore[union-attr]
        assert any("does not continue" in notice for notice in engine.notices)
    assert ["stop" in body for body in server.requests] == [True, False, False]


def test_an_answer_that_goes_on_is_left_alone() -> None:
    with FakeServer(lambda body: Reply("def add(x, y):\n    return x + y")) as server, started(server) as engine:
        ask(engine, requests(3, FENCE))
        assert engine.notices == []
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "message",
    [
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        "Expected last role User or Tool for serving but got assistant",
    ],
)
def test_a_server_that_refuses_the_beginning_is_asked_without(message: str) -> None:
    def behave(body: dict[str, Any]) -> Reply:
        refused = body["messages"][-1]["role"] == "assistant"
        return Reply(status=400, error=message) if refused else ignoring(body)

    server = FakeServer(behave)
    answer, notices = one(server, FENCE)
    assert answer.text == PROSE
    assert len(notices) == 1


def test_fields_that_only_vllm_knows_are_left_out_where_they_are_refused() -> None:
    server = refusing((lambda body: "continue_final_message" in body, "Unrecognized request argument supplied", ""))
    answer, _ = one(server, FENCE)
    assert isinstance(answer, Generation)
    assert server.requests[-1]["messages"][-1]["role"] == "assistant"


# Limits


def limited(per_window: int, window: float, header: Callable[[float], tuple[tuple[str, str], ...]]) -> FakeServer:
    """A server that answers so many requests in a sliding window of seconds, and refuses the rest."""
    granted: deque[float] = deque()
    lock = threading.Lock()

    def behave(body: dict[str, Any]) -> Reply:
        with lock:
            now = time.monotonic()
            while granted and now - granted[0] > window:
                granted.popleft()
            if len(granted) < per_window:
                granted.append(now)
                return Reply("fine")
            return Reply(status=429, error="slow down", headers=header(window - (now - granted[0])))

    return FakeServer(behave)


def told_in_seconds(pause: float) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", f"{pause:.3f}"),)


def untold(pause: float) -> tuple[tuple[str, str], ...]:
    return ()


@pytest.mark.parametrize(
    ("per_window", "window", "count", "header"),
    [(5, 0.3, 30, told_in_seconds), (5, 0.3, 20, untold), (8, 1.0, 20, untold)],
)
def test_a_limited_rate_loses_nothing(per_window: int, window: float, count: int, header: Any) -> None:
    with limited(per_window, window, header) as server, started(server) as engine:
        answers = ask(engine, requests(count))
    assert all(isinstance(answer, Generation) for answer in answers.values())


RAY_SERVES = b"Request dropped due to backpressure (num_queued_requests=2, max_queued_requests=2)."


@pytest.mark.parametrize("refusal", [Reply(status=429, error="too many at once"), Reply(status=503, raw=RAY_SERVES)])
def test_two_at_a_time_lose_nothing_and_the_number_adapts(refusal: Reply) -> None:
    busy, lock = [0], threading.Lock()

    def behave(body: dict[str, Any]) -> Reply:
        with lock:
            if busy[0] >= 2:
                return refusal
            busy[0] += 1
        time.sleep(0.01)
        with lock:
            busy[0] -= 1
        return Reply("fine")

    with FakeServer(behave) as server, started(server) as engine:
        answers = ask(engine, requests(40))
    assert all(isinstance(answer, Generation) for answer in answers.values())
    assert len(server.requests) < 400


def test_a_date_is_waited_for() -> None:
    refused_at: list[float] = []

    def behave(body: dict[str, Any]) -> Reply:
        if refused_at:
            return Reply("fine")
        refused_at.append(time.time())
        return Reply(status=429, headers=(("Retry-After", formatdate(time.time() + 2, usegmt=True)),))

    begun = time.time()
    answer, _ = one(FakeServer(behave))
    assert isinstance(answer, Generation)
    assert time.time() - begun > 0.9  # dates have whole seconds


def test_a_pause_longer_than_the_patience_ends_the_run() -> None:
    server = FakeServer(lambda body: Reply(status=429, error="quota", headers=(("Retry-After", "86400"),)))
    answer, _ = one(server)
    assert isinstance(answer, SharedEngineError)
    assert "it asks to wait 86400 s, longer than --humaneval-engine-timeout=30" in str(answer)


def test_no_more_are_in_flight_than_was_said() -> None:
    with FakeServer(lambda body: Reply("fine", delay=0.02)) as server, started(server, in_flight=3) as engine:
        ask(engine, requests(20))
    assert server.most_at_once <= 3


def test_a_server_that_loads_its_model_is_waited_for_with_a_word() -> None:
    begun = time.monotonic()
    said: list[str] = []

    def behave(body: dict[str, Any]) -> Reply:
        loading = time.monotonic() - begun < 3
        return Reply(status=503, error="Loading model") if loading else Reply("ready")

    options = EngineOptions("openai", request_timeout=60.0)
    with FakeServer(behave) as server:
        engine = OpenAIEngine(EngineOptions(**{**vars_of(options), "urls": (server.url,)}), said.append)
        with closing(engine):
            engine.start()
            answers = ask(engine, requests(3))
    assert all(isinstance(answer, Generation) for answer in answers.values())
    assert any(re.match(r"waiting for .*Loading model \(\d+ s\)", each) for each in said)
    assert said[-1] == "", "it is at work again"


def vars_of(options: EngineOptions) -> dict[str, Any]:
    return dict(to_plain(options))


# Faults of all


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=401, error="bad key"), "401 Unauthorized: bad key"),
        (Reply(status=404, error="The model `x` does not exist"), "; the server has tiny"),
        (Reply(status=429, body={"error": {"message": "pay", "code": "insufficient_quota"}}), "pay"),
    ],
)
def test_a_fault_of_key_model_or_quota_is_everybodys(reply: Reply, message: str) -> None:
    answer, _ = one(FakeServer(lambda body: reply))
    assert isinstance(answer, SharedEngineError)
    assert message in str(answer)


def test_the_same_refusal_of_everything_becomes_everybodys() -> None:
    with FakeServer(lambda body: Reply(status=400, error="no")) as server, started(server) as engine:
        answers = ask(engine, requests(20))
        error_of(answers)
    assert any(isinstance(answer, SharedEngineError) for answer in answers.values())


def test_of_many_models_those_are_listed_that_resemble_the_one_that_is_wanted() -> None:
    models = [f"org/model-{n}" for n in range(400)]
    with FakeServer(models=models) as server, started(server, model="org/model-77b") as engine:
        error = error_of(ask(engine, requests(1)))
    assert "org/model-77" in error
    assert error.endswith("and 390 more")
    assert len(error) < 700


# Names and addresses


def test_a_name_that_is_not_listed_is_tried_and_told() -> None:
    with FakeServer(takes_any_name=True) as server, started(server, model="my-deployment") as engine:
        (answer,) = ask(engine, requests(1)).values()
        assert isinstance(answer, Generation)
        (notice,) = engine.notices
    assert "does not list the model 'my-deployment' (it has tiny)" in notice


def test_a_query_stays_a_query() -> None:
    with FakeServer() as server:
        engine = OpenAIEngine(
            EngineOptions("openai", urls=(f"{server.url}/v1?api-version=2024-10-21",)), lambda message: None
        )
        with closing(engine):
            engine.start()
            ask(engine, requests(1))
    assert server.paths == ["/v1/completions?api-version=2024-10-21"]


def test_tls_that_is_not_spoken_is_told_as_that() -> None:
    with FakeServer() as server:
        engine = OpenAIEngine(
            EngineOptions("openai", urls=(server.url.replace("http:", "https:"),)), lambda message: None
        )
        with closing(engine), pytest.raises(EngineError, match=r"TLS: .*http:// instead of https://"):
            engine.start()


def test_a_proxy_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    engine = OpenAIEngine(EngineOptions("openai", urls=("http://model.example",)), lambda message: None)
    with closing(engine), pytest.raises(EngineError) as caught:
        engine.start()
    assert "Connection refused (through the proxy http://127.0.0.1:9 (HTTP_PROXY))" in str(caught.value)


def test_a_text_that_is_completed_is_never_taken_for_an_ignored_beginning() -> None:
    with FakeServer(ignoring) as server, started(server) as engine:
        ask(engine, requests(1, completion_prompt("def add(x, y):\n", stop=("\n```",))))
    assert len(server.requests) == 1

"""What every engine promises, whatever is behind it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai_server import FakeServer, Reply

from pytest_humaneval import Generation, Sampling, completion_prompt
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import Answer, Engine, EngineOptions
from pytest_humaneval.engine.replay import ReplayEngine
from pytest_humaneval.engine.scripted import ScriptedEngine
from pytest_humaneval.exceptions import EngineError, HumanEvalError
from pytest_humaneval.sample import Request

Texts = Mapping[str, list[str | None]]
"""By task, one text a sample; None is a request that fails."""


def silent(message: str) -> None:
    """Progress that nobody watches."""


@contextmanager
def scripted(texts: Texts, folder: Path) -> Iterator[Engine]:
    script = folder / "script.json"
    lines = {task: [{"error": "no"} if text is None else text for text in samples] for task, samples in texts.items()}
    script.write_text(json.dumps(lines))
    yield ScriptedEngine(EngineOptions(file=str(script)), silent)


@contextmanager
def replay(texts: Texts, folder: Path) -> Iterator[Engine]:
    rows = [
        {"task_id": task, "completion": text, "sample_index": index}
        for task, samples in texts.items()
        for index, text in enumerate(samples)
        if text is not None
    ]
    path = folder / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    yield ReplayEngine(EngineOptions(file=str(path)), silent)


@contextmanager
def openai(texts: Texts, folder: Path) -> Iterator[Engine]:
    def reply(body: dict[str, Any]) -> Reply:
        text = texts[body["prompt"]][body["seed"]]
        return Reply(status=400, error="no") if text is None else Reply(text)

    with FakeServer(reply) as server:
        yield OpenAIEngine(EngineOptions(urls=(server.url,)), silent)


def broken_script(folder: Path) -> Engine:
    (folder / "script.json").write_text('{"start": {"error": "no"}}')
    return ScriptedEngine(EngineOptions(file=str(folder / "script.json")), silent)


def missing_samples(folder: Path) -> Engine:
    return ReplayEngine(EngineOptions(file=str(folder / "missing")), silent)


def refused_connection(folder: Path) -> Engine:
    return OpenAIEngine(EngineOptions(urls=("http://127.0.0.1:9",)), silent)  # the discard port: nobody listens


Opened = Callable[[Texts], AbstractContextManager[Engine]]


@pytest.fixture(params=[scripted, replay, openai])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Each kind of engine in turn: started with the given texts as its answers, and closed afterwards."""

    @contextmanager
    def opened_with(texts: Texts) -> Iterator[Engine]:
        with request.param(texts, tmp_path) as engine, closing(engine):
            engine.start()
            yield engine

    return opened_with


def request_for(task_id: str, sample_index: int = 0) -> Request:
    return Request(completion_prompt(task_id), Sampling(temperature=1.0), sample_index, task_id, "minimal")


def collect(engine: Engine, count: int) -> list[Answer]:
    answers: list[Answer] = []
    deadline = time.monotonic() + 30
    while len(answers) < count:
        assert time.monotonic() < deadline, f"only {len(answers)} of {count} answers"
        answers += engine.poll()
    return answers


def text(answer: Generation | EngineError) -> str:
    assert isinstance(answer, Generation), answer
    return answer.text


def test_every_request_is_answered_once_with_its_own_text(opened: Opened) -> None:
    texts: Texts = {f"T/{number}": [f"text {number}"] for number in range(50)}
    with opened(texts) as engine:
        engine.submit([(f"key of {task}", request_for(task)) for task in texts])
        answers = collect(engine, len(texts))
        assert list(engine.poll()) == []
    assert len(answers) == len(texts)
    assert {key: text(answer) for key, answer in answers} == {f"key of {task}": texts[task][0] for task in texts}


def test_each_sample_has_its_own_answer(opened: Opened) -> None:
    with opened({"T/0": ["zero", "one", "two"]}) as engine:
        engine.submit([(str(index), request_for("T/0", index)) for index in (2, 0, 1)])
        answers = dict(collect(engine, 3))
    assert [text(answers[str(index)]) for index in range(3)] == ["zero", "one", "two"]


def test_a_request_that_fails_does_so_alone(opened: Opened) -> None:
    with opened({"T/0": ["fine"], "T/1": [None], "T/2": ["fine too"]}) as engine:
        engine.submit([(task, request_for(task)) for task in ("T/0", "T/1", "T/2")])
        answers = dict(collect(engine, 3))
    assert isinstance(answers["T/1"], EngineError)
    assert str(answers["T/1"])
    assert (text(answers["T/0"]), text(answers["T/2"])) == ("fine", "fine too")


def test_what_is_submitted_later_is_answered_too(opened: Opened) -> None:
    with opened({"T/0": ["first"], "T/1": ["second"]}) as engine:
        engine.submit([("0", request_for("T/0"))])
        collect(engine, 1)
        engine.submit([])
        engine.submit([("1", request_for("T/1"))])
        ((key, answer),) = collect(engine, 1)
    assert (key, text(answer)) == ("1", "second")


AWKWARD = {"empty": "", "nul": "nul\0", "surrogate": "\ud800", "separators": "\u2028\x85\r\n", "megabyte": "x" * 10**6}


@pytest.mark.parametrize("awkward", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_text_arrives_unchanged(opened: Opened, awkward: str) -> None:
    with opened({"T/0": [awkward]}) as engine:
        engine.submit([("0", request_for("T/0"))])
        ((_, answer),) = collect(engine, 1)
    assert text(answer) == awkward


def test_a_generation_is_complete(opened: Opened) -> None:
    with opened({"T/0": ["text"]}) as engine:
        engine.submit([("0", request_for("T/0"))])
        ((_, answer),) = collect(engine, 1)
    assert isinstance(answer, Generation)
    assert answer.finish_reason == "stop"
    assert answer.prompt_tokens >= 0
    assert answer.completion_tokens >= 0
    assert 0 <= answer.seconds < 30


def test_polling_in_vain_takes_a_moment_and_no_longer(opened: Opened) -> None:
    with opened({"T/0": ["text"]}) as engine:
        begun = time.monotonic()
        assert list(engine.poll()) == []
        assert 0.05 < time.monotonic() - begun < 30  # of a busy machine


def test_closing_with_unread_answers_leaves_no_thread_behind(opened: Opened) -> None:
    before = set(threading.enumerate())
    with opened({"T/0": ["text"]}) as engine:
        engine.submit([("0", request_for("T/0"))])
    # The fake server's own threads end by themselves, a moment later.
    remaining = [thread.name for thread in set(threading.enumerate()) - before]
    assert all("process_request_thread" in name for name in remaining), remaining


@pytest.mark.parametrize(
    ("unusable", "message"),
    [
        (broken_script, "^no$"),
        (missing_samples, r"missing: cannot be read \(No such file or directory\)"),
        (refused_connection, r"^http://127\.0\.0\.1:9/v1: Connection refused; is the server running\?$"),
    ],
)
def test_an_engine_that_cannot_start_says_why_and_can_be_closed(
    unusable: Callable[[Path], Engine], message: str, tmp_path: Path
) -> None:
    with closing(unusable(tmp_path)) as engine, pytest.raises(HumanEvalError, match=message):
        engine.start()


@pytest.mark.parametrize("unused", [broken_script, missing_samples, refused_connection])
def test_an_engine_that_was_never_needed_can_be_closed(unused: Callable[[Path], Engine], tmp_path: Path) -> None:
    unused(tmp_path).close()

"""What every engine promises, whatever is behind it, as a suite; and an engine that answers from a script."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pytest_humaneval.engine.protocol import Answer, Engine, EngineOptions
from pytest_humaneval.engine.scripted import ScriptedEngine
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.sample import Generation, Request, Sampling

PATIENCE = 30.0  # seconds, of a busy machine

Texts = Mapping[str, Sequence[str | None]]
"""What an engine is to answer: by prompt, one text per sample. None is a request that fails."""

MakeEngine = Callable[[Texts], Engine]
"""Makes an engine, not yet started, that gives these answers."""

AWKWARD = {"empty": "", "nul": "nul\0", "surrogate": "\ud800", "separators": "\u2028\x85\r\n", "megabyte": "x" * 10**6}


@contextmanager
def scripted_engine(answers: Mapping[str, Any]) -> Iterator[Engine]:
    """The scripted engine, started; ``answers`` is its script (docs/files.md).

    Raises:
        InputError: that is not a script.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.json")
        script.write_text(json.dumps(answers))
        engine = ScriptedEngine(EngineOptions("scripted", file=str(script)), _unwatched)
    with closing(engine):
        engine.start()
        yield engine


def request_for(prompt: str, sample_index: int = 0, *, strategy: str = "minimal") -> Request:
    """A request to continue ``prompt``, which is its task's id too: engines answer by the one or the other."""
    return Request(completion_prompt(prompt), Sampling(temperature=1.0), sample_index, prompt, strategy)


def collect(engine: Engine, count: int) -> list[Answer]:
    """The next ``count`` answers.

    Raises:
        AssertionError: they do not come within half a minute.
    """
    answers: list[Answer] = []
    deadline = time.monotonic() + PATIENCE
    while len(answers) < count:
        assert time.monotonic() < deadline, f"only {len(answers)} of {count} answers within {PATIENCE:.0f} s"
        answers += engine.poll()
    return answers


class EngineContract:
    """The suite: a class that inherits from it gives it a fixture ``make_engine``, which returns a ``MakeEngine``."""

    def test_every_request_is_answered_once_with_its_own_text(self, make_engine: MakeEngine) -> None:
        texts = {f"T/{number}": [f"text {number}"] for number in range(50)}
        with _started(make_engine, texts) as engine:
            engine.submit([(f"key of {task}", request_for(task)) for task in texts])
            answers = collect(engine, len(texts))
            assert list(engine.poll()) == []
        assert len(answers) == len(texts)
        assert {key: _text(answer) for key, answer in answers} == {f"key of {task}": texts[task][0] for task in texts}

    def test_each_sample_has_its_own_answer(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {"T/0": ["zero", "one", "two"]}) as engine:
            engine.submit([(str(index), request_for("T/0", index)) for index in (2, 0, 1)])
            answers = dict(collect(engine, 3))
        assert [_text(answers[str(index)]) for index in range(3)] == ["zero", "one", "two"]

    def test_a_request_that_fails_does_so_alone(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {"T/0": ["fine"], "T/1": [None], "T/2": ["fine too"]}) as engine:
            engine.submit([(task, request_for(task)) for task in ("T/0", "T/1", "T/2")])
            answers = dict(collect(engine, 3))
        assert isinstance(answers["T/1"], EngineError), answers["T/1"]
        assert str(answers["T/1"]), "the error says nothing"
        assert (_text(answers["T/0"]), _text(answers["T/2"])) == ("fine", "fine too")

    def test_what_is_submitted_later_is_answered_too(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {"T/0": ["first"], "T/1": ["second"]}) as engine:
            engine.submit([("0", request_for("T/0"))])
            collect(engine, 1)
            engine.submit([])
            engine.submit([("1", request_for("T/1"))])
            ((key, answer),) = collect(engine, 1)
        assert (key, _text(answer)) == ("1", "second")

    def test_awkward_text_arrives_unchanged(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {name: [text] for name, text in AWKWARD.items()}) as engine:
            engine.submit([(name, request_for(name)) for name in AWKWARD])
            answers = dict(collect(engine, len(AWKWARD)))
        assert [name for name, text in AWKWARD.items() if _text(answers[name]) != text] == []

    def test_a_generation_is_complete(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {"T/0": ["text"]}) as engine:
            engine.submit([("0", request_for("T/0"))])
            ((_, answer),) = collect(engine, 1)
        assert isinstance(answer, Generation), answer
        assert answer.finish_reason == "stop"
        assert answer.prompt_tokens >= 0
        assert answer.completion_tokens >= 0
        assert 0 <= answer.seconds < PATIENCE

    def test_polling_in_vain_takes_a_moment_and_no_longer(self, make_engine: MakeEngine) -> None:
        with _started(make_engine, {"T/0": ["text"]}) as engine:
            begun = time.monotonic()
            assert list(engine.poll()) == []
            seconds = time.monotonic() - begun
        assert 0.05 < seconds < PATIENCE, f"{seconds:.3f} s"

    def test_closing_with_unread_answers_leaves_no_thread_behind(self, make_engine: MakeEngine) -> None:
        before = set(threading.enumerate())
        with _started(make_engine, {"T/0": ["text"]}) as engine:
            engine.submit([("0", request_for("T/0"))])
        deadline = time.monotonic() + PATIENCE
        while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not left, ", ".join(thread.name for thread in left)

    def test_an_engine_that_was_never_needed_can_be_closed(self, make_engine: MakeEngine) -> None:
        make_engine({}).close()


@contextmanager
def _started(make_engine: MakeEngine, texts: Texts) -> Iterator[Engine]:
    with closing(make_engine(texts)) as engine:
        engine.start()
        yield engine


def _text(answer: Generation | EngineError) -> str:
    assert isinstance(answer, Generation), answer
    return answer.text


def _unwatched(message: str) -> None:
    """Progress that nobody watches."""

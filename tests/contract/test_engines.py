"""What every engine promises, tried where answers can be chosen; and engines that cannot start, or need not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai_server import FakeServer, Reply

from pytest_humaneval.engine.catalogue import BUNDLED, open_engine
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import Engine, EngineOptions
from pytest_humaneval.engine.replay import ReplayEngine
from pytest_humaneval.engine.scripted import ScriptedEngine
from pytest_humaneval.exceptions import HumanEvalError
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.models.find import Model
from pytest_humaneval.testing import EngineContract, MakeEngine, Texts


def silent(message: str) -> None:
    """Progress that nobody watches."""


@contextmanager
def scripted(folder: Path) -> Iterator[MakeEngine]:
    def make(texts: Texts) -> Engine:
        script = folder / "script.json"
        lines = {
            task: [{"error": "no"} if text is None else text for text in samples] for task, samples in texts.items()
        }
        script.write_text(json.dumps(lines))
        return open_engine(EngineOptions("scripted", file=str(script)), None, silent)

    yield make


@contextmanager
def replay(folder: Path) -> Iterator[MakeEngine]:
    def make(texts: Texts) -> Engine:
        rows = [
            {"task_id": task, "completion": text, "sample_index": index}
            for task, samples in texts.items()
            for index, text in enumerate(samples)
            if text is not None
        ]
        path = folder / "samples.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return open_engine(EngineOptions("replay", file=str(path)), None, silent)

    yield make


@contextmanager
def openai(folder: Path) -> Iterator[MakeEngine]:
    answers: dict[str, Any] = {}

    def reply(body: dict[str, Any]) -> Reply:
        text = answers[body["prompt"]][body["seed"]]
        return Reply(status=400, error="no") if text is None else Reply(text)

    def make(texts: Texts) -> Engine:
        answers.update(texts)
        return open_engine(EngineOptions("openai", urls=(server.url,)), None, silent)

    with FakeServer(reply) as server:
        yield make


WITH_CHOSEN_ANSWERS = {"scripted": scripted, "replay": replay, "openai": openai}


class TestEveryEngine(EngineContract):
    @pytest.fixture(params=WITH_CHOSEN_ANSWERS)
    def make_engine(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeEngine]:
        with WITH_CHOSEN_ANSWERS[request.param](tmp_path) as make:
            yield make


def test_every_bundled_engine_is_under_contract() -> None:
    """Those with a model under that of model_engine.py, in a file each."""
    with_model = {name for name, kind in BUNDLED.items() if kind.holds_model}
    assert {*WITH_CHOSEN_ANSWERS, *with_model} == BUNDLED.keys()
    for name in with_model:
        assert "(ModelEngineContract):" in Path(__file__).with_name(f"test_{name}_engine.py").read_text()


@pytest.mark.parametrize("name", BUNDLED)
def test_an_engine_that_was_never_needed_can_be_closed(name: str, tmp_path: Path) -> None:
    options = EngineOptions(name, "tiny", ("http://127.0.0.1:9",), str(tmp_path / "missing"))
    options = replace(options, file="") if name == "scripted" else options
    model = to_plain(Model("tiny", "sha256:0", "directory", str(tmp_path)))
    open_engine(options, model if BUNDLED[name].holds_model else None, silent).close()


@pytest.mark.parametrize(("name", "can_be_reset"), [(name, kind.reusable) for name, kind in BUNDLED.items()])
def test_an_engine_that_lingers_can_be_reset(name: str, can_be_reset: bool, tmp_path: Path) -> None:
    model = to_plain(Model("tiny", "sha256:0", "directory", str(tmp_path)))
    options = EngineOptions(name, urls=("http://127.0.0.1:9",))
    engine = open_engine(options, model if BUNDLED[name].holds_model else None, silent)
    assert hasattr(engine, "reset") is can_be_reset
    engine.close()


def broken_script(folder: Path) -> Engine:
    (folder / "script.json").write_text('{"start": {"error": "no"}}')
    return ScriptedEngine(EngineOptions(file=str(folder / "script.json")), silent)


def missing_samples(folder: Path) -> Engine:
    return ReplayEngine(EngineOptions(file=str(folder / "missing")), silent)


def refused_connection(folder: Path) -> Engine:
    return OpenAIEngine(EngineOptions(urls=("http://127.0.0.1:9",)), silent)  # the discard port: nobody listens


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
def test_an_engine_that_could_not_start_and_was_never_needed_can_be_closed(
    unused: Callable[[Path], Engine], tmp_path: Path
) -> None:
    unused(tmp_path).close()

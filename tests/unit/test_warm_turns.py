from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_humaneval.background.warm import engine_digest
from pytest_humaneval.background.warm_host import Turns, serve_turns
from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.engine.scripted import ScriptedEngine
from pytest_humaneval.engine.store_options import NO_STORE
from pytest_humaneval.models.find import Model
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Generation, Request, Sampling

OPTIONS = EngineOptions(name="scripted")
IDENTITY = Identity("scripted", "stub", "stub", by_item=True)
REQUEST = Request(Prompt("completion", "def f():"), Sampling(), 0, "T/0", "minimal")


def new_broker() -> Broker:
    return Broker(KeptAnswers(NO_STORE))


def test_one_run_has_the_engine_at_a_time() -> None:
    turns, first, second = Turns(60), new_broker(), new_broker()
    assert turns.begin(first, 60)
    assert not turns.begin(second, 60)
    assert turns.next() is first
    turns.end(first)
    assert first.has_ended()
    assert turns.begin(second, 60)
    assert turns.next() is second


def test_the_idle_time_counts_from_the_end_of_a_turn_and_the_last_limit_holds() -> None:
    turns, broker = Turns(60), new_broker()
    turns.begin(broker, 0.2)
    assert turns.status() == {"in_use": True, "idle": 0.0, "idle_limit": 0.2}
    time.sleep(0.3)
    turns.end(broker)
    start = time.monotonic()
    assert turns.next() is None
    assert 0.15 <= time.monotonic() - start < 30  # of a busy machine
    assert not turns.begin(new_broker(), 60), "an engine that is about to end takes no run"


def test_a_stop_waits_for_the_run_that_has_the_engine() -> None:
    turns, broker = Turns(60), new_broker()
    turns.begin(broker, 60)
    assert turns.stop()
    assert turns.next() is broker
    assert not turns.begin(new_broker(), 60)
    turns.end(broker)
    assert turns.next() is None
    assert not turns.stop()


def test_loading_is_told_to_the_run_that_waits() -> None:
    turns, broker = Turns(60), new_broker()
    turns.loading("nobody hears it")
    turns.begin(broker, 60)
    turns.loading("reading the weights")
    assert broker.progress()["message"] == "reading the weights"


def test_the_second_run_finds_the_engine_loaded_and_nothing_of_the_first() -> None:
    starts: list[str] = []
    turns = Turns(0.5)
    served = threading.Thread(target=serve_turns, args=(ScriptedEngine(OPTIONS, starts.append), turns))
    first, second = new_broker(), new_broker()
    turns.begin(first, 60)
    served.start()
    first.submit([("a", REQUEST)])
    assert isinstance(first.wait_for("a"), Generation)
    turns.end(first)
    turns.begin(second, 0.2)
    assert second.missing(["a"]) == ["a"]
    second.submit([("a", REQUEST)])
    assert isinstance(second.wait_for("a"), Generation)
    progress = second.progress()
    assert (first.progress()["warm"], progress["warm"]) == (False, True)
    assert (progress["finished"], progress["loading_seconds"]) == (1, 0.0)
    turns.end(second)
    served.join(30)
    assert not served.is_alive()
    assert len(starts) == 1


def test_what_a_run_left_unanswered_does_not_reach_the_next(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"T/0": {"text": "late", "delay": 1}, "*": "at once"}')
    engine = ScriptedEngine(EngineOptions(name="scripted", file=str(script)), lambda message: None)
    turns, first, second = Turns(60), new_broker(), new_broker()
    turns.begin(first, 60)
    served = threading.Thread(target=serve_turns, args=(engine, turns), daemon=True)
    served.start()
    first.submit([("late", REQUEST), ("now", replace(REQUEST, task_id="T/1"))])
    first.wait_for("now")
    turns.end(first)
    assert str(first.wait_for("late")) == "the run has ended"
    turns.begin(second, 0)
    second.submit([("late", replace(REQUEST, task_id="T/1"))])
    answer = second.wait_for("late")
    assert isinstance(answer, Generation)
    assert answer.text == "at once"
    time.sleep(1.2)
    assert second.progress()["finished"] == 1
    turns.end(second)
    served.join(30)


def test_an_engine_that_broke_tells_its_run_and_serves_no_other(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"start": {"error": "no such device"}}')
    engine = ScriptedEngine(EngineOptions(name="scripted", file=str(script)), lambda message: None)
    turns, broker = Turns(60), new_broker()
    turns.begin(broker, 60)
    served = threading.Thread(target=serve_turns, args=(engine, turns), daemon=True)
    served.start()
    broker.submit([("a", REQUEST)])
    assert str(broker.wait_for("a")) == "no such device"
    assert served.is_alive(), "it stays, to say so to every worker"
    turns.end(broker)
    served.join(30)
    assert not served.is_alive()


def test_a_worker_that_waits_for_a_solution_is_told_that_the_run_has_ended() -> None:
    broker = new_broker()
    broker.announce(["T/0 guided 0"])
    told: list[object] = []
    waiting = threading.Thread(target=lambda: told.append(broker.solution("T/0 guided 0")))
    waiting.start()
    broker.end()
    waiting.join(10)
    assert told == [{"error": "the run has ended"}]


def test_the_digest_covers_what_shapes_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model("tiny", "sha256:1", "directory", "somewhere")
    digests = {
        engine_digest(options, weights, who)
        for options, weights, who in [
            (OPTIONS, model, IDENTITY),
            (replace(OPTIONS, engine_args={"dtype": "float32"}), model, IDENTITY),
            (replace(OPTIONS, virtual_tokens=True), model, IDENTITY),
            (OPTIONS, replace(model, digest="sha256:2"), IDENTITY),
            (OPTIONS, model, replace(IDENTITY, engine="vllm 9")),
        ]
    }
    assert len(digests) == 5
    plain = engine_digest(OPTIONS, model, IDENTITY)
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("COLUMNS", "7")
    assert engine_digest(OPTIONS, model, IDENTITY) == plain
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    assert engine_digest(OPTIONS, model, IDENTITY) != plain

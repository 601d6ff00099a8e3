from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.host import run_engine
from pytest_humaneval.engine.protocol import Answer
from pytest_humaneval.engine.store import Store
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Generation, Request, Sampling

REQUEST = Request(Prompt("completion", "def f():"), Sampling(), 0, "T/0", "minimal")
ANSWER = Generation("    pass", prompt_tokens=9, completion_tokens=2)


def broker_in(directory: Path, *, read_store: bool = True) -> Broker:
    return Broker(directory / "store.sqlite", read_store=read_store)


def test_equal_requests_reach_the_engine_once(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    assert broker.missing(["a", "a", "b"]) == ["a", "b"]
    broker.submit([("a", REQUEST), ("b", REQUEST)])
    broker.submit([("b", REQUEST), ("a", REQUEST)])
    assert [key for key, _ in broker.take(block=True)] == ["a", "b"]
    assert broker.missing(["a", "c"]) == ["c"]
    assert broker.take(block=False) == []


def test_everybody_who_waits_gets_the_answer(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    got: list[object] = []
    waiting = [threading.Thread(target=lambda: got.append(broker.wait_for("a"))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    broker.take(block=True)
    broker.finish([("a", ANSWER)])
    for thread in waiting:
        thread.join(5)
    assert got == [ANSWER] * 3
    assert not broker.outstanding


def test_answers_are_in_the_store_for_the_next_run(tmp_path: Path) -> None:
    first = broker_in(tmp_path)
    first.submit([("a", REQUEST)])
    first.take(block=True)
    first.finish([("a", ANSWER)])
    first.close()
    second = broker_in(tmp_path)
    assert second.missing(["a", "b"]) == ["b"]
    assert second.wait_for("a") == ANSWER
    assert second.progress()["from_store"] == 1
    anew = broker_in(tmp_path, read_store=False)
    assert anew.missing(["a"]) == ["a"]


def test_an_error_is_an_answer_and_is_not_stored(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    broker.take(block=True)
    broker.finish([("a", EngineError("too long"))])
    assert str(broker.wait_for("a")) == "too long"
    assert broker_in(tmp_path).missing(["a"]) == ["a"]


def test_a_broken_engine_answers_what_is_outstanding_and_what_is_to_come(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("done", REQUEST), ("handed on", REQUEST)])
    broker.take(block=True)
    broker.finish([("done", ANSWER)])
    broker.submit([("waiting", replace(REQUEST, sample_index=1))])
    broker.fail(EngineError("out of memory"))
    broker.submit([("later", REQUEST)])
    assert broker.wait_for("done") == ANSWER
    assert [str(broker.wait_for(key)) for key in ("handed on", "waiting", "later")] == ["out of memory"] * 3
    assert broker.progress()["phase"] == "failed"


def test_a_request_that_was_never_submitted_does_not_wait_for_ever(tmp_path: Path) -> None:
    assert isinstance(broker_in(tmp_path).wait_for("x"), EngineError)


def test_only_the_time_with_work_counts_as_generating(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    broker.take(block=True)
    broker.generating(1.5)
    time.sleep(0.05)
    broker.finish([("a", ANSWER)], cached_prompt_tokens=4)
    threading.Thread(target=lambda: broker.take(block=True), daemon=True).start()
    time.sleep(0.05)
    before = broker.progress()
    time.sleep(0.1)
    after = broker.progress()
    assert before["loading_seconds"] == 1.5
    assert 0.05 <= before["generating_seconds"] == after["generating_seconds"]
    assert (after["tokens"], after["prompt_tokens"], after["cached_prompt_tokens"]) == (2, 9, 4)


def test_a_servers_failure_is_an_error_and_is_not_stored(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    broker.take(block=True)
    broker.finish([("a", Generation("", "error"))])
    assert isinstance(broker.wait_for("a"), EngineError)
    broker.close()
    assert broker_in(tmp_path).missing(["a"]) == ["a"]


def test_a_failure_that_an_older_release_stored_is_made_anew(tmp_path: Path) -> None:
    store, _ = Store.open(tmp_path / "store.sqlite")
    store.put_many([("a", Generation("", "error")), ("b", Generation("x", "MAX_TOKENS"))])
    store.close()
    broker = broker_in(tmp_path)
    assert broker.missing(["a", "b"]) == ["a"]
    assert broker.wait_for("b") == Generation("x", "length")


def test_what_a_stopped_strategy_asks_is_dropped_unless_others_ask_it_too(tmp_path: Path) -> None:
    broker, other = broker_in(tmp_path), replace(REQUEST, strategy="chat")
    broker.submit([("begun", REQUEST), ("shared", REQUEST)])
    broker.take(block=True)
    broker.submit([("queued", REQUEST), ("kept", other)])
    broker.stop({"minimal": "worse"}, keep=["shared"])
    assert [key for key, _ in broker.take(block=False)] == ["kept"]
    assert broker.unwanted() == {"begun"}
    assert broker.unwanted() == set()  # the engine is told once
    broker.dropped(["begun"])
    assert broker.progress()["dropped"] == 2
    assert str(broker.wait_for("begun", "minimal")) == "worse"
    assert broker.missing(["begun", "queued"]) == []  # a worker that starts again does not bring them back


def test_what_was_dropped_is_made_if_a_strategy_that_goes_on_asks_for_it(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    broker.stop({"minimal": "worse"}, keep=())
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(broker.wait_for("a", "guided")))
    thread.start()
    assert [key for key, _ in broker.take(block=True)] == ["a"]
    broker.finish([("a", ANSWER)])
    thread.join(5)
    assert got == [ANSWER]
    assert broker.progress()["dropped"] == 0


def test_who_asks_while_the_engine_drops_it_gets_the_answer_too(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([("a", REQUEST)])
    broker.take(block=True)
    broker.stop({"minimal": "worse"}, keep=())
    assert broker.unwanted() == {"a"}
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(broker.wait_for("a", "guided")))
    thread.start()
    time.sleep(0.05)
    broker.dropped(["a"])
    assert [key for key, _ in broker.take(block=True)] == ["a"]
    broker.finish([("a", ANSWER)])
    thread.join(5)
    assert got == [ANSWER]


def test_who_waits_for_a_strategy_is_told_when_it_stops(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.announce(["solved"])
    broker.submit([("a", REQUEST)])
    broker.take(block=True)
    got: list[str] = []
    waits = (
        lambda: got.append(str(broker.wait_for("a", "minimal"))),
        lambda: got.append(broker.solution("solved", "minimal")["stopped"]),
    )
    threads = [threading.Thread(target=wait) for wait in waits]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    broker.stop({"minimal": "worse"}, keep=())
    for thread in threads:
        thread.join(5)
    assert got == ["worse"] * 2


def test_who_waits_for_many_sees_each_answer_once_and_what_stops(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.submit([(key, REQUEST) for key in "abc"])
    broker.take(block=True)
    broker.finish([("b", ANSWER)])
    assert broker.news(0, 0) == (["b"], [])
    broker.finish([("a", ANSWER)])
    assert broker.news(1, 0) == (["a"], [])
    broker.stop({"minimal": "worse"}, keep=())
    assert broker.news(2, 0) == ([], ["minimal"])
    broker.end()
    assert broker.news(2, 1) == (["c"], ["minimal"])  # with the error that the run has ended
    assert broker.news(3, 1) == ([], ["minimal"])


def test_what_is_asked_after_the_stop_is_made_only_for_those_who_go_on(tmp_path: Path) -> None:
    broker = broker_in(tmp_path)
    broker.stop({"minimal": "worse"}, keep=())
    broker.submit([("a", REQUEST), ("b", REQUEST)])
    assert broker.progress()["dropped"] == 2
    broker.want(["b"])
    assert [key for key, _ in broker.take(block=True)] == ["b"]
    assert broker.progress()["dropped"] == 1
    broker.fail(EngineError("broken"))
    broker.want(["a"])
    assert str(broker.wait_for("a", "other")) == "broken"


class Recorder:
    """An engine that notes what becomes of it."""

    cached_prompt_tokens = 0

    def __init__(self) -> None:
        self.started = threading.Event()
        self.batches: list[list[str]] = []

    def start(self) -> None:
        self.started.set()

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        self.batches.append([key for key, _ in batch])

    def poll(self) -> list[Answer]:
        time.sleep(0.01)
        return []


@pytest.mark.parametrize("condition", ["new", "loaded"])
def test_an_engine_that_is_held_loads_and_generates_when_it_is_released(
    condition: Literal["new", "loaded"],
) -> None:
    broker, engine = Broker(None, read_store=False), Recorder()
    broker.hold()
    broker.submit([("a", REQUEST)])
    loop = threading.Thread(target=run_engine, args=(engine, broker, condition))
    loop.start()
    while not broker.outstanding:  # the loop has taken it
        time.sleep(0.01)
    broker.submit([("b", REQUEST)])
    time.sleep(0.05)
    assert engine.batches == []
    broker.release()
    while not engine.batches:
        time.sleep(0.01)
    broker.end()
    loop.join(10)
    assert engine.batches == [["a", "b"]]


def test_a_run_that_ends_lets_go_of_an_engine_that_is_held() -> None:
    broker, engine = Broker(None, read_store=False), Recorder()
    broker.hold()
    broker.submit([("a", REQUEST)])
    loop = threading.Thread(target=run_engine, args=(engine, broker))
    loop.start()
    assert engine.started.wait(10)
    broker.end()
    loop.join(10)
    assert not loop.is_alive()
    assert engine.batches == []

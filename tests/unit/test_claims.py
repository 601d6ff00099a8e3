"""Two runners that share a store generate nothing twice: one waits for the other, as long as it lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from redis_server import RedisServer, needs_redis, redis_server

from pytest_humaneval.engine import sharing
from pytest_humaneval.engine.broker import Broker
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Generation, Request, Sampling
from pytest_humaneval.store.claims import Claims
from pytest_humaneval.store.shared_address import shared_address
from pytest_humaneval.store.shared_server import SharedServer

pytestmark = needs_redis

REQUEST = Request(Prompt("completion", "def f():"), Sampling(), 0, "T/0", "minimal")
ANSWER = Generation("    pass", prompt_tokens=9, completion_tokens=2)
Runner = Callable[..., Broker]


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def url(running: RedisServer) -> str:
    running.client().flushall()
    return running.url


@pytest.fixture
def runner(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """The broker of another machine's run, with its own local store."""
    monkeypatch.setattr(sharing, "POLL_SECONDS", 0.0)
    with ExitStack() as until_the_end:

        def start(name: str, *, read: bool = True) -> Broker:
            path = str(tmp_path / name / "generations.sqlite")
            broker = Broker(KeptAnswers(StoreOptions(path, read, shared_address(url))))
            until_the_end.callback(broker.close)
            return broker

        yield start


def ask(broker: Broker, *keys: str) -> None:
    broker.submit((key, REQUEST) for key in broker.missing(keys))


def taken(broker: Broker) -> list[str]:
    return [key for key, _ in broker.take(block=False)]


def test_what_one_is_at_the_other_waits_for(runner: Runner) -> None:
    one, two = runner("one"), runner("two")
    ask(one, "a", "b")
    ask(two, "b", "c")
    assert taken(one) == ["a", "b"]
    assert taken(two) == ["c"]
    one.finish([("b", ANSWER)])
    assert taken(two) == []
    assert two.wait_for("b") == ANSWER
    assert (two.progress()["from_store"], two.progress()["total"]) == (1, 1)


def test_what_was_answered_between_asking_and_claiming_is_not_made_again(runner: Runner) -> None:
    one, two = runner("one"), runner("two")
    ask(one, "a")
    ask(two, "a")
    assert taken(one) == ["a"]
    one.finish([("a", ANSWER)])
    assert taken(two) == []
    assert two.wait_for("a") == ANSWER


@pytest.mark.parametrize(
    "end",
    [
        lambda broker: broker.finish([("a", EngineError("too long"))]),
        lambda broker: broker.fail(EngineError("out of memory")),
        lambda broker: broker.end(),
        lambda broker: broker.dropped(["a"]),
    ],
)
def test_what_one_does_not_answer_is_the_others(runner: Runner, end: Callable[[Broker], None]) -> None:
    one, two = runner("one"), runner("two")
    ask(one, "a")
    ask(two, "a")
    assert (taken(one), taken(two)) == (["a"], [])
    end(one)
    assert taken(two) == ["a"]


def test_who_has_nothing_else_to_do_wakes_up_with_the_answer(runner: Runner) -> None:
    one, two = runner("one"), runner("two")
    ask(one, "a")
    ask(two, "a")
    assert taken(one) == ["a"]
    batches: list[object] = []
    loop = threading.Thread(target=lambda: batches.append(two.take(block=True)))
    loop.start()
    one.finish([("a", ANSWER)])
    assert two.wait_for("a") == ANSWER
    ask(two, "b")
    loop.join(10)
    assert batches == [[("b", REQUEST)]]


def test_no_more_is_claimed_than_an_engine_has_use_for(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.engine.kept_answers.WINDOW", 2)
    one, two = runner("one"), runner("two")
    ask(one, *"abcd")
    ask(two, *"abcd")
    assert (taken(one), taken(two)) == (["a", "b"], ["c", "d"])
    one.finish([("a", ANSWER), ("b", ANSWER)])
    assert taken(one) == []


def test_who_generates_anew_waits_for_nobody(runner: Runner) -> None:
    one, anew, three = runner("one"), runner("anew", read=False), runner("three")
    ask(one, "a")
    ask(anew, "a")
    assert taken(one) == taken(anew) == ["a"]
    one.finish([("a", ANSWER)])
    anew.finish([("a", Generation("new"))])
    assert three.missing(["a"]) == []
    assert three.wait_for("a") == Generation("new")


def test_without_the_server_each_generates_what_it_needs(tmp_path: Path) -> None:
    options = StoreOptions(str(tmp_path / "store.sqlite"), True, shared_address("redis://127.0.0.1:1"))
    broker = Broker(KeptAnswers(options))
    ask(broker, "a")
    assert taken(broker) == ["a"]
    broker.finish([("a", ANSWER)])
    assert broker.wait_for("a") == ANSWER
    (notice,) = broker.progress()["notices"]
    assert "redis://127.0.0.1:1 does not answer" in notice
    broker.close()


def test_a_runner_that_died_gives_back_and_one_that_lives_does_not(url: str) -> None:
    with closing(SharedServer(shared_address(url))) as server:
        dead, alive, other = (Claims(server, seconds=0.6) for _ in range(3))
        assert dead.claim(["a"]) == {"a"}
        assert alive.claim(["b"]) == {"b"}
        dead._closed.set()  # it renews nothing any more, and gives nothing back
        assert other.claim(["a", "b"]) == set()
        deadline = time.monotonic() + 30
        while not other.claim(["a"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.6)
        assert other.claim(["b"]) == set()
        dead.close()  # a runner that only slept does not end what another one has begun
        assert alive.claim(["a"]) == set()
        alive.close()
        assert other.claim(["b"]) == {"b"}
        other.close()


def test_what_is_given_back_during_a_renewal_is_not_claimed_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SharedServer(shared_address(url))) as server:
        one, other = Claims(server, seconds=0.3), Claims(server, seconds=30)
        giving_back = threading.Thread(target=one.give_back, args=[["a"]])
        attempt = server.attempt

        def interrupted(work: Any, *, writing: bool = False) -> Any:
            if threading.current_thread() is one._renewing and not giving_back.ident:
                giving_back.start()
                giving_back.join(0.2)  # as far as it gets
            return attempt(work, writing=writing)

        monkeypatch.setattr(server, "attempt", interrupted)
        one.claim(["a", "b"])
        while not giving_back.ident:
            time.sleep(0.01)
        giving_back.join()
        assert other.claim(["a", "b"]) == {"a"}
        one.close()
        other.close()

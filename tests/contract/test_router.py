"""The openai engine against vLLM's own router with two servers behind it: nothing is lost, and nothing asked twice."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from openai_server import Behaviour, FakeServer, Reply
from test_openai_faults import ask, requests

from pytest_humaneval import Generation
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import EngineOptions

pytestmark = pytest.mark.skipif(find_spec("vllm_router") is None, reason="no router here (pip install vllm-router)")

COUNT = 60
READY_SECONDS = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def router(log: Path, *servers: FakeServer, options: tuple[str, ...] = ()) -> Iterator[str]:
    """The router in front of the servers; its URL."""
    port = free_port()
    where = ["--host=127.0.0.1", f"--port={port}", "--worker-urls", *(server.url for server in servers)]
    watching = ["--health-check-endpoint=/v1/models", f"--prometheus-port={free_port()}", "--policy=round_robin"]
    command = [sys.executable, "-m", "vllm_router.launch_router", *where, *watching, *options]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield url
        finally:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/v1/models", timeout=5).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@contextmanager
def two_servers(behaviour: Behaviour) -> Iterator[tuple[FakeServer, FakeServer]]:
    with ExitStack() as running:
        first, second = (running.enter_context(FakeServer(behaviour)) for _ in range(2))
        yield first, second


def answered(url: str, count: int = COUNT) -> set[str]:
    """The texts of all answers; each is of its own prompt."""
    options = EngineOptions("openai", "tiny", urls=(url,), request_timeout=60.0)
    with closing(OpenAIEngine(options, lambda message: None)) as engine:
        engine.start()
        answers = ask(engine, requests(count))
    assert len(answers) == count
    assert all(isinstance(answer, Generation) for answer in answers.values()), answers
    return {answer.text for answer in answers.values() if isinstance(answer, Generation)}


def echo(body: dict[str, object]) -> Reply:
    return Reply(f"to {body['prompt']}")


EVERY_ANSWER = {f"to prompt {number}" for number in range(COUNT)}


def served(*servers: FakeServer) -> Counter[object]:
    return Counter(body["prompt"] for server in servers for body in server.requests)


def test_two_replicas_get_every_request_once(tmp_path: Path) -> None:
    with two_servers(echo) as servers, router(tmp_path / "log", *servers) as url:
        assert answered(url) == EVERY_ANSWER
        assert set(served(*servers).values()) == {1}
        assert len(served(*servers)) == COUNT
        assert all(server.requests for server in servers)


def test_a_router_that_lets_only_some_in_loses_nothing(tmp_path: Path) -> None:
    """It says 429 itself, and no server ever sees what it refused."""
    options = ("--max-concurrent-requests=4", "--queue-size=0")
    slow = lambda body: Reply(f"to {body['prompt']}", delay=0.02)  # noqa: E731
    with two_servers(slow) as servers, router(tmp_path / "log", *servers, options=options) as url:
        assert answered(url, 20) == {f"to prompt {number}" for number in range(20)}
        assert set(served(*servers).values()) == {1}


def test_a_limited_rate_behind_the_router_is_kept_to(tmp_path: Path) -> None:
    """What a server's 429 says of when to come again holds, though another one hands it on."""
    refused_until, lock = [0.0], threading.Lock()
    early: list[float] = []

    def limit(body: dict[str, object]) -> Reply:
        with lock:
            if not refused_until[0]:
                refused_until[0] = time.monotonic() + 1.0
            left = refused_until[0] - time.monotonic()
            if left <= 0:
                return echo(body)
            early.append(left)
        return Reply(status=429, error="slow down", headers=(("Retry-After", "1"),))

    with two_servers(limit) as servers, router(tmp_path / "log", *servers, options=("--disable-retries",)) as url:
        assert answered(url, 8) == {f"to prompt {number}" for number in range(8)}
    assert len(early) <= 8, "each was refused once at most, and then waited"


def test_a_server_that_dies_behind_the_router_costs_time_alone(tmp_path: Path) -> None:
    dying: list[FakeServer] = []

    def behave(body: dict[str, object]) -> Reply:
        if dying and len(dying[0].requests) > 5:
            threading.Thread(target=dying[0].stop, daemon=True).start()
        return Reply(f"to {body['prompt']}", delay=0.02)

    with two_servers(behave) as servers, router(tmp_path / "log", *servers) as url:
        dying.append(servers[0])
        assert answered(url) == EVERY_ANSWER
        answered_by_the_living = served(servers[1])
    assert len(answered_by_the_living) >= COUNT - len(servers[0].requests)
    assert set(answered_by_the_living.values()) == {1}

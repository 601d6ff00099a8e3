from __future__ import annotations

import gc
import json
import queue
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.relay import Relay
from pytest_humaneval.exceptions import EngineError

SECONDS = 60.0  # a busy machine needs some


class Channel:
    """Both ends of one of execnet's channels, within this process."""

    def __init__(self) -> None:
        self.deliver: Callable[[Any], None]
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.controller = ControllersEnd(self, self._answers)

    def send(self, item: object) -> None:
        self.deliver(item)

    def receive(self) -> Any:
        if (answer := self._answers.get(timeout=SECONDS)) is None:
            raise EOFError
        return answer

    def hang_up(self) -> None:
        self._answers.put(None)


class ControllersEnd:
    def __init__(self, channel: Channel, answers: queue.SimpleQueue[Any]) -> None:
        self._channel = channel
        self._answers = answers

    def setcallback(self, callback: Callable[[Any], None], endmarker: None) -> None:
        self._channel.deliver = callback

    def send(self, item: object) -> None:
        self._answers.put(item)


class Engine(socketserver.StreamRequestHandler):
    """Answers with the question itself."""

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(json.dumps({"asked": json.loads(line)}).encode() + b"\n")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "engine.sock")
    with socketserver.ThreadingUnixStreamServer(path, Engine) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield path
        server.shutdown()


@pytest.fixture
def channel(address: str, tmp_path: Path) -> Iterator[Channel]:
    both = Channel()
    Relay(both.controller, lambda: EngineClient(address, str(tmp_path / "log")))
    yield both
    both.deliver(None)


@pytest.mark.parametrize("told", ["", "/nowhere/engine.sock"])
def test_a_worker_out_of_reach_of_the_socket_asks_through_the_channel(channel: Channel, told: str) -> None:
    client = EngineClient(told, "log", channel)
    for _ in range(2):
        assert client.progress() == {"asked": {"op": "progress"}}
    client.close()


def test_a_worker_that_reaches_the_socket_leaves_the_channel_alone(address: str) -> None:
    client = EngineClient(address, "log", Channel())  # which nobody listens to
    assert client.progress() == {"asked": {"op": "progress"}}
    client.close()


def test_without_a_channel_an_engine_out_of_reach_is_gone() -> None:
    with pytest.raises(EngineError, match="the engine process ended \\(No such file or directory\\)"):
        EngineClient("/nowhere/engine.sock", "log").progress()


@pytest.mark.filterwarnings("error")
def test_an_engine_that_no_longer_listens_is_gone_whether_there_is_a_channel_or_not(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    socketserver.UnixStreamServer(str(path), Engine).server_close()  # which leaves the file
    with pytest.raises(EngineError, match=r"the engine process ended \(Connection refused\)"):
        EngineClient(str(path), "log", Channel()).progress()
    gc.collect()  # a socket left open would be told of here


def test_an_engine_that_ended_is_told_with_the_log_of_its_own_host(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("out of memory\n")
    both = Channel()
    Relay(both.controller, lambda: EngineClient(str(tmp_path / "gone.sock"), str(log)))
    with pytest.raises(EngineError, match=r"the engine process ended(?s:.*)out of memory"):
        EngineClient("", "another host's log", both).progress()
    both.deliver(None)


def test_a_controller_that_hangs_up_is_an_error_of_the_engine(channel: Channel) -> None:
    channel.hang_up()
    with pytest.raises(EngineError, match="the process that started this worker hung up"):
        EngineClient("", "log", channel).progress()


@pytest.mark.parametrize("question", [b"", b"{}", b'{"op": "progress"}\n{"op": "progress"}\n', 7])
def test_what_is_not_one_line_never_reaches_the_engine(channel: Channel, question: object) -> None:
    channel.send(question)
    assert channel.receive() == "a question to the engine must be one line"

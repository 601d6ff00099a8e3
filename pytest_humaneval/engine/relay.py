"""Carries the questions of a worker on another host to the engine: through the channel that xdist has with it.

Nothing listens on a network for that: who may start a worker's gateway (ssh's key, the one who runs the socket server)
decides who may ask. Questions cross as the lines that they are, as bytes; an answer comes back as bytes, or as a text
that says why there is none.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import EngineError


class Relay:
    """One worker's line to the engine. Its thread starts with the first question: most workers reach the socket."""

    def __init__(self, channel: Any, call: Callable[[], EngineClient]) -> None:
        self._channel = channel
        self._call = call
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        channel.setcallback(self._take, endmarker=None)

    def _take(self, question: bytes | None) -> None:
        """Called in execnet's receiver thread, which must not wait."""
        if self._thread is None and question is not None:
            self._thread = threading.Thread(target=self._forward, name="engine relay", daemon=True)
            self._thread.start()
        self._questions.put(question)

    def _forward(self) -> None:
        client = self._call()
        with contextlib.suppress(OSError):  # the worker is gone; its questions with it
            while (question := self._questions.get()) is not None:
                self._channel.send(_answer(client, question))
        client.close()


def _answer(client: EngineClient, question: object) -> bytes | str:
    if not isinstance(question, bytes) or question.count(b"\n") != 1 or not question.endswith(b"\n"):
        return "a question to the engine must be one line"
    try:
        return client.exchange(question)
    except EngineError as error:
        return str(error)

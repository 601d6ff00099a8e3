"""A stream that is never silent for long: model, teacher and validation may each take minutes without a line."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from pytest_humaneval.report.texttable import duration

EVERY = 30.0  # seconds
ERASED = "\r\x1b[K"  # the line that a terminal's cursor is in


class Heartbeat:
    """Passes everything on; says that it goes on where nothing was written for ``every`` seconds. Thread-safe."""

    def __init__(self, stream: TextIO, every: float) -> None:
        self._stream, self._every = stream, every
        self._lock = threading.Lock()
        self._written = time.monotonic()
        self._over = threading.Event()
        self._shown = False  # on a terminal: a line of ours without an end

    def write(self, text: str) -> int:
        """What everybody calls."""
        with self._lock:
            self._written = time.monotonic()
            if self._shown:
                self._stream.write(ERASED)
                self._shown = False
            return self._stream.write(text)

    def beat(self) -> None:
        """Until told that it is over: the time since the last line, on a terminal in the place of that line."""
        said = self._written
        while not self._over.wait(max(0.05, min(self._every, said + self._every - time.monotonic()))):
            with self._lock:
                now, said = time.monotonic(), max(said, self._written)
                if now - said >= self._every:
                    self._shown = self._stream.isatty()
                    before, after = (ERASED, "") if self._shown else ("", "\n")
                    self._stream.write(
                        f"{before}still at it, {duration(now - self._written)} after the last line{after}"
                    )
                    self._stream.flush()
                    said = now

    def end(self) -> None:
        """No more of it."""
        self._over.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def heartbeat(stream: TextIO, every: float = EVERY) -> Iterator[TextIO]:
    """The stream, with a sign of life at least every so many seconds."""
    lively = Heartbeat(stream, every)
    thread = threading.Thread(target=lively.beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield cast("TextIO", lively)
    finally:
        lively.end()
        thread.join()

"""What people see while they wait: a live line on a terminal, now and then a plain line in a log."""

from __future__ import annotations

import threading
import time
from typing import Any, TextIO

import pytest

from pytest_humaneval.engine.client import EngineClient
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.printable import one_line
from pytest_humaneval.texttable import duration

LIVE_SECONDS = 0.5
LOG_SECONDS = 30.0

# One line below pytest's own output: index down (which scrolls, and keeps the column) and up again makes room, then the
# line is drawn between save and restore cursor. Erasing goes the same way.
_ROOM, _SAVE, _RESTORE, _BELOW, _ERASE = "\x1bD\x1b[A", "\x1b7", "\x1b8", "\x1b[B\r", "\x1b[2K"


def describe(progress: dict[str, Any]) -> str:
    """One line: loading, or generated/total, tokens per second and time left."""
    if progress["phase"] == "loading":
        return f"engine: {progress['message']}"
    done, total, seconds = progress["finished"], progress["total"], progress["generating_seconds"]
    if progress["phase"] != "generating" or done >= total:
        return ""
    parts = [f"engine: {done}/{total} generated"]
    if done and seconds > 0:
        parts.append(f"{progress['tokens'] / seconds:.0f} tok/s")
        parts.append(f"about {duration(seconds / done * (total - done))} left")
    if progress["from_store"]:
        parts.append(f"{progress['from_store']} more from the store")
    return ", ".join(parts)


class _Below:
    """pytest's stream, with a status line below what pytest writes to it. Thread-safe."""

    def __init__(self, stream: TextIO, terminal: TextIO) -> None:
        self.stream = stream
        self._terminal = terminal
        self._lock = threading.Lock()
        self._shown = ""

    def write(self, text: str) -> int:
        with self._lock:
            self._erase()
            return self.stream.write(text)

    def show(self, line: str, width: int) -> None:
        with self._lock:
            line = line[: width - 1]
            if line != self._shown:
                self._erase()
                if line:
                    self._terminal.write(f"{_ROOM}{_SAVE}{_BELOW}{_ERASE}{line}{_RESTORE}")
                    self._terminal.flush()
                    self._shown = line

    def _erase(self) -> None:
        if self._shown:
            self._terminal.write(f"{_SAVE}{_BELOW}{_ERASE}{_RESTORE}")
            self._terminal.flush()
            self._shown = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class StatusLine:
    """Watches the engine from a thread of its own until closed.

    ``terminal`` is the real standard output: while an item runs in this process, pytest captures the other one.
    """

    def __init__(self, reporter: pytest.TerminalReporter, client: EngineClient, terminal: TextIO) -> None:
        self._reporter = reporter
        self._client = client
        self._terminal = terminal
        self._stop = threading.Event()
        self._below: _Below | None = None
        if terminal.isatty():
            # pytest's public methods only write whole lines; the line below must go before any write of pytest's.
            self._below = _Below(reporter._tw._file, terminal)
            reporter._tw._file = self._below
        self._thread = threading.Thread(target=self._watch, name="humaneval-status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching and leave the terminal as it was."""
        self._stop.set()
        self._thread.join(timeout=5)
        if self._below is not None:
            self._below.show("", 0)
            self._reporter._tw._file = self._below.stream
        self._client.close()

    def _watch(self) -> None:
        last_phase, last_time = "idle", time.monotonic()
        while not self._stop.wait(LIVE_SECONDS):
            try:
                progress = self._client.progress()
            except EngineError:
                return  # the items say so themselves, with the end of its log
            line, now = one_line(describe(progress)), time.monotonic()
            if self._below is not None:
                self._below.show(line, self._reporter._tw.fullwidth)
            elif line and (progress["phase"] != last_phase or now - last_time >= LOG_SECONDS):
                self._write_plain(line)
                last_phase, last_time = progress["phase"], now

    def _write_plain(self, line: str) -> None:
        # As TerminalReporter.ensure_newline does, but past the capture, and also after the dots of xdist.
        writer = self._reporter._tw
        fresh = "\n" if writer.width_of_current_line else ""
        self._reporter.currentfspath = None
        writer._current_line = ""
        self._terminal.write(f"{fresh}{line}\n")
        self._terminal.flush()

"""What people see while they wait: a live line on a terminal, now and then a plain line in a log."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.plugin.screen import Screen
from pytest_humaneval.report.texttable import duration
from pytest_humaneval.results.headline import columns
from pytest_humaneval.text.printable import one_line

LIVE_SECONDS = 0.5
LOG_SECONDS = 30.0
BAR_CELLS = 10


def describe(progress: dict[str, Any], width: int = 80, *, bar: bool = False) -> str:
    """One line: loading, or how many answers are there, tokens per second and time left, as far as they are known.

    What does not fit into ``width`` columns is left out, the least telling first.
    """
    if progress["phase"] == "loading":
        return f"engine: {progress['message']}"
    finished, total = progress["finished"], progress["total"]
    if progress["phase"] != "generating" or finished >= total:
        return ""
    begin = f"engine {_bar(progress['share'])} {finished}/{total}" if bar else f"engine: {finished}/{total} generated"
    parts = []  # with how telling each is
    if progress["rate"] >= 1:
        parts.append((2, f"{progress['rate']:.0f} tok/s"))
    if progress["seconds_left"] is not None:
        parts.append((3, f"about {duration(_coarse(progress['seconds_left']))} left"))
    if progress["from_store"]:
        parts.append((1, f"{progress['from_store']} more from the store"))
    while parts and columns(", ".join([begin, *(text for _, text in parts)])) > width:
        parts.remove(min(parts))
    return ", ".join([begin, *(text for _, text in parts)])


class StatusLine:
    """Watches the engine from a thread of its own until closed."""

    def __init__(self, reporter: pytest.TerminalReporter, client: EngineClient, screen: Screen) -> None:
        self._reporter = reporter
        self._client = client
        self._screen = screen
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="humaneval-status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching and leave the terminal as it was."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._screen.show("")
        self._client.close()

    def _watch(self) -> None:
        last_phase, last_line, last_time = "idle", "", time.monotonic()
        while not self._stop.wait(LIVE_SECONDS):
            try:
                progress = self._client.progress()
            except EngineError:
                return  # the items say so themselves, with the end of its log
            if self._screen.live:
                width = self._screen.width
                self._screen.show(one_line(describe(progress, width - 1, bar=True)))
                continue
            line, now = one_line(describe(progress)), time.monotonic()
            due = progress["phase"] != last_phase or now - last_time >= LOG_SECONDS
            if due and line and line != last_line:
                self._write_plain(line)
                last_phase, last_line, last_time = progress["phase"], line, now

    def _write_plain(self, line: str) -> None:
        with self._screen.past_capture():
            self._reporter.ensure_newline()
            if not self._screen.at_line_start:  # after the dots of xdist, of which the former knows nothing
                self._reporter.line("")
            self._reporter.line(line)


def _bar(share: float) -> str:
    filled = round(min(1.0, max(0.0, share)) * BAR_CELLS)
    return f"[{'#' * filled}{'.' * (BAR_CELLS - filled)}]"


def _coarse(seconds: float) -> float:
    """No more figures than an estimate deserves: to five seconds below a minute, to ten below ten, then to a minute."""
    step = 5 if seconds < 60 else 10 if seconds < 600 else 60
    return max(step, round(seconds / step) * step)

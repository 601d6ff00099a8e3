"""Standard output for the length of a run: what everybody writes to it, and below that a line that comes and goes.

It stands in for ``sys.stdout`` from before pytest's capture and terminal reporter take hold of that, as libraries for
progress bars do it; so it needs nothing of theirs. Those libraries have no line that stays below while pytest writes
single dots, and write to where pytest's capture takes it.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import pytest

from pytest_humaneval.results.headline import cut

# One line below pytest's own output: index down (which scrolls, and keeps the column) and up again makes room, then the
# line is drawn between save and restore cursor. Erasing goes the same way.
_ROOM, _SAVE, _RESTORE, _BELOW, _ERASE = "\x1bD\x1b[A", "\x1b7", "\x1b8", "\x1b[B\r", "\x1b[2K"


SCREEN = pytest.StashKey["Screen"]()


class Screen:
    """``sys.stdout`` until removed. Thread-safe."""

    def __init__(self) -> None:
        self._stream = sys.stdout
        # While an item runs, pytest's capture takes what goes to file descriptor 1.
        self._terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        self._lock = threading.Lock()
        self._shown = ""
        self._past_capture: int | None = None  # the thread that writes to the terminal itself
        self.at_line_start = True
        self.live = self._terminal.isatty() and os.environ.get("TERM") != "dumb"
        sys.stdout = cast("TextIO", self)

    def remove(self) -> None:
        """Leave standard output as it was, and nothing below it."""
        self.show("")
        if sys.stdout is cast("TextIO", self):
            sys.stdout = self._stream
        self._terminal.close()

    @property
    def width(self) -> int:
        """Columns of the terminal; COLUMNS wins."""
        given = os.environ.get("COLUMNS", "")
        try:
            return int(given) if given.isdecimal() and int(given) else os.get_terminal_size(self._terminal.fileno())[0]
        except OSError:
            return shutil.get_terminal_size().columns

    def write(self, text: str) -> int:
        """What everybody calls: the line below has to go, since what is written may scroll, or take its place."""
        with self._lock:
            self._erase()
            self.at_line_start = text.endswith("\n") if text else self.at_line_start
            if self._past_capture != threading.get_ident():
                return self._stream.write(text)
            self._terminal.write(text)
            self._terminal.flush()
            return len(text)

    def show(self, line: str) -> None:
        """Have ``line`` below everything else, or nothing."""
        with self._lock:
            line = cut(line, self.width - 1) if line else ""
            if line != self._shown:
                self._erase()
                if line:
                    self._terminal.write(f"{_ROOM}{_SAVE}{_BELOW}{_ERASE}{line}{_RESTORE}")
                    self._terminal.flush()
                    self._shown = line

    @contextmanager
    def past_capture(self) -> Iterator[None]:
        """What this thread writes meanwhile reaches the terminal also while pytest captures."""
        self._past_capture = threading.get_ident()
        try:
            yield
        finally:
            self._past_capture = None

    def _erase(self) -> None:
        if self._shown:
            self._terminal.write(f"{_SAVE}{_BELOW}{_ERASE}{_RESTORE}")
            self._terminal.flush()
            self._shown = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

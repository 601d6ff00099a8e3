"""The child's side of what a test and a program share: printed text, input, random numbers, files."""

from __future__ import annotations

import builtins
import io
import sys
from collections.abc import Callable
from typing import Any

from ..wire.decoder import decode
from ..wire.encoder import encode
from ..wire.messages import REFUSED
from ..wire.world import MAX_WARNING, MAX_WARNINGS, WorldError, draws_between, files_in, put_files

MAX_TEXT = 1 << 20  # characters printed between two messages
WARNINGS = frozenset(each for each in vars(builtins).values() if isinstance(each, type) and issubclass(each, Warning))


class World:
    """Set up before the program is loaded, where the test wants any of it."""

    def __init__(self, wants: list[str], ask: Callable[..., Any]) -> None:
        self._wants = wants
        self._streams = (io.StringIO(), io.StringIO())
        self._state: Any = None  # of the generator of random numbers
        self._warned: list[tuple[str, str]] = []
        if "warnings" in wants:
            self._note_warnings()
        if "output" in wants:
            sys.stdout, sys.stderr = self._streams
        if "input" in wants:
            sys.stdin = Asking(ask)
            builtins.input = lambda prompt="", /: ask("input", prompt)
        if "print" in wants:
            builtins.print = lambda *values, **options: ask("print", *map(_plain, values), **options)

    def before(self, message: bytes) -> bytes:
        """Take over what the test has; the message proper."""
        message, state, files = decode(message)
        if state is not None:
            import random

            random.setstate(state)
            self._state = state
        if files is not None:
            put_files(".", files, files_in("."))
        return message

    def after(self, reply: bytes) -> bytes:
        """A reply with what has become of it."""
        try:
            files = files_in(".") if "files" in self._wants else None
        except (WorldError, OSError) as error:
            files, reply = None, REFUSED + encode(str(error))
        return encode((*map(_taken, self._streams), self._draws(), files, self._warnings(), reply))

    def _note_warnings(self) -> None:
        """Keep each, whatever filters the program sets: what becomes of it is the test's to say."""
        import warnings

        def note(message: Any, category: Any = UserWarning, *more: Any, **options: Any) -> None:
            kind: Any = type(message) if isinstance(message, Warning) else category or UserWarning
            if len(self._warned) < MAX_WARNINGS:
                own = next(base for base in kind.__mro__ if base in WARNINGS)  # which the test has as well
                self._warned.append((own.__name__, str(message)[:MAX_WARNING]))

        warnings.warn = note

    def _warnings(self) -> list[tuple[str, str]]:
        warned, self._warned = self._warned, []
        return warned

    def _draws(self) -> int:
        if self._state is None:
            return 0
        import random

        return draws_between(self._state, random.getstate())


def _taken(stream: io.StringIO) -> str:
    """What has been printed since the last time."""
    text = stream.getvalue()[:MAX_TEXT]
    stream.seek(0)
    stream.truncate()
    return text


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


class Asking(io.TextIOBase):
    """Standard input that the test has."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> str:
        """So many characters, or all."""
        return str(self._ask("read", size))

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """The next line."""
        return str(self._ask("readline", size))

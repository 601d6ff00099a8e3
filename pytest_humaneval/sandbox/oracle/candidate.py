"""What the hidden test calls: a stand-in for the function in the confined child."""

from __future__ import annotations

import builtins
import select
import time
from typing import Any

from ..wire import messages
from ..wire.codec import CodecError, Opaque, OpaqueError
from ..wire.decoder import decode
from ..wire.encoder import encode
from ..wire.errors import Leave
from ..wire.frames import CHUNK, FrameReader, framed
from .budget import LOOK_INTERVAL, Budget
from .changes import AmbiguousError, follow_all
from .link import Child

MAX_TEXT = 2_000  # characters of each part of a description: the child's own cuts are not to be relied on
MAX_LINE = 1 << 31  # no program has so many lines

Description = tuple[str, list[str], str, int, str]  # of an exception; see :data:`.child.RAISED`


class Stop(BaseException):
    """The check is over, whatever the test would like to do next: no ``except Exception`` may catch it.

    ``kind`` is a verdict's, or ``gone`` when the child has ended without a word.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


class BadArgumentError(Exception):
    """The test passes something that cannot cross: a fault of the test, or a limit of the sandbox."""


class CandidateError(Exception):
    """Stands for an exception of a type that only the completion knows."""


class Candidate:
    """Calls the function in the child, by value."""

    def __init__(self, child: Child, budget: Budget, worker: int) -> None:
        self.timeout = budget.timeout
        self._channel = child.channel
        self._budget = budget
        self._worker = worker  # the descriptor of its socket
        self._readable = self._poll(select.POLLIN)
        self.stopped: Stop | None = None  # once set, the check's outcome, even if the test swallows the exception
        self.raised: Exception | None = None  # what the last call raised
        self.raised_detail = ""
        self.arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})  # of the last call
        self.result: Any = None  # of the last call
        self.calls = 0
        self.num_tests = 1  # how many the program has to live through; to be set before loading
        self.watched = False  # whether the test may look at its arguments after a call; to be set before loading
        self.exceptions: dict[str, type[Exception]] = {}  # those that the prompt defines, by name

    def renew(self, budget: Budget) -> None:
        """Begin another test of the same program, with time of its own."""
        self._budget, self.timeout = budget, budget.timeout
        self.raised, self.raised_detail, self.calls = None, "", 0

    def load(self, source: str, entry_point: str, line_offset: int) -> None:
        """Run the program in the child.

        Raises:
            Stop: it does not compile, raises, ends or takes too long.
        """
        try:
            seconds = self._budget.timeout * self.num_tests
            reply = self._ask(encode((source, entry_point, line_offset, seconds, self.watched)))
            if reply != messages.LOADED:
                raise self.stop(*self._failure(reply)[:2])
        except (Stop, Leave):
            raise
        except BaseException as error:
            raise self._overcome(error) from None

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function.

        Raises:
            Stop: it ended its process, took too long, or its result cannot cross.
            Exception: what it raised, as the builtin exception nearest to it.
        """
        if self.stopped is not None:
            raise self.stopped
        self.calls += 1
        self.arguments, self.result = (arguments, keywords), None
        try:
            return self._called(arguments, keywords)
        except (Stop, Leave, BadArgumentError):
            raise
        except BaseException as error:
            if error is self.raised:
                raise
            raise self._overcome(error) from None

    def _called(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        try:
            message = encode((arguments, keywords), strict=True)
        except CodecError as error:
            raise self._blame_for_argument(error) from None
        reply = self._ask(message)
        if reply[:1] == messages.VALUE:
            self.result = self._decoded(reply)
        elif reply[:1] == messages.CHANGED and self.watched:
            self.result = self._changed(self._decoded(reply), arguments, keywords)
        else:
            raise self._exception(reply)
        return self.result

    def _changed(self, told: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Change the test's arguments as the child has changed its own; the result."""
        if type(told) is not tuple or tuple(map(type, told))[1:] != (tuple, dict):
            raise self.stop("refused", "the sandboxed process spoke out of turn")
        result, now, named = told
        if len(now) != len(arguments) or named.keys() != keywords.keys():
            raise self.stop("refused", "the sandboxed process spoke out of turn")
        pairs = [*zip(arguments, now, strict=True), *((keywords[name], named[name]) for name in named)]
        try:
            follow_all(pairs)
        except AmbiguousError:
            raise self.stop("refused", "changed a part of an argument, which cannot be told to the test") from None
        return result

    def _overcome(self, error: BaseException) -> Stop:
        """Whatever else happens to us in a conversation is the doing of what the child said."""
        if isinstance(error, MemoryError):
            return self.stop("out of memory", "the result is too large in memory")
        return self.stop("refused", f"the sandboxed process spoke out of turn: {type(error).__name__}")

    def returned_opaque(self) -> Opaque | None:
        """The last result, if it was a value that cannot cross."""
        return self.result if isinstance(self.result, Opaque) else None

    def stop(self, kind: str, detail: str = "") -> Stop:
        """Decide the check; what is returned is to be raised."""
        self.stopped = self.stopped or Stop(kind, detail)
        return self.stopped

    def _blame_for_argument(self, error: CodecError) -> BaseException:
        """The test may hand results back, as they came or grown: only what the completion had no part in is its fault.

        Otherwise a completion could turn its failure into an error of the test, which no statistic counts.
        """
        if isinstance(error, OpaqueError) or (error.by_size and self.calls > 1):
            return self.stop("refused", f"a result that the test hands back cannot cross again: {error}")
        return BadArgumentError(f"it passes {error}, which cannot cross to the sandbox")

    def _decoded(self, reply: bytes) -> Any:
        try:
            return decode(reply[1:])
        except CodecError as error:
            raise self.stop("refused", f"the result cannot cross to the test: {error}") from None

    def _exception(self, reply: bytes) -> BaseException:
        kind, detail, described = self._failure(reply)
        exception = self._nearest(described[1]) if described and kind == "exception" else None
        if described is None or exception is None:
            return self.stop(kind, detail)
        # The prompt's without __init__, which may ask for more than a message.
        message = described[2][:MAX_TEXT]
        own = exception in self.exceptions.values()
        self.raised, self.raised_detail = exception.__new__(exception, message) if own else exception(message), detail
        return self.raised

    def _nearest(self, names: list[str]) -> type[Exception] | None:
        """The exception of the prompt's, or else the builtin one, that comes first among a type's bases.

        Its name is the child's claim; but it could have raised it as well.
        """
        for position, name in enumerate(names):
            if name in self.exceptions:
                return _safe_to_raise(self.exceptions[name])
            if hasattr(builtins, name):
                return _nearest_builtin(names[position:])
        return None

    def _failure(self, reply: bytes) -> tuple[str, str, Description | None]:
        """Kind and detail of a reply that is not a value, and what it describes."""
        letter = reply[:1]
        if letter == messages.MEMORY:
            return "out of memory", "MemoryError", None
        described = self._decoded(reply)
        if letter == messages.REFUSED and isinstance(described, str):
            return "refused", f"the result cannot cross to the test: {described[:MAX_TEXT]}", None
        if letter not in (messages.RAISED, messages.SYNTAX) or not _is_description(described):
            return "refused", "the sandboxed process spoke out of turn", None
        name, _, message, line, text = described
        detail = f"{_place(line, text[:MAX_TEXT])}{name[:MAX_TEXT]}: {message[:MAX_TEXT]}"
        return ("syntax error" if letter == messages.SYNTAX else "exception"), detail, described

    def _ask(self, message: bytes) -> bytes:
        try:
            self._send(framed(message))
            return self._receive()
        except (EOFError, OSError):
            raise self.stop("gone") from None
        except CodecError as error:
            raise self.stop("refused", f"the sandboxed process spoke out of turn: {error}") from None

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._channel.send(view) :]
            except BlockingIOError:
                self._wait(self._poll(select.POLLOUT))

    def _receive(self) -> bytes:
        reader, message = FrameReader(), None
        while message is None:
            self._wait(self._readable)
            message = reader.feed(self._channel.recv(CHUNK))
        return message

    def _poll(self, event: int) -> select.poll:
        poll = select.poll()
        poll.register(self._channel, event)
        poll.register(self._worker, 0)  # which closes when nobody waits for the verdict any more
        return poll

    def _wait(self, poll: select.poll) -> None:
        """Until there is something to do. Limits are looked at as often however much there is: a reply may trickle."""
        ready = False
        while not ready:
            started = time.monotonic()
            events = poll.poll(min(self._budget.patience(), LOOK_INTERVAL) * 1000)
            self._budget.charge(time.monotonic() - started)
            if any(descriptor == self._worker for descriptor, _ in events):
                raise self.stop("error", "the worker has left")
            ready = bool(events)
            if not ready or self._budget.is_due():  # a reply that trickles is no reason not to look
                self._look()

    def _look(self) -> None:
        if reason := self._budget.exhausted():
            raise self.stop("timed out", reason)
        if reason := self._budget.out_of_memory():
            raise self.stop("out of memory", reason)


def _is_description(value: Any) -> bool:
    """Whether it is what the child says of an exception: name, names of bases, message, line, source of the line."""
    if not isinstance(value, tuple) or tuple(map(type, value)) != (str, list, str, int, str):
        return False
    return abs(value[3]) < MAX_LINE and all(type(name) is str for name in value[1])


def _nearest_builtin(names: list[str]) -> type[Exception] | None:
    """The first builtin exception among a type's bases; None for what is no Exception (SystemExit and the like)."""
    for name in names:
        kind = getattr(builtins, name, None)
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            continue
        if not issubclass(kind, Exception):
            return None
        return _safe_to_raise(kind)
    return None


def _safe_to_raise(kind: type[Exception]) -> type[Exception]:
    """Never StopIteration, which ends a loop of the test instead of failing it; nor what takes odd arguments."""
    odd = (StopIteration, StopAsyncIteration, UnicodeError, SyntaxError, MemoryError, AssertionError, ExceptionGroup)
    return CandidateError if issubclass(kind, odd) or kind is Exception else kind


def _place(line: int, text: str) -> str:
    if line > 0:
        return f"line {line} of the completion: {text}\n"
    return f"in the prompt: {text}\n" if text else ""

"""What the hidden test calls: a stand-in for the function in the confined child."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..wire import messages
from ..wire.abilities import ARITHMETIC, OPERATIONS
from ..wire.border import Far
from ..wire.codec import CodecError, Opaque, OpaqueError
from ..wire.decoder import Decoder
from ..wire.encoder import Encoder, encode
from ..wire.errors import Leave
from ..wire.graph import GraphEncoder
from .ahead import Ahead, Batch
from .budget import Budget
from .channel import Channel, Stop
from .lending import OracleBorder
from .link import Child
from .raising import MAX_TEXT, Description, exception_of, is_description
from .remote import far_of, is_remote
from .requests import RequestError, Requests
from .stub import Stub
from .surroundings import Surroundings

# What the function itself is capable of.
FUNCTION = sum(1 << position for position, name in enumerate(OPERATIONS) if name == "__call__")
# Operations that may end a loop of the test's.
_STEPS = {"__next__": StopIteration, "__anext__": StopAsyncIteration, "await": StopAsyncIteration}


class BadArgumentError(Exception):
    """The test passes something that cannot cross: a fault of the test, or a limit of the sandbox."""


class Candidate:
    """Calls the function in the child, by value; asks it about what cannot cross."""

    def __init__(self, child: Child, budget: Budget, worker: int, folder: str = "", num_tests: int = 1) -> None:
        self.timeout = budget.timeout
        self._num_tests = num_tests  # how many the program has to live through
        self.channel = Channel(child, budget, worker)
        self.raised: BaseException | None = None  # what the last call raised
        self.raised_detail = ""
        self.arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})  # of the last call
        self.result: Any = None  # of the last call
        self.calls = 0
        self.over = False  # the test has ended: nobody is asked any more
        self.surroundings = Surroundings(frozenset(), folder)
        self._folder = folder
        self._border = OracleBorder({}, self)
        self._requests = Requests(frozenset())
        self._watched = False
        self._exceptions: dict[str, type[Exception]] = {}  # those that the prompt defines, by name
        self._known = {0}  # numbers of what the program was asked for by name
        self._makers: set[int] = set()  # those of them that are classes of the prompt's
        self._made: set[int] = set()  # numbers of their objects that the test has made
        self._inspected = False  # whether anything was asked since the last call
        self._ahead: Ahead | None = None  # where the test's calls are known before it makes them
        self.function = self._border.borrowed(Far(0, "function", ""), FUNCTION)

    @property
    def stopped(self) -> Stop | None:
        """The check's outcome once it is decided, even if the test swallows the exception."""
        return self.channel.stopped

    def stop(self, kind: str, detail: str = "") -> Stop:
        """Decide the check; what is returned is to be raised."""
        return self.channel.stop(kind, detail)

    def renew(self, budget: Budget) -> None:
        """Begin another test of the same program, with time of its own."""
        self.timeout = budget.timeout
        self.channel.renew(budget)
        self.raised, self.raised_detail, self.calls = None, "", 0
        self.arguments, self.result, self._inspected = ((), {}), None, False

    def foresee(self, batches: Sequence[Batch]) -> None:
        """Ask for calls together, which the test will make in this order, before it makes any other.

        Not where it shares more with the program than values: that goes back and forth with every call.
        """
        if not self.surroundings.shared:
            self._ahead = Ahead(batches, self.channel)
            self._ahead.ask(early=True)

    def load(self, source: str, entry_point: str, line_offset: int, wants: frozenset[str], stub: Stub) -> None:
        """Have the program run in the child, which goes on while we do something else."""
        self._border.learn(stub.kinds)
        self._exceptions = {name: kind for name, kind in stub.kinds.items() if issubclass(kind, Exception)}
        self._watched = "arguments" in wants
        self.surroundings = Surroundings(wants, self._folder)
        self._requests = Requests(wants)
        seconds = self.timeout * self._num_tests
        settings = (source, entry_point, line_offset, seconds, sorted(wants), [*stub.kinds], stub.root)
        self.channel.say(encode(settings))

    def loaded(self, stub: Stub) -> Any:
        """Wait until the program has run; what it has of the class that a dotted entry point begins with.

        Raises:
            Stop: it does not compile, raises, ends or takes too long.
        """
        try:
            return self._loaded(self.channel.reply(), stub)
        except (Stop, Leave):
            raise
        except BaseException as error:
            raise self._overcome(error) from None

    def _loaded(self, reply: bytes, stub: Stub) -> Any:
        if reply[:1] != messages.LOADED or (len(reply) > 1 and not stub.root):
            raise self.stop(*self._failure(reply)[:2])
        if stub.is_class and not stub.root:
            self._makers.add(0)
        if len(reply) == 1:
            return None
        root = self._decoded(reply, [], changed=False)
        if not is_remote(root):
            raise self.stop("refused", "the sandboxed process spoke out of turn")
        self._known.add(far_of(root).number)
        if stub.is_class:
            self._makers.add(far_of(root).number)
        return root

    def operate(self, far: Far, operation: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call the function, or do something else to what is in the child.

        Raises:
            Stop: it ended its process, took too long, or its result cannot cross.
            Exception: what it raised, as the builtin exception nearest to it.
        """
        if self.stopped is not None:
            raise self.stopped
        if self.over:
            raise AttributeError(operation)
        self.calls += 1
        self._inspected = operation != "__call__"
        if not self._inspected:
            self.arguments, self.result = (arguments, keywords), None
        try:
            result = self._operated(far, operation, arguments, keywords)
        except (Stop, Leave, BadArgumentError):
            raise
        except BaseException as error:
            if error is self.raised:
                raise
            raise self._overcome(error) from None
        if operation == "__call__":
            self.result = result
        return result

    def _operated(self, far: Far, operation: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        call = far.number == 0 and operation == "__call__"
        if call and self._ahead is not None and (reply := self._ahead.reply()) is not None:
            return self._foreseen(self._ahead, reply)
        request = (arguments, keywords) if call else (operation, far.number, arguments, keywords)
        encoder = (GraphEncoder if self._watched else Encoder)(True, self._border)
        try:
            encoder.value(request)
            message = encoder.finished()
        except CodecError as error:
            raise self._blame_for_argument(error) from None
        reply = self._ask(message)
        if reply[:1] != messages.VALUE and (reply[:1] != messages.CHANGED or not self._watched):
            raise self._exception(reply, operation)
        result = self._decoded(reply, encoder.objects if self._watched else [], changed=reply[:1] == messages.CHANGED)
        if is_remote(result) and self._makes(far, operation):
            self._made.add(far_of(result).number)
        return result

    def _foreseen(self, ahead: Ahead, reply: bytes) -> Any:
        """What has come of a call that was asked for together with others."""
        lent = self._border.num_borrowed()
        if reply[:1] != messages.VALUE:
            raise self._exception(reply, "__call__")
        result = self._decoded(reply, [], changed=False)
        if ahead.is_first() and self._border.num_borrowed() > lent:
            self._ahead = None
            self.channel.expect(0)
        return result

    def _makes(self, far: Far, operation: str) -> bool:
        if operation == "__call__":
            return far.number in self._makers
        return far.number in self._made and (operation in ARITHMETIC or operation in ("__copy__", "__deepcopy__"))

    def is_made(self, far: Far) -> bool:
        """Whether the test itself made the object, of a class that the prompt defines."""
        return far.number in self._made

    def is_known(self, far: Far) -> bool:
        """Whether it is made, or one of the names that the program is asked for."""
        return far.number in self._known or far.number in self._made

    def is_over(self) -> bool:
        """Whether the test has ended."""
        return self.over

    def kind_of(self, far: Far) -> type | None:
        """The class of the prompt's that it is an instance of."""
        return self._border.kinds.get(far.kin)

    def _overcome(self, error: BaseException) -> Stop:
        """Whatever else happens to us in a conversation is the doing of what the child said."""
        if isinstance(error, MemoryError):
            return self.stop("out of memory", "the result is too large in memory")
        if isinstance(error, RequestError):
            return self.stop("refused", str(error))
        return self.stop("refused", f"the sandboxed process spoke out of turn: {type(error).__name__}")

    def returned_opaque(self) -> str:
        """The type of the last result, if it was a value that cannot cross and that nothing more was asked of."""
        if is_remote(self.result):
            far = far_of(self.result)
            return "" if self._inspected or self.is_made(far) else far.type_name
        return self.result.type_name if isinstance(self.result, Opaque) else ""

    def _blame_for_argument(self, error: CodecError) -> BaseException:
        """The test may hand results back, as they came or grown: only what the completion had no part in is its fault.

        Otherwise a completion could turn its failure into an error of the test, which no statistic counts.
        """
        if isinstance(error, OpaqueError) or (error.by_size and self.calls > 1):
            return self.stop("refused", f"a result that the test hands back cannot cross again: {error}")
        return BadArgumentError(f"it passes {error}, which cannot cross to the sandbox")

    def _ask(self, message: bytes) -> bytes:
        """The reply, after all that the child asks for meanwhile."""
        if self._ahead is not None:
            self._ahead.settle()
        reply = self._said(message)
        while reply[:1] == messages.ASK:
            reply = self._said(self._requests.answer(reply, self._border))
        return reply

    def _said(self, message: bytes) -> bytes:
        if not self.surroundings.shared:
            return self.channel.ask(message)
        return self.surroundings.received(self.channel.ask(self.surroundings.sent(message)))

    def _decoded(self, reply: bytes, objects: list[Any], *, changed: bool) -> Any:
        decoder = Decoder(reply[1:], border=self._border)
        try:
            if changed:
                return decoder.whole(lambda each: each.changes(objects))
            decoder.objects = list(objects)
            return decoder.whole(Decoder.value)
        except CodecError as error:
            raise self.stop("refused", f"the result cannot cross to the test: {error}") from None

    def _exception(self, reply: bytes, operation: str) -> BaseException:
        kind, detail, described = self._failure(reply)
        if described is None or kind != "exception":
            return self.stop(kind, detail)
        number = described[7] if len(described) > 5 else -1
        step = _STEPS.get(operation)
        if 0 <= number < len(self._requests.raised):
            self.raised = self._requests.raised[number]
        elif step is not None and step.__name__ in described[1]:
            self.raised = step(*described[5][:1]) if len(described) > 5 else step()
        else:
            self.raised = exception_of(described, self._exceptions)
        self.raised_detail = detail
        return self.raised or self.stop(kind, detail)

    def _failure(self, reply: bytes) -> tuple[str, str, Description | None]:
        """Kind and detail of a reply that is not a value, and what it describes."""
        letter = reply[:1]
        if letter == messages.MEMORY:
            return "out of memory", "MemoryError", None
        described = self._decoded(reply, [], changed=False)
        if letter == messages.REFUSED and isinstance(described, str):
            return "refused", f"the result cannot cross to the test: {described[:MAX_TEXT]}", None
        if letter not in (messages.RAISED, messages.SYNTAX) or not is_description(described):
            return "refused", "the sandboxed process spoke out of turn", None
        name, _, message, line, text = described[:5]
        detail = f"{_place(line, text[:MAX_TEXT])}{name[:MAX_TEXT]}: {message[:MAX_TEXT]}"
        return ("syntax error" if letter == messages.SYNTAX else "exception"), detail, described


def _place(line: int, text: str) -> str:
    if line > 0:
        return f"line {line} of the completion: {text}\n"
    return f"in the prompt: {text}\n" if text else ""

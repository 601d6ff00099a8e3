"""The confined child's answers: to calls of the program's function, and to what is asked of objects it has lent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..wire.abilities import ALWAYS, OPERATIONS
from ..wire.border import Border, Far, found_under
from ..wire.codec import CodecError
from ..wire.decoder import Decoder
from ..wire.encoder import encode
from ..wire.frames import Frames, write_frame
from ..wire.graph import GraphEncoder
from ..wire.messages import ASK, CHANGED, LOADED, REFUSED, VALUE
from .child_world import World
from .failures import NUMBER, Place, failure


class Answers(Border):
    """What a program says to each message; whatever it has, it lends.

    Every function that a child runs through, and every object, costs it a page of memory of its own: hence so few.
    """

    def __init__(self, channel: int, frames: Frames, place: Place, wants: list[str]) -> None:
        self.kinds = {}
        self.names = {}
        self._lent = []
        self._numbers = {}
        self._channel = channel
        self._frames = frames
        self._place = place
        self._known: dict[int, int] = {}
        self._borrowed: dict[int, Callback] = {}
        self._watched = self._world = None
        if wants:
            self._watched = "arguments" in wants
            self.lazy = "steps" in wants
            self._world = World(wants, self.ask) if set(wants) - {"arguments", "steps"} else None

    def introduced(self, namespace: dict[str, Any], function: Any, kinds: list[str], root: str) -> bytes:
        """The reply to a program that has been loaded, with what a dotted entry point begins with."""
        self._lent.append(function)
        if kinds:
            self.learn({name: namespace[name] for name in kinds if isinstance(namespace.get(name), type)})
        return LOADED + encode(namespace[root], border=self) if root else LOADED

    def to(self, message: bytes) -> Iterator[bytes]:
        """The answer to a call, or to another operation; or the answers to many calls, each as soon as it is there.

        The first of many is the last one if it is no value, or not all of it: what a generator yields may depend on
        when it is asked.
        """
        if self._world is not None:
            message = self._world.before(message)
        decoder = Decoder(message, self._known, self)
        calls = decoder.whole(Decoder.value)
        if len(calls) == 1:
            lent = len(self._lent)
            for position, call in enumerate(calls[0]):
                reply = self._answer(call, b"", [])
                yield reply
                if position == 0 and (reply[:1] != VALUE or len(self._lent) > lent):
                    return
            return
        reply = self._answer(calls, message, decoder.objects)
        yield reply if self._world is None else self._world.after(reply)

    def _answer(self, request: Any, message: bytes, objects: list[Any]) -> bytes:
        try:
            result = self._lent[0](*request[0], **request[1]) if len(request) == 2 else self._operated(*request)
            if self._watched:
                return self._with_changes(result, request, message, objects)
            return VALUE + encode(result, border=self)
        except CodecError as error:
            return REFUSED + encode(str(error))
        except BaseException as error:
            return failure(error, self._place, self)

    def _operated(self, operation: str, number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        function = OPERATIONS.get(operation) or ALWAYS[operation]
        return function(self.lent(number), *arguments, **keywords)

    def _with_changes(self, result: Any, request: Any, message: bytes, objects: list[Any]) -> bytes:
        """The result, and what the arguments hold by now where that is something else than before."""
        only_keywords = len(objects) < 2  # of which the program has a copy
        same = only_keywords or self._are_same(request, message, objects)
        letter = VALUE if same else CHANGED
        return letter + GraphEncoder(False, self).result(result, objects, changed=not same)

    def _are_same(self, request: Any, message: bytes, objects: list[Any]) -> bool:
        again = GraphEncoder(False, self)
        again.value(request)
        return again.finished() == message and list(map(id, again.objects)) == list(map(id, objects))

    def ask(self, what: int | str, *arguments: Any, **keywords: Any) -> Any:
        """Have a function of the test's called; meanwhile the test may ask something itself."""
        question = ASK + encode((what, arguments, keywords), border=self)
        write_frame(self._channel, self._world.after(question) if self._world else question)
        while True:
            message = self._frames.read()
            if self._world:
                message = self._world.before(message)
            decoder = Decoder(message, self._known, self)
            received = decoder.whole(Decoder.value)
            if type(received[0]) is bool:
                return received[1] if received[0] else _raise(*received[1])
            reply = self._answer(received, message, decoder.objects)
            write_frame(self._channel, self._world.after(reply) if self._world else reply)

    def far(self, value: Any) -> Far | None:
        """Where the function of the test's is."""
        return value._far if type(value) is Callback else None

    def named(self, module: str, name: str) -> Any:
        """Whatever Python has; the oracle may be trusted."""
        if module:
            __import__(module)
            return found_under(module, name)
        return super().named(module, name)

    def borrowed(self, far: Far, abilities: int) -> Callback:
        """A function that may be called; always the same one."""
        return self._borrowed.setdefault(far.number, Callback(far, self))


def _raise(names: list[str], arguments: tuple[Any, ...], number: int) -> Any:
    """Raise what a function of the test's has raised, as the nearest of Python's own."""
    import builtins

    kind = next(filter(None, (getattr(builtins, name, None) for name in names)), Exception)
    error = kind(*arguments)
    error.__dict__[NUMBER] = number
    raise error


class Callback:
    """A function of the test's."""

    def __init__(self, far: Far, answers: Answers) -> None:
        self._far = far
        self._answers = answers
        self.__name__ = far.type_name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Have it called."""
        return self._answers.ask(self._far.number, *arguments, **keywords)

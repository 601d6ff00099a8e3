"""Stand-ins for objects that stay in the child: whatever a test does with one, the child is asked.

What it answers is a value like any other. But an object that the test did not make itself, by calling a class that the
prompt defines, is not asked what would tell it the answer that is expected, or let it judge: whether it equals, orders
before or contains something, what it is together with another value, and what values of Python's own types do by
themselves (``startswith``, ``issubset``). Otherwise an object could claim to be any right answer.
"""

from __future__ import annotations

import builtins
from collections import deque
from collections.abc import Callable, Generator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from ..wire.abilities import JUDGING, UNHASHABLE, named_abilities
from ..wire.border import Far

# What values of Python's own types do by themselves.
_VALUES = (
    int,
    float,
    complex,
    str,
    bytes,
    bytearray,
    list,
    tuple,
    dict,
    set,
    frozenset,
    deque,
    Fraction,
    Decimal,
    date,
)
_OF_VALUES = frozenset(name for kind in _VALUES for name in dir(kind) if not name.startswith("_"))


class Asker(Protocol):
    """Who asks the child for a stand-in."""

    def operate(self, far: Far, operation: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The result of an operation on an object of the child's."""

    def is_made(self, far: Far) -> bool:
        """Whether the test itself made the object, of a class that the prompt defines."""

    def is_known(self, far: Far) -> bool:
        """Whether it is made, or one of the names that the program is asked for."""

    def is_over(self) -> bool:
        """Whether there is nobody left to be asked."""

    def kind_of(self, far: Far) -> type | None:
        """The class of the prompt's that it is an instance of."""


class Remote:
    """An object of the child's. Its names are chosen such that it has no attributes of its own to be met."""

    __slots__ = ("__weakref__", "_humaneval_asker", "_humaneval_far")

    def __init__(self, far: Far, asker: Asker) -> None:
        object.__setattr__(self, "_humaneval_far", far)
        object.__setattr__(self, "_humaneval_asker", asker)

    def __getattr__(self, name: str) -> Any:
        if name in _OF_VALUES and not _asker_of(self).is_known(far_of(self)):
            raise AttributeError(f"{far_of(self).type_name!r} object is not asked for {name!r}")
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __copy__(self) -> Any:
        return _ask(self, "__copy__")

    def __deepcopy__(self, memory: Any) -> Any:
        return _ask(self, "__deepcopy__", None)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, Remote) and bool(_ask(self, "__instancecheck__", value))

    def __repr__(self) -> str:
        return f"<{far_of(self).type_name} object>"

    def __eq__(self, other: object) -> Any:
        return self is other or NotImplemented

    def __hash__(self) -> int:
        return hash((Remote, far_of(self).number))

    @property
    def __class__(self) -> Any:
        """The class of the prompt's that it derives from, so that ``isinstance`` knows it."""
        return _asker_of(self).kind_of(far_of(self)) or type(self)

    @__class__.setter
    def __class__(self, value: Any) -> None:
        _ask(self, "setattr", "__class__", value)


def far_of(value: Remote) -> Far:
    """Where its object is."""
    far: Far = object.__getattribute__(value, "_humaneval_far")
    return far


def is_remote(value: Any) -> bool:
    """Whether a value stands in for an object of the child's; nobody is asked."""
    return issubclass(type(value), Remote)


@lru_cache(maxsize=1024)
def remote_type(type_name: str, abilities: int) -> type[Remote]:
    """A class of stand-ins that have just these special methods: what has none must not seem to have it."""
    names = named_abilities(abilities)
    methods: dict[str, Any] = {name: _judging(name) if name in JUDGING else _asking(name) for name in names}
    methods |= {name: method for name, method in _SPECIAL.items() if name in names}
    methods["__doc__"] = property(lambda self: _ask(self, "getattr", "__doc__"))
    if "__await__" in names:
        methods |= _COROUTINE
    if abilities & UNHASHABLE:
        methods["__hash__"] = None
    elif "__eq__" in methods and "__hash__" not in methods:
        methods["__hash__"] = Remote.__hash__
    return type(type_name if type_name.isidentifier() else "Remote", (Remote,), {"__slots__": (), **methods})


def _asker_of(value: Remote) -> Asker:
    asker: Asker = object.__getattribute__(value, "_humaneval_asker")
    return asker


def _ask(value: Remote, operation: str, *arguments: Any, **keywords: Any) -> Any:
    return _asker_of(value).operate(far_of(value), operation, arguments, keywords)


def _asking(name: str) -> Callable[..., Any]:
    def method(self: Remote, /, *arguments: Any, **keywords: Any) -> Any:
        return _ask(self, name, *arguments, **keywords)

    return method


def _judging(name: str) -> Callable[[Remote, Any], Any]:
    def method(self: Remote, other: Any) -> Any:
        if self is other and name in ("__eq__", "__ne__"):
            return name == "__eq__"
        asker = _asker_of(self)
        if asker.is_made(far_of(self)) or (is_remote(other) and asker.is_made(far_of(other))):
            return _ask(self, name, other)
        return NotImplemented

    return method


def _shown(name: str) -> Callable[..., str]:
    def method(self: Remote, *arguments: Any) -> str:
        if _asker_of(self).is_over():
            return Remote.__repr__(self)
        text = _ask(self, name, *arguments)
        return text if isinstance(text, str) else Remote.__repr__(self)

    return method


def _length(self: Remote) -> int:
    length: int = _ask(self, "__len__")
    return length


def _truth(self: Remote) -> bool:
    return bool(_ask(self, "__bool__"))


def _contains(self: Any, value: Any) -> bool:
    if _asker_of(self).is_made(far_of(self)):
        return bool(_ask(self, "__contains__", value))
    return any(item is value or item == value for item in self)


def _left(self: Remote, kind: Any, error: Any, trace: Any) -> bool:
    """The end of a ``with`` statement: no failure of the test is suppressed."""
    answer = _ask(self, "__exit__", *_in_words(kind, error))
    return bool(answer) and _may_suppress(self, kind)


async def _left_async(self: Remote, kind: Any, error: Any, trace: Any) -> bool:
    answer = await _ask(self, "__aexit__", *_in_words(kind, error))
    return bool(answer) and _may_suppress(self, kind)


def _may_suppress(manager: Remote, kind: Any) -> bool:
    made = _asker_of(manager).is_made(far_of(manager))
    return made and kind is not None and issubclass(kind, Exception) and not issubclass(kind, AssertionError)


def _in_words(kind: Any, error: Any) -> tuple[Any, str]:
    """A type that the child has, and the message; a trace cannot cross."""
    if kind is None:
        return None, ""
    return next(
        base for base in kind.__mro__ if base.__module__ == "builtins" and hasattr(builtins, base.__name__)
    ), str(error)


def _awaited(self: Remote) -> Generator[None, None, Any]:
    """The child runs it to its end at once."""
    yield from ()  # which makes it the iterator that is expected
    return _ask(self, "await")


def _sent(self: Remote, value: Any) -> Any:
    raise StopIteration(_ask(self, "await"))


def _thrown(self: Remote, error: Any, *more: Any) -> Any:
    raise error


def _closed(self: Remote) -> None:
    return None


_SPECIAL: dict[str, Any] = {
    "__len__": _length,
    "__bool__": _truth,
    "__contains__": _contains,
    "__exit__": _left,
    "__aexit__": _left_async,
    **{name: _shown(name) for name in ("__repr__", "__str__", "__format__")},
}
_COROUTINE: dict[str, Any] = {"__await__": _awaited, "send": _sent, "throw": _thrown, "close": _closed}

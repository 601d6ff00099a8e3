"""Objects of the classes that a prompt defines, by value: both sides have the class, so its name and state will do.

No method of a class runs here, neither ``__init__`` nor ``__new__`` nor ``__reduce__``: what arrives is put where the
receiver's own class says that it belongs.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, deque, namedtuple
from collections.abc import Iterator
from functools import lru_cache
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any

from .codec import MAX_TYPE_NAME, CodecError

CHANGEABLE = (list, OrderedDict, dict, set, bytearray, deque)
MAX_FIELDS = 64  # of a named tuple
_HEAP_TYPE = 1 << 9  # of a type's flags: it was made by a class statement
_FIXED = (int, float, complex, str, bytes, frozenset)
_ATOMS = frozenset({*_FIXED, bool, tuple, type(None)})


def is_enum(kind: type) -> bool:
    """Whether it is an enumeration, whose members exist already."""
    module = sys.modules.get("enum")
    return module is not None and issubclass(kind, module.Enum)


def is_hashed(kind: type) -> bool:
    """Whether its objects are hashed by what they hold: it must be there before they become keys."""
    method: Any = kind.__hash__
    return method is not object.__hash__ and method is not None


def base_of(kind: type) -> type:
    """The builtin that a class is made of."""
    return next((base for base in kind.__mro__ if base in (*CHANGEABLE, *_FIXED, BaseException)), object)


def state_of(value: Any) -> Iterator[Any]:
    """Names and values of its attributes in turn."""
    for name, attribute in _namespace(value).items():
        yield from (name, attribute)
    for kind in type(value).__mro__:
        for name, slot in _slots(kind):
            if _is_set(slot, value):
                yield from (name, slot.__get__(value, type(value)))


def shell(kind: type, payload: Any = None) -> Any:
    """An object without attributes; with the number or text inside where the class derives from these.

    Raises:
        CodecError: what is inside is not what the class derives from.
    """
    base: Any = base_of(kind)
    if base in _FIXED:
        if type(payload) is not base:
            raise CodecError("a malformed message: not what a class derives from")
        return base.__new__(kind, payload)
    return base.__new__(kind)


def has_payload_first(kind: type) -> bool:
    """Whether an object can only be made of what is inside of it."""
    return base_of(kind) in _FIXED


@lru_cache(maxsize=256)
def tuple_class(name: str, fields: tuple[str, ...]) -> Any:
    """A class of named tuples.

    Raises:
        ValueError: fields of these names cannot be.
    """
    if any(len(field) > MAX_TYPE_NAME for field in fields):
        raise ValueError("a field with a long name")
    return namedtuple(name if name.isidentifier() and not iskeyword(name) else "Tuple", fields)


def fill(own: Any, payload: Any, state: list[Any]) -> None:
    """Give an object what it holds, in place of what it held.

    Raises:
        CodecError: it cannot hold this.
    """
    base = base_of(type(own))
    if base in CHANGEABLE:
        replace(own, payload, base)
    elif base is BaseException:
        if type(payload) is not list:
            raise CodecError("a malformed message: an exception without arguments")
        own.args = tuple(payload)
    slots = {name: slot for kind in reversed(type(own).__mro__) for name, slot in _slots(kind)}
    namespace = _namespace(own)
    namespace.clear()
    for slot in slots.values():
        if _is_set(slot, own):
            slot.__delete__(own)
    for name, value in zip(state[::2], state[1::2], strict=True):
        if type(name) is not str:
            raise CodecError("a malformed message: an attribute without a name")
        if name in slots:
            slots[name].__set__(own, value)
        else:
            namespace[name] = value


def replace(own: Any, fresh: Any, base: Any) -> None:
    """Give a container other contents. Both must be of one kind.

    Raises:
        CodecError: they are not.
    """
    if not isinstance(fresh, dict if base is OrderedDict else base):
        raise CodecError("a malformed message: a container that became another one")
    if base is bytearray:
        bytearray.__setitem__(own, slice(None), fresh)
        return
    members = dict(fresh) if issubclass(base, dict) else list(fresh)
    base.clear(own)
    (base.extend if base in (list, deque) else base.update)(own, members)


def changeable_base(value: Any) -> type | None:
    """Which builtin container a value is, if it is one that can be changed."""
    kind = type(value)
    if kind in _ATOMS:  # most are, and the rest takes long
        return None
    return next((base for base in CHANGEABLE if issubclass(kind, base)), None)


def _namespace(value: Any) -> dict[str, Any]:
    try:
        namespace = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return namespace if type(namespace) is dict else {}


def _slots(kind: type) -> list[tuple[str, Any]]:
    if not kind.__flags__ & _HEAP_TYPE:
        return []  # those of builtins are no state
    return [(name, slot) for name, slot in vars(kind).items() if isinstance(slot, MemberDescriptorType)]


def _is_set(slot: Any, own: Any) -> bool:
    try:
        slot.__get__(own, type(own))
    except AttributeError:
        return False
    return True

"""What crosses by name or by number instead of by value, as one side of the boundary sees it.

By name: the classes that the prompt defines, of which each side has its own, and what Python itself offers. By number:
an object that stays where it is. It is lent; the other side holds a stand-in that asks for it.
"""

from __future__ import annotations

import builtins
import sys
from types import BuiltinFunctionType
from typing import Any

from .abilities import abilities_of
from .codec import MAX_TYPE_NAME, CodecError

MAX_LENT = 100_000  # objects in one check


class Far:
    """Where a stand-in's object is: its number on the other side, and what that says of it."""

    __slots__ = ("kin", "number", "type_name")

    def __init__(self, number: int, type_name: str, kin: str) -> None:
        self.number = number
        self.type_name = type_name[:MAX_TYPE_NAME]
        self.kin = kin  # the prompt's class that it is an instance of, if any


class Border:
    """The names and numbers of one side. ``kinds`` are its classes by the names that the prompt gives them."""

    lazy = False  # whether iterators are lent instead of walked
    kinds: dict[str, type]
    names: dict[type, str]
    _lent: list[Any]
    _numbers: dict[int, int]

    def __init__(self, kinds: dict[str, type]) -> None:
        self.learn(kinds)
        self._lent = []
        self._numbers = {}

    def learn(self, kinds: dict[str, type]) -> None:
        """Know these classes, and no others."""
        self.kinds = kinds
        self.names = {kind: name for name, kind in kinds.items()}

    def lend(self, value: Any) -> int:
        """The number under which the other side may ask for an object, which it keeps from now on."""
        number = self._numbers.get(id(value))
        if number is None:
            if len(self._lent) >= MAX_LENT:
                raise CodecError(f"more than {MAX_LENT} objects that cannot cross by value", by_size=True)
            number = self._numbers[id(value)] = len(self._lent)
            self._lent.append(value)
        return number

    def lent(self, number: Any) -> Any:
        """The object that was lent under a number.

        Raises:
            CodecError: there is none.
        """
        if type(number) is not int or not 0 <= number < len(self._lent):
            raise CodecError("a malformed message: nothing was lent under this number")
        return self._lent[number]

    def is_lendable(self, value: Any) -> bool:
        """Whether the other side may have this object asked."""
        return True

    def far(self, value: Any) -> Far | None:
        """Where the object is that a value stands in for; None for all other values."""
        raise NotImplementedError

    def borrowed(self, far: Far, abilities: int) -> Any:
        """A stand-in for an object of the other side."""
        raise NotImplementedError

    def name_of(self, value: Any) -> tuple[str, str] | None:
        """Module and name of something that the other side has as well: no module for the prompt's own classes."""
        if not isinstance(value, type):
            return None
        if value in self.names:
            return "", self.names[value]
        name: str = value.__name__
        return ("builtins", name) if getattr(builtins, name, None) is value else None

    def named(self, module: str, name: str) -> Any:
        """What has a name: only types, as the other side may say anything.

        Raises:
            CodecError: it is not one of those that cross.
        """
        thing = (
            self.kinds.get(name) if module == "" else getattr(builtins, name, None) if module == "builtins" else None
        )
        if not isinstance(thing, type):
            raise CodecError("a malformed message: no type of this name")
        return thing

    def kin(self, kind: type) -> str:
        """The name of the prompt's class that a type derives from, or an empty string."""
        return next((self.names[base] for base in kind.__mro__ if base in self.names), "")

    def abilities(self, value: Any) -> int:
        """What the other side's stand-in has to be capable of."""
        kind: Any = type(value)
        return abilities_of(kind)


def standard(value: Any) -> tuple[str, str] | None:
    """Module and name of what the standard library has under them: functions, types, constants like Ellipsis."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(value, BuiltinFunctionType) and module is None and hasattr(value.__self__, "__name__"):
        module = value.__self__.__name__  # a method of a type: dict.fromkeys
    if type(module) is not str or type(name) is not str or module.partition(".")[0] not in sys.stdlib_module_names:
        module, name = "builtins", repr(value) if value is ... or value is NotImplemented else ""
    return (module, name) if name and found_under(module, name) is value else None


def found_under(module: str, name: str) -> Any:
    """What an imported module has under a dotted name; None when there is nothing."""
    thing: Any = sys.modules.get(module)
    for part in name.split("."):
        thing = getattr(thing, part, None)
    return thing

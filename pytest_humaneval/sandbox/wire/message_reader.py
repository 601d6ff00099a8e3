"""A message that is being read, and the caps that hold for all that is in it."""

from __future__ import annotations

import struct
import sys
from typing import Any

from .border import Border
from .codec import COUNT, MAX_DEPTH, MAX_HASHED, MAX_ITEMS, MAX_MESSAGE, CodecError


class MessageReader:
    """What all values are read with."""

    def __init__(self, data: bytes, known: dict[int, int] | None = None, border: Border | None = None) -> None:
        if len(data) > MAX_MESSAGE:
            raise CodecError(f"a message of more than {MAX_MESSAGE} bytes")
        self.data = data
        self.at = 0
        self.depth = 0
        self.items = MAX_ITEMS
        self.hashed = MAX_HASHED if known is None else MAX_MESSAGE
        self.known = known
        self.border = border
        self.objects: list[Any] = []  # that have identity, in the order in which they came
        self.waiting: list[Any] = []  # objects whose contents follow
        self._sizes: dict[int, int] = {}  # values in a container that may be referred to

    def value(self) -> Any:
        """The value at the current position."""
        raise NotImplementedError

    def number(self, form: struct.Struct) -> tuple[Any, ...]:
        """Numbers of a fixed size."""
        numbers = form.unpack_from(self.data, self.at)
        self.at += form.size
        return numbers

    def one_integer(self, value: int) -> int:
        """The integer, or the equal one that has come before, where there is a memory of them."""
        return value if self.known is None else self.known.setdefault(value, value)

    def one_text(self, value: str) -> str:
        """The text; a word as the one that Python's compiler makes of equal words."""
        return sys.intern(value) if self.known is not None and value.isascii() and value.isidentifier() else value

    def content(self) -> bytes:
        """A length and as many bytes."""
        (length,) = self.number(COUNT)
        start, self.at = self.at, self.at + length
        if self.at > len(self.data):
            raise CodecError("a malformed message: it ends early")
        return self.data[start : self.at]

    def members(self, *, step: int = 0) -> list[Any]:
        """A count and as many values, every ``step``-th of which is about to be hashed."""
        (count,) = self.number(COUNT)
        self.items -= count
        self.hashed -= count // step if step else 0
        self.depth += 1
        self._hold_to_caps()
        value = self.value
        members = [value() for _ in range(count)]
        self.depth -= 1
        return members

    def _hold_to_caps(self) -> None:
        if self.depth > MAX_DEPTH:
            raise CodecError(f"a value nested deeper than {MAX_DEPTH}")
        if self.items < 0:
            raise CodecError(f"a value of more than {MAX_ITEMS} items")
        if self.hashed < 0:
            raise CodecError(f"a value with more than {MAX_HASHED} keys")

    def a_list(self, value: Any) -> list[Any]:
        """A value that must be a list: other things may be much more than the bytes they came in."""
        if type(value) is not list:
            raise CodecError("a malformed message: not a list")
        return value

"""Values as bytes, between the oracle and the confined child: what the two halves share.

Arguments and results travel by value, through :mod:`encoder` and :mod:`decoder`. The receiving end trusts nothing:
decoding only ever builds builtin values (and deque, Fraction, Decimal), runs no code that came over the wire, and
holds to the caps below. No pickle and no marshal: both can be made to run code or to crash.

One byte says the type; then comes a number of fixed size, or a length or count (unsigned 32-bit) and the content. All
numbers are little endian.

The files that run inside the sandbox (this one, encoder, decoder, frames, server, child, lockdown and what they
import) use the standard library only, and work on every Python from 3.10: a container may bring its own.
"""

from __future__ import annotations

import struct

MAX_MESSAGE = 8 << 20  # bytes of one message
MAX_DEPTH = 64  # containers in containers
MAX_INTEGER = 64 << 10  # bytes of one integer
MAX_HASHED = 2_000  # members of sets and keys of dicts per message: hashes of numbers can be made to collide
MAX_ITEMS = 200_000  # values per message, packed numbers aside
PACKED_FROM = 16  # a list or tuple of at least so many numbers of one type travels as one block
MAX_EXPONENT = 10_000  # of a Decimal: a larger one is a bomb for whoever turns it into an integer

_DATE, _TIME = ("year", "month", "day"), ("hour", "minute", "second", "microsecond")
# What the types of datetime are made of, in the order of their constructors.
MOMENTS = {"date": _DATE, "datetime": _DATE + _TIME, "time": _TIME, "timedelta": ("days", "seconds", "microseconds")}
ARRAYS = "bBhHiIlLqQfd"  # types of arrays, all of numbers

COUNT = struct.Struct("<I")
INT = struct.Struct("<q")
FLOAT = struct.Struct("<d")
COMPLEX = struct.Struct("<dd")


MAX_TYPE_NAME = 100  # characters


class CodecError(Exception):
    """A value or a message that cannot cross; the text says why. ``by_size``: it would, if there were less of it."""

    def __init__(self, reason: str, *, by_size: bool = False) -> None:
        super().__init__(reason)
        self.by_size = by_size


class OpaqueError(CodecError):
    """An opaque value that was to cross once more."""


class Opaque:
    """What arrives for a value that cannot cross: its type's name and truth value, equal to nothing but itself."""

    __slots__ = ("truth", "type_name")

    def __init__(self, type_name: str, truth: bool) -> None:
        self.type_name = type_name[:MAX_TYPE_NAME]
        self.truth = truth

    def __bool__(self) -> bool:
        return self.truth

    def __repr__(self) -> str:
        return f"<{self.type_name} object>"

"""Bytes as a value: the receiving half of the codec, which trusts no byte of what it reads."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from .border import Border
from .codec import (
    ARRAYS,
    COMPLEX,
    COUNT,
    FLOAT,
    INT,
    MAX_EXPONENT,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_MESSAGE,
    MOMENTS,
    CodecError,
    Opaque,
)
from .object_reader import ObjectReader


def decode(data: bytes, *, known: dict[int, int] | None = None, border: Border | None = None) -> Any:
    """The value that ``encode`` made the bytes of; they may come from anyone.

    ``known`` is for the child, which may trust the oracle: it lifts the cap on keys, and makes equal integers and words
    one object, as they are where the test is compiled together with the program (some programs compare with ``is``).

    Raises:
        CodecError: they are not a message, or it is over one of the caps.
    """
    return Decoder(data, known, border).whole(Decoder.value)


class Decoder(ObjectReader):
    """One pass over one message."""

    def whole(self, read: Callable[[Decoder], Any]) -> Any:
        """All of the message, of which ``read`` takes the first part.

        Raises:
            CodecError: it is no message, or over one of the caps.
        """
        try:
            value = read(self)
            for unfilled in self.waiting:  # it grows meanwhile
                self.fill(unfilled)
        except (CodecError, MemoryError):
            raise
        except Exception as error:
            raise CodecError(f"a malformed message: {type(error).__name__}") from None
        if self.at != len(self.data):
            raise CodecError("a malformed message: bytes after its end")
        return value

    def value(self) -> Any:
        """The value at the current position."""
        tag = self.data[self.at]
        self.at += 1
        reader = _READERS.get(tag)
        if reader is None:
            raise CodecError(f"a malformed message: no type {tag:#x}")
        return reader(self)

    def block(self) -> list[Any] | tuple[Any, ...]:
        """Packed numbers."""
        collection, form = self.data[self.at : self.at + 1], self.data[self.at + 1 : self.at + 2]
        self.at += 2
        (count,) = self.number(COUNT)
        if (collection, form) not in _BLOCKS or count > MAX_MESSAGE // 8:
            raise CodecError("a malformed message: no such block of numbers")
        numbers = self.number(struct.Struct(f"<{count}{form.decode()}"))
        if self.known is not None and form == b"q":
            numbers = tuple(map(self.one_integer, numbers))
        return list(numbers) if collection == b"l" else numbers

    def pairs(self) -> dict[Any, Any]:
        """A dict from alternating keys and values."""
        members = self.members(step=2)
        return dict(zip(members[::2], members[1::2], strict=True))

    def integer(self) -> int:
        """A large integer."""
        content = self.content()
        if len(content) > MAX_INTEGER:
            raise CodecError(f"an integer of more than {MAX_INTEGER} bytes")
        return int.from_bytes(content, "little", signed=True)

    def integers(self, count: int) -> list[int]:
        """Values that must be integers."""
        numbers = [self.value() for _ in range(count)]
        if any(type(number) is not int for number in numbers):
            raise CodecError("a malformed message: not an integer")
        return numbers

    def range(self) -> range:
        """A range short enough to be walked."""
        start, stop, step = self.integers(3)
        numbers = range(start, stop, step)
        length = abs(stop - start) // abs(step)
        if length > MAX_ITEMS:
            raise CodecError(f"a range of more than {MAX_ITEMS} numbers")
        if length * max(start.bit_length(), stop.bit_length()) > 8 * MAX_MESSAGE:
            raise CodecError(f"a range whose numbers have more than {MAX_MESSAGE} bytes")
        return numbers

    def deque(self) -> deque[Any]:
        """A deque with its maximal length."""
        maxlen = self.value()
        return deque(self.a_list(self.value()), maxlen)

    def items_view(self) -> Any:
        """What ``dict.items`` returns, from pairs."""
        members = self.members(step=1)
        if any(type(pair) is not tuple for pair in members):
            raise CodecError("a malformed message: not pairs")
        return dict(members).items()

    def fraction(self) -> Any:
        """A Fraction."""
        from fractions import Fraction

        return Fraction(*self.integers(2))

    def decimal(self) -> Any:
        """A Decimal of moderate size."""
        from decimal import Decimal

        text = self.content().decode("ascii")
        if len(text) > 2 * MAX_EXPONENT:
            raise CodecError(f"a Decimal of more than {2 * MAX_EXPONENT} digits")
        number = Decimal(text)
        if number.is_finite() and not -MAX_EXPONENT < number.adjusted() < MAX_EXPONENT:
            raise CodecError(f"a Decimal with an exponent beyond {MAX_EXPONENT}")
        return number

    def array(self) -> Any:
        """An array of numbers."""
        from array import array

        typecode, content = self.value(), self.value()
        if type(typecode) is not str or typecode not in ARRAYS or type(content) is not bytes:
            raise CodecError("a malformed message: no array")
        made = array(typecode)
        made.frombytes(content)
        return made

    def moment(self) -> Any:
        """A date, time, date and time, or span."""
        import datetime

        kind, numbers, offset = self.value(), self.a_list(self.value()), self.value()
        if type(kind) is not str or len(numbers) != len(MOMENTS.get(kind, ())) or {int} != set(map(type, numbers)):
            raise CodecError("a malformed message: no date or time")
        moment = getattr(datetime, kind)(*numbers)
        if offset is None:
            return moment
        if type(offset) is not datetime.timedelta:
            raise CodecError("a malformed message: no offset of a time zone")
        return moment.replace(tzinfo=datetime.timezone(offset))

    def opaque(self) -> Opaque:
        """A value that could not cross."""
        truth, name = self.value(), self.value()
        if type(truth) is not bool or type(name) is not str:
            raise CodecError("a malformed message: no opaque value")
        return Opaque(name, truth)


_BLOCKS = {(collection, form) for collection in (b"l", b"t") for form in (b"q", b"d")}

Reader = Callable[[Decoder], Any]

_READERS: dict[int, Reader] = {
    ord("N"): lambda decoder: None,
    ord("1"): lambda decoder: True,
    ord("0"): lambda decoder: False,
    ord("i"): lambda decoder: decoder.one_integer(decoder.number(INT)[0]),
    ord("I"): Decoder.integer,
    ord("f"): lambda decoder: decoder.number(FLOAT)[0],
    ord("c"): lambda decoder: complex(*decoder.number(COMPLEX)),
    ord("s"): lambda decoder: decoder.one_text(decoder.content().decode("utf-8", "surrogatepass")),
    ord("b"): Decoder.content,
    ord("B"): lambda decoder: bytearray(decoder.content()),
    ord("v"): lambda decoder: memoryview(decoder.content()),
    ord("a"): Decoder.array,
    ord("l"): Decoder.members,
    ord("t"): lambda decoder: tuple(decoder.members()),
    ord("S"): lambda decoder: set(decoder.members(step=1)),
    ord("Z"): lambda decoder: frozenset(decoder.members(step=1)),
    ord("P"): Decoder.block,
    ord("m"): Decoder.pairs,
    ord("K"): lambda decoder: dict.fromkeys(decoder.members(step=1)).keys(),
    ord("V"): lambda decoder: dict(enumerate(decoder.members(step=1))).values(),
    ord("W"): Decoder.items_view,
    ord("q"): Decoder.deque,
    ord("r"): Decoder.range,
    ord("R"): Decoder.fraction,
    ord("D"): Decoder.decimal,
    ord("g"): lambda decoder: iter(decoder.members()),
    ord("T"): Decoder.moment,
    ord("o"): Decoder.opaque,
    ord("U"): lambda decoder: decoder.of_collections("Counter"),
    ord("O"): lambda decoder: decoder.of_collections("OrderedDict"),
    ord("F"): Decoder.defaultdict,
    ord("L"): lambda decoder: slice(decoder.value(), decoder.value(), decoder.value()),
    ord("p"): Decoder.of_text,
    ord("&"): Decoder.identified,
    ord("^"): Decoder.referred,
    ord("e"): Decoder.member,
    ord("n"): Decoder.named_tuple,
    ord("j"): Decoder.tuple_with_names,
    ord("C"): lambda decoder: decoder.record(inline=True),
    ord("@"): lambda decoder: decoder.record(inline=False),
    ord("E"): lambda decoder: decoder.edge().named(decoder.value(), decoder.value()),
    ord("h"): lambda decoder: decoder.edge().lent(decoder.number(COUNT)[0]),
    ord("H"): Decoder.borrowed,
}

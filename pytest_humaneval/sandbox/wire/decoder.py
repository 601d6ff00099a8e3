"""Bytes as a value: the receiving half of the codec, which trusts no byte of what it reads."""

from __future__ import annotations

import struct
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from .border import Border, Far
from .codec import (
    COMPLEX,
    COUNT,
    FLOAT,
    INT,
    MAX_DEPTH,
    MAX_EXPONENT,
    MAX_HASHED,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_MESSAGE,
    MAX_TYPE_NAME,
    MOMENTS,
    CodecError,
    Opaque,
)
from .records import MAX_FIELDS, changeable_base, fill, has_payload_first, is_enum, replace, shell, tuple_class


def decode(data: bytes, *, known: dict[int, int] | None = None, border: Border | None = None) -> Any:
    """The value that ``encode`` made the bytes of; they may come from anyone.

    ``known`` is for the child, which may trust the oracle: it lifts the cap on keys, and makes equal integers and words
    one object, as they are where the test is compiled together with the program (some programs compare with ``is``).

    Raises:
        CodecError: they are not a message, or it is over one of the caps.
    """
    return Decoder(data, known, border).whole(Decoder.value)


class Decoder:
    """One pass over one message."""

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

    def whole(self, read: Callable[[Decoder], Any]) -> Any:
        """All of the message, of which ``read`` takes the first part.

        Raises:
            CodecError: it is no message, or over one of the caps.
        """
        try:
            value = read(self)
            for one in self.waiting:  # it grows meanwhile
                self.fill(one)
        except (CodecError, MemoryError):
            raise
        except Exception as error:
            raise CodecError(f"a malformed message: {type(error).__name__}") from None
        if self.at != len(self.data):
            raise CodecError("a malformed message: bytes after its end")
        return value

    def changes(self, objects: list[Any]) -> Any:
        """Make our objects hold what the other side's hold by now; the result that follows."""
        self.objects = list(objects)
        for one in objects:
            if self.is_record(one):
                self.fill(one)
            else:
                base = changeable_base(one)
                assert base is not None
                replace(one, self.value(), base)
        return self.value()

    def value(self) -> Any:
        """The value at the current position."""
        tag = self.data[self.at]
        self.at += 1
        reader = _READERS.get(tag)
        if reader is None:
            raise CodecError(f"a malformed message: no type {tag:#x}")
        return reader(self)

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

    def a_list(self, value: Any) -> list[Any]:
        """A value that must be a list: other things may be much more than the bytes they came in."""
        if type(value) is not list:
            raise CodecError("a malformed message: not a list")
        return value

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

    def defaultdict(self) -> Any:
        """A dict that makes its missing values of a builtin type, or not at all."""
        from collections import defaultdict

        name, pairs = self.value(), self.a_dict()
        return defaultdict(self.edge().named("builtins", name) if name and self.border else None, pairs)

    def a_dict(self) -> dict[Any, Any]:
        """A value that must be a dict."""
        value = self.value()
        if type(value) is not dict:
            raise CodecError("a malformed message: not a dict")
        return value

    def of_collections(self, name: str) -> Any:
        """A dict of another kind."""
        import collections

        return getattr(collections, name)(self.a_dict())

    def of_text(self) -> Any:
        """What is as good as its text."""
        kind, text = self.value(), self.value()
        if kind not in ("PurePath", "UUID") or type(text) is not str:
            raise CodecError("a malformed message: nothing that is made of a text")
        if kind == "UUID":
            from uuid import UUID

            return UUID(text)
        from pathlib import Path

        return Path(text)

    def edge(self) -> Border:
        """The border, where names and numbers may cross."""
        if self.border is None:
            raise CodecError("a malformed message: a value of another kind")
        return self.border

    def identified(self) -> Any:
        """A container that may be referred to."""
        place = len(self.objects)
        self.objects.append(None)
        before = self.items
        self.objects[place] = value = self.value()
        self._sizes[place] = before - self.items
        if changeable_base(value) is None:
            raise CodecError("a malformed message: nothing that can be changed")
        return value

    def referred(self) -> Any:
        """An object that has come before."""
        place = self.number(COUNT)[0]
        if place >= len(self.objects) or self.objects[place] is None:
            raise CodecError("a malformed message: an object that has not come yet")
        self.items -= self._sizes.get(place, 1)  # whoever walks over the value meets it again
        self._hold_to_caps()
        return self.objects[place]

    def kind(self) -> type:
        """A class of the prompt's."""
        name = self.value()
        kind = self.edge().kinds.get(name) if type(name) is str else None
        if kind is None:
            raise CodecError("a malformed message: no class of the prompt's")
        return kind

    def member(self) -> Any:
        """A member of an enumeration."""
        kind, value = self.kind(), self.value()
        if not is_enum(kind):
            raise CodecError("a malformed message: no enumeration")
        return kind(value)

    def named_tuple(self) -> Any:
        """A tuple of a class of the prompt's."""
        kind, members = self.kind(), self.a_list(self.value())
        if not issubclass(kind, tuple) or len(members) != len(getattr(kind, "_fields", members)):
            raise CodecError("a malformed message: no such tuple")
        return tuple.__new__(kind, members)

    def tuple_with_names(self) -> Any:
        """A named tuple of a class that only the other side has."""
        name, fields, members = self.value(), self.a_list(self.value()), self.a_list(self.value())
        if type(name) is not str or {str} != {*map(type, fields)} or len(fields) > MAX_FIELDS:
            raise CodecError("a malformed message: no named tuple")
        return tuple_class(name[:MAX_TYPE_NAME], tuple(fields))(*members)

    def record(self, *, inline: bool) -> Any:
        """An object of a class of the prompt's, whose contents follow at once or at the end."""
        kind, place = self.kind(), len(self.objects)
        self.objects.append(None)
        first = has_payload_first(kind)
        if is_enum(kind) or issubclass(kind, tuple) or (first and not inline):
            raise CodecError("a malformed message: a value of another kind")
        payload = self.value() if first else None
        self.objects[place] = own = shell(kind, payload)
        self.items -= 1
        self.depth += 1
        self._hold_to_caps()
        if not inline:
            self.waiting.append(own)
        elif first:
            fill(own, payload, self.a_list(self.value()))
        else:
            self.fill(own)
        self.depth -= 1
        return own

    def fill(self, own: Any) -> None:
        """Read what an object holds."""
        payload = self.value()
        fill(own, payload, self.a_list(self.value()))

    def is_record(self, value: Any) -> bool:
        """Whether it is an object of a class of the prompt's."""
        return self.border is not None and type(value) in self.border.names

    def borrowed(self) -> Any:
        """A stand-in for what stays on the other side."""
        number, name, kin, abilities = self.number(COUNT)[0], self.value(), self.value(), self.value()
        if type(name) is not str or type(kin) is not str or type(abilities) is not int or abilities < 0:
            raise CodecError("a malformed message: no object that is lent")
        return self.edge().borrowed(Far(number, name, kin), abilities)

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

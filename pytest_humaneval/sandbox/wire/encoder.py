"""A value as bytes: the sending half of the codec."""

from __future__ import annotations

import builtins
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from .border import Border
from .codec import (
    COMPLEX,
    COUNT,
    FLOAT,
    INT,
    MAX_INTEGER,
    MAX_MESSAGE,
    MAX_TYPE_NAME,
    MOMENTS,
    PACKED_FROM,
    CodecError,
    Opaque,
    OpaqueError,
)
from .object_writer import ObjectWriter

_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1  # of what fits into eight bytes


def encode(value: Any, *, strict: bool = False, border: Border | None = None) -> bytes:
    """The value as bytes.

    Subclasses of builtins cross as their base, an iterator as the items it yields, and what cannot cross as an opaque
    value; with ``strict`` that is an error too. With a ``border``, objects of the prompt's classes cross as such, and
    what else cannot cross by value is lent.

    Raises:
        CodecError: it is nested too deeply, too large or, with ``strict``, of a type that cannot cross.
    """
    encoder = Encoder(strict, border)
    encoder.value(value)
    return encoder.finished() if encoder.waiting else bytes(encoder.out)


class Encoder(ObjectWriter):
    """One message in the making."""

    @classmethod
    def of(cls, value: Any, strict: bool = False, border: Border | None = None) -> bytes:
        """A message of one value."""
        encoder = cls(strict, border)
        encoder.value(value)
        return encoder.finished()

    def value(self, value: Any) -> None:
        """Append any value."""
        writer = _WRITERS.get(type(value)) or self._writer_of_odd(type(value))
        writer(self, value)

    def _writer_of_odd(self, kind: type) -> Writer:
        if self.border is not None:
            if kind in self.border.names:
                return Encoder.record
            if self.border.kin(kind):
                return Encoder.opaque  # of a class that only one side knows
            if issubclass(kind, tuple) and hasattr(kind, "_fields"):
                return Encoder.tuple_with_names
        return _writer_of_subclass(kind, lazy=self.border is not None and self.border.lazy)

    def as_itself(self, value: Any) -> None:
        """Append a value, whether or not it is referred to elsewhere."""
        Encoder.value(self, value)

    def as_base(self, base: type, value: Any) -> None:
        """What an object is that derives from a builtin; nothing for others."""
        _WRITERS.get(base, _NOTHING)(self, value)

    def bool(self, value: bool) -> None:
        """True or False."""
        self.out += b"1" if value else b"0"

    def int(self, value: int) -> None:
        """An integer of any size up to the cap; an enum or another subclass as the number inside."""
        value = int.__add__(value, 0)
        size = value.bit_length()
        if size < 64:
            self.out += b"i" + INT.pack(value)
            return
        length = size // 8 + 1
        if length > MAX_INTEGER:
            raise CodecError(f"an integer of more than {MAX_INTEGER} bytes", by_size=True)
        self.out += b"I" + COUNT.pack(length) + value.to_bytes(length, "little", signed=True)

    def float(self, value: float) -> None:
        """A float, to the bit."""
        self.out += b"f" + FLOAT.pack(value)

    def complex(self, value: complex) -> None:
        """A complex number."""
        self.out += b"c" + COMPLEX.pack(value.real, value.imag)

    def sequence(self, tag: bytes, items: tuple[Any, ...]) -> None:
        """The items of a list or tuple; many numbers of one type as one block."""
        kinds = set(map(type, items)) if len(items) >= PACKED_FROM else None
        if kinds == {int} and all(map(_LEAST.__le__, items)) and all(map(_GREATEST.__ge__, items)):
            self.block(tag + b"q", items)
        elif kinds == {float}:
            self.block(tag + b"d", items)
        else:
            self.items(tag, items)

    def block(self, tags: bytes, numbers: tuple[Any, ...]) -> None:
        """Packed numbers: the tag of their collection, their format, their count and eight bytes each."""
        if len(self.out) + 8 * len(numbers) > MAX_MESSAGE:
            raise CodecError(f"a value of more than {MAX_MESSAGE} bytes", by_size=True)
        self.out += b"P" + tags + COUNT.pack(len(numbers))
        self.out += struct.pack(f"<{len(numbers)}{tags[-1:].decode()}", *numbers)

    def dict(self, value: dict[Any, Any]) -> None:
        """Alternating keys and values."""
        self.items(b"m", (part for item in dict.items(value) for part in item))

    def defaultdict(self, value: Any) -> None:
        """What makes its missing values, where that is a type, and the pairs."""
        self.out += b"F"
        factory = value.default_factory
        self.str(factory.__name__ if factory in _WRITERS else "")
        self.dict(value)

    def pairs(self, tag: bytes, value: Any) -> None:
        """A dict of another kind."""
        self.out += tag
        self.dict(value)

    def slice(self, value: slice) -> None:
        """Start, stop and step."""
        self.out += b"L"
        for part in (value.start, value.stop, value.step):
            self.value(part)

    def text_of(self, value: Any) -> None:
        """What is as good as its text."""
        kind = next(base for base in type(value).__mro__ if (base.__module__, base.__name__) in _NAMED)
        self.out += b"p"
        self.str(kind.__name__)
        self.str(str(value))

    def memoryview(self, value: memoryview) -> None:
        """A view's bytes, unless it shows them as something else."""
        if value.format != "B" or value.ndim != 1:
            self.opaque(value)
        else:
            self.content(b"v", value.tobytes())

    def array(self, value: Any) -> None:
        """Type and bytes."""
        self.out += b"a"
        self.str(value.typecode)
        self.content(b"b", value.tobytes())

    def deque(self, value: deque[Any]) -> None:
        """Maximal length and items."""
        self.out += b"q"
        self.value(value.maxlen)
        self.items(b"l", deque.__iter__(value))

    def range(self, value: range) -> None:
        """Start, stop and step."""
        self.out += b"r"
        for number in (value.start, value.stop, value.step):
            self.int(number)

    def fraction(self, value: Any) -> None:
        """Numerator and denominator."""
        self.out += b"R"
        self.int(value.numerator)
        self.int(value.denominator)

    def moment(self, value: Any) -> None:
        """A date, time, date and time, or span: its kind and numbers; a time zone as its offset."""
        kind = next(base.__name__ for base in type(value).__mro__ if base.__module__ == "datetime")
        offset = value.utcoffset() if kind in ("datetime", "time") else None
        self.out += b"T"
        self.str(kind)
        self.value([getattr(value, name) for name in MOMENTS[kind]])
        self.value(offset)

    def opaque(self, value: Any) -> None:
        """A value that cannot cross: a number under which it can be asked, or its truth value and its type's name."""
        name = str(type(value).__name__)[:MAX_TYPE_NAME]
        if self.border is not None and self._crosses_border(self.border, value, name):
            return
        if self.strict and isinstance(value, Opaque):
            raise OpaqueError(f"a value of type {value.type_name}")
        if self.strict:
            raise CodecError(f"a value of type {name}")
        self.out += b"o"
        self.bool(bool(value))
        self.str(name)

    def _crosses_border(self, border: Border, value: Any, type_name: str) -> builtins.bool:
        if (far := border.far(value)) is not None:
            self.out += b"h" + COUNT.pack(far.number)  # the receiver's own
        elif (named := border.name_of(value)) is not None:
            self.out += b"E"
            self.str(named[0])
            self.str(named[1])
        elif border.is_lendable(value):
            self.out += b"H" + COUNT.pack(border.lend(value))
            self.str(type_name)
            self.str(border.kin(type(value)))
            self.int(border.abilities(value))
        else:
            return False
        return True


Writer = Callable[[Encoder, Any], None]


def _collection(tag: bytes, items_of: Callable[[Any], Iterable[Any]]) -> Writer:
    """A writer of ``items_of(value)``, which must not run a subclass's own ``__iter__``."""
    return lambda encoder, value: encoder.items(tag, items_of(value))


def _content(tag: bytes) -> Writer:
    return lambda encoder, value: encoder.content(tag, value)


_WRITERS: dict[type, Writer] = {
    type(None): lambda encoder, value: encoder.out.extend(b"N"),
    bool: Encoder.bool,
    int: Encoder.int,
    float: Encoder.float,
    complex: Encoder.complex,
    str: Encoder.str,
    bytes: _content(b"b"),
    bytearray: _content(b"B"),
    memoryview: Encoder.memoryview,
    list: lambda encoder, value: encoder.sequence(b"l", tuple(list.__iter__(value))),
    tuple: lambda encoder, value: encoder.sequence(b"t", tuple(tuple.__iter__(value))),
    set: _collection(b"S", set.__iter__),
    frozenset: _collection(b"Z", frozenset.__iter__),
    dict: Encoder.dict,
    deque: Encoder.deque,
    range: Encoder.range,
    slice: Encoder.slice,
    type({}.keys()): _collection(b"K", iter),
    type({}.values()): _collection(b"V", iter),
    type({}.items()): _collection(b"W", iter),
}
_NOTHING = _WRITERS[type(None)]
_ITERATOR = _collection(b"g", iter)

# What is made of its text.
_TEXTUAL = (("pathlib", "PurePath"), ("uuid", "UUID"))

# Recognised by name, so that the codec need not import their modules: numbers, and what is as good as a builtin.
_NAMED: dict[tuple[str, str], Writer] = {
    ("fractions", "Fraction"): Encoder.fraction,
    ("decimal", "Decimal"): lambda encoder, value: encoder.content(b"D", str(value).encode()),
    **{("datetime", kind): Encoder.moment for kind in MOMENTS},
    **dict.fromkeys(_TEXTUAL, Encoder.text_of),
    ("array", "array"): Encoder.array,
    ("collections", "Counter"): lambda encoder, value: encoder.pairs(b"U", value),
    ("collections", "OrderedDict"): lambda encoder, value: encoder.pairs(b"O", value),
    ("collections", "defaultdict"): Encoder.defaultdict,
    ("collections", "UserList"): lambda encoder, value: encoder.value(value.data),
    ("collections", "UserDict"): lambda encoder, value: encoder.value(value.data),
    ("collections", "UserString"): lambda encoder, value: encoder.value(value.data),
    ("collections", "ChainMap"): lambda encoder, value: encoder.dict(dict(value)),
    ("builtins", "mappingproxy"): lambda encoder, value: encoder.dict(dict(value)),
}


def _writer_of_subclass(kind: type, *, lazy: bool) -> Writer:
    for base in kind.__mro__:
        # A class made without a module name has no __module__ at all.
        writer = _WRITERS.get(base) or _NAMED.get((getattr(base, "__module__", ""), base.__name__))
        if writer is not None:
            return writer
    is_iterator = hasattr(kind, "__next__") and hasattr(kind, "__iter__") and not hasattr(kind, "__await__")
    return _ITERATOR if is_iterator and not lazy else Encoder.opaque

"""The part of the encoder that writes objects of the prompt's classes, and remembers which object is which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .border import Border
from .codec import COUNT, MAX_DEPTH, MAX_ITEMS, MAX_MESSAGE, CodecError
from .records import base_of, has_payload_first, is_enum, is_hashed, state_of


class ObjectWriter:
    """One message in the making, and what objects are written with."""

    def __init__(self, strict: bool, border: Border | None = None) -> None:
        self.out = bytearray()
        self.strict = strict
        self.border = border
        self.depth = 0
        self.items_left = MAX_ITEMS
        self.objects: list[Any] = []  # that have identity, in the order in which the receiver meets them
        self.known: dict[int, int] = {}  # their places, by id
        self.waiting: list[Any] = []  # objects whose contents follow: a chain of them may be long

    def value(self, value: Any) -> None:
        """Append any value."""
        raise NotImplementedError

    def as_base(self, base: type, value: Any) -> None:
        """Append what an object is that derives from a builtin."""
        raise NotImplementedError

    def as_itself(self, value: Any) -> None:
        """Append a container that is referred to elsewhere."""
        raise NotImplementedError

    def finished(self) -> bytes:
        """The message, with the contents of all objects in it."""
        for value in self.waiting:  # it grows meanwhile
            self.content_of(value)
        return bytes(self.out)

    def str(self, value: str) -> None:
        """Text, lone surrogates included."""
        self.content(b"s", str.encode(value, "utf-8", "surrogatepass"))

    def content(self, tag: bytes, content: bytes | bytearray) -> None:
        """A length and bytes."""
        if len(self.out) + len(content) + 5 > MAX_MESSAGE:
            raise CodecError(f"a value of more than {MAX_MESSAGE} bytes", by_size=True)
        self.out += tag
        self.out += COUNT.pack(len(content))
        self.out += content

    def items(self, tag: bytes, items: Iterable[Any]) -> None:
        """A count and values. The count is filled in last: the items may come from an iterator."""
        out, write = self.out, self.value
        count, at = 0, len(out) + 1
        out += tag + b"\0\0\0\0"
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CodecError(f"a value nested deeper than {MAX_DEPTH}", by_size=True)
        for item in items:
            write(item)
            count += 1
            if len(out) > MAX_MESSAGE or count > self.items_left:
                raise CodecError(f"a value of more than {MAX_ITEMS} items or {MAX_MESSAGE} bytes", by_size=True)
        self.depth -= 1
        self.items_left -= count
        COUNT.pack_into(out, at, count)

    def reference(self, value: Any) -> bool:
        """Refer to an object that is in the message already; whether it is."""
        place = self.known.get(id(value))
        if place is None:
            self.known[id(value)] = len(self.objects)
            self.objects.append(value)
            return False
        self.out += b"^" + COUNT.pack(place)
        return True

    def record(self, value: Any) -> None:
        """An object of a class of the prompt's: the name of its class, what it derives from, its attributes."""
        assert self.border is not None
        kind = type(value)
        name = self.border.names[kind]
        if is_enum(kind):
            self.out += b"e"
            self.str(name)
            return self.value(object.__getattribute__(value, "_value_"))
        if issubclass(kind, tuple):
            self.out += b"n"
            self.str(name)
            return self.items(b"l", tuple.__iter__(value))
        if self.reference(value):
            return None
        inline = is_hashed(kind) or has_payload_first(kind)
        self.out += b"C" if inline else b"@"
        self.str(name)
        return self.content_of(value) if inline else self.waiting.append(value)

    def tuple_with_names(self, value: tuple[Any, ...]) -> None:
        """A named tuple of a class that only one side has."""
        self.out += b"j"
        self.str(type(value).__name__)
        self.value([str(name) for name in type(value)._fields])  # type: ignore[attr-defined]
        self.items(b"l", tuple.__iter__(value))

    def content_of(self, value: Any) -> None:
        """What an object with identity holds at the moment."""
        if self.border is not None and type(value) in self.border.names:
            base = base_of(type(value))
            if base is BaseException:
                self.value(list(value.args))
            else:
                self.as_base(base, value)
            return self.items(b"l", state_of(value))
        return self.as_itself(value)

"""The part of the decoder that reads objects: of the prompt's classes, of collections, and stand-ins for those lent."""

from __future__ import annotations

from typing import Any

from .border import Border, Far
from .codec import COUNT, MAX_TYPE_NAME, CodecError
from .message_reader import MessageReader
from .records import MAX_FIELDS, changeable_base, fill, has_payload_first, is_enum, replace, shell, tuple_class


class ObjectReader(MessageReader):
    """Makes objects of nothing but names and values: no method of theirs runs."""

    def changes(self, objects: list[Any]) -> Any:
        """Make our objects hold what the other side's hold by now; the result that follows."""
        self.objects = list(objects)
        for value in objects:
            if self.is_record(value):
                self.fill(value)
            else:
                base = changeable_base(value)
                assert base is not None
                replace(value, self.value(), base)
        return self.value()

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

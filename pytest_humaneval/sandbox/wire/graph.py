"""Messages in which containers keep who they are, so that they can be changed in place on the other side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .encoder import Encoder
from .records import changeable_base


class GraphEncoder(Encoder):
    """Keeps who is who among the containers too, so that they can be changed in place on the other side."""

    def value(self, value: Any) -> None:
        """Append any value, or a reference to one that is there already."""
        if changeable_base(value) and not (self.border is not None and type(value) in self.border.names):
            if self.reference(value):
                return
            self.out += b"&"
        Encoder.value(self, value)

    def result(self, result: Any, objects: Sequence[Any], *, changed: bool) -> bytes:
        """A result that may refer to objects that the other side has, after what they hold by now if they changed."""
        for value in objects:
            self.known[id(value)] = len(self.objects)
            self.objects.append(value)
        for value in objects if changed else ():
            self.content_of(value)
        self.value(result)
        return self.finished()

"""The oracle's side of the border: what the child may have of a test, and stand-ins for what it keeps."""

from __future__ import annotations

from types import BuiltinFunctionType, ModuleType
from typing import Any

from ..wire.border import Border, Far, standard
from ..wire.codec import CodecError, OpaqueError
from .remote import Asker, Remote, far_of, is_remote, remote_type

# Of the types of what may be called. Those that the test defines are "builtins", as are functions: it has no name.
_MODULES = ("builtins", "functools", "operator", "unittest.mock")


class OracleBorder(Border):
    """Lends functions of the test, which the child may call and nothing else."""

    def __init__(self, kinds: dict[str, type], asker: Asker) -> None:
        super().__init__(kinds)
        self._asker = asker
        self._borrowed: dict[int, Remote] = {}

    def is_lendable(self, value: Any) -> bool:
        """Functions that the test defines, its mocks, and methods of its values."""
        kind = type(value)
        if issubclass(kind, BuiltinFunctionType):
            return not isinstance(value.__self__, (type, ModuleType, type(None)))
        return callable(value) and not issubclass(kind, type) and kind.__module__ in _MODULES

    def far(self, value: Any) -> Far | None:
        """Where the child has it."""
        return far_of(value) if is_remote(value) else None

    def name_of(self, value: Any) -> tuple[str, str] | None:
        """Whatever Python has: the child may have it from its own."""
        if isinstance(value, type) and issubclass(value, Remote):
            raise OpaqueError("a type")
        return super().name_of(value) or standard(value)

    def num_borrowed(self) -> int:
        """How many objects of the child's there are stand-ins for."""
        return len(self._borrowed)

    def borrowed(self, far: Far, abilities: int) -> Remote:
        """A stand-in; always the same one for the same object."""
        known = self._borrowed.get(far.number)
        if known is None:
            if far.kin and far.kin not in self.kinds:
                raise CodecError("a malformed message: no class of the prompt's")
            known = self._borrowed[far.number] = remote_type(far.type_name, abilities)(far, self._asker)
        return known

"""Finished generations, kept on disk: an interrupted run resumes, and a repeated run needs no model."""

from __future__ import annotations

from dataclasses import asdict
from types import NoneType
from typing import Any, ClassVar

from pytest_humaneval.sample import Generation
from pytest_humaneval.store.row_store import Kind, Rows

GENERATIONS = Kind(0x48456761, 1, "generations", "generation", "are made again")  # "HEga"
SCHEMA_VERSION = GENERATIONS.version

_FIELDS: dict[str, Any] = {
    "text": str,
    "finish_reason": str,
    "prompt_tokens": int,
    "completion_tokens": int,
    "seconds": (float, int),
    "logprob": (float, int, NoneType),
    "is_completion": bool,
    "reasoning": str,
    "score": (float, int, NoneType),
    "scored_tokens": int,
}  # of a stored generation
SCORE = ("score", "scored_tokens")  # of a text that was given, which most have none of


class Store(Rows[Generation]):
    """Generations by request key. Rows are never deleted."""

    KIND: ClassVar[Kind] = GENERATIONS

    def encode(self, value: Generation) -> dict[str, Any]:
        """As older releases read it, too: they do not know ``reasoning`` nor a score, which few have."""
        absent = (*(() if value.reasoning else ("reasoning",)), *(() if value.score is not None else SCORE))
        return {name: field for name, field in asdict(value).items() if name not in absent}

    def decode(self, fields: Any) -> Generation | None:
        """A generation, if it is one."""
        known = type(fields) is dict and "text" in fields
        if known and all(name in _FIELDS and isinstance(value, _FIELDS[name]) for name, value in fields.items()):
            return Generation(**fields)
        return None

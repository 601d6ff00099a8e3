"""Values as source code that names nothing: a test whose arguments are no names need not be watched for changes."""

from __future__ import annotations

import math

LONG = 10**4000  # Python writes and reads no longer numbers in decimal digits


def source_of(value: object) -> str:
    """A Python expression of ``value``, which is made of plain builtins. Runs in the sandbox's tests, too.

    Raises:
        TypeError: it is, or holds, something else.
    """
    kind = type(value)
    if value is None or kind in (bool, str, bytes):
        return ascii(value)
    if kind is int:
        return hex(value) if abs(value) > LONG else repr(value)  # type: ignore[arg-type]
    if kind is float:
        if math.isnan(value):  # type: ignore[arg-type]
            return "(1e999 - 1e999)"
        return repr(value).replace("inf", "1e999")
    if kind is complex:
        return f"({source_of(value.real)} + {source_of(value.imag)} * 1j)"  # type: ignore[attr-defined]
    if kind is dict:
        pairs = [f"{source_of(key)}: {source_of(element)}" for key, element in value.items()]  # type: ignore[attr-defined]
        return "{" + ", ".join(pairs) + "}"
    if kind in (list, tuple, set):
        parts = ", ".join(map(source_of, value))  # type: ignore[call-overload]
        if kind is set:
            return "{" + (parts or "*()") + "}"
        return f"[{parts}]" if kind is list else f"({parts}{',' if len(value) == 1 else ''})"  # type: ignore[arg-type]
    raise TypeError(f"{kind.__name__} has no literal")

"""What may be asked of an object that stays on the other side: Python's special methods, as operations on it."""

from __future__ import annotations

import copy
import math
import operator
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_BINARY = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")},
    **{name: getattr(operator, f"{name}_") for name in ("and", "or")},
    **{name: getattr(operator, name) for name in ("xor", "lshift", "rshift")},
    "divmod": divmod,
}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _reflected(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda own, other: operation(other, own)


def _enter(manager: Any) -> Any:
    return type(manager).__enter__(manager)


def _exit(manager: Any, kind: Any, message: str) -> Any:
    return type(manager).__exit__(manager, kind, kind(message) if kind else None, None)


def _aexit(manager: Any, kind: Any, message: str) -> Any:
    return type(manager).__aexit__(manager, kind, kind(message) if kind else None, None)


def _await(awaitable: Any) -> Any:
    """Run it to its end, in the one event loop of this process."""
    import asyncio

    async def awaited() -> Any:
        return await awaitable

    if not _LOOP:
        _LOOP.append(asyncio.new_event_loop())
    return _LOOP[0].run_until_complete(awaited())


_LOOP: list[Any] = []


# Their order is part of what both sides agree on: an object's abilities travel as one bit each.
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{f"__{name}__": operation for name, operation in _BINARY.items()},
    **{f"__r{name}__": _reflected(operation) for name, operation in _BINARY.items()},
    **{f"__i{name}__": getattr(operator, f"i{name}") for name in _BINARY if name != "divmod"},
    **{f"__{name}__": getattr(operator, name) for name in _COMPARISONS},
    **{f"__{name}__": getattr(operator, name) for name in ("getitem", "setitem", "delitem", "contains")},
    **{f"__{name}__": getattr(operator, name) for name in ("neg", "pos", "abs", "invert", "index")},
    **{f"__{kind.__name__}__": kind for kind in (int, float, complex, bool, str, bytes)},
    **{f"__{name}__": getattr(math, name) for name in ("trunc", "floor", "ceil")},
    **{f"__{each.__name__}__": each for each in (len, iter, next, hash, repr, format, round, reversed)},
    "__fspath__": os.fspath,
    "__enter__": _enter,
    "__exit__": _exit,
    "__call__": operator.call if hasattr(operator, "call") else lambda own, *args, **named: own(*args, **named),
    "__await__": _await,
    "__aiter__": lambda own: own.__aiter__(),
    "__anext__": lambda own: own.__anext__(),
    "__aenter__": lambda own: type(own).__aenter__(own),
    "__aexit__": _aexit,
}
# Asked without a bit: every object has them.
ALWAYS: dict[str, Callable[..., Any]] = {
    "__copy__": copy.copy,
    "__deepcopy__": lambda own, _: copy.deepcopy(own),
    "await": _await,
    "__instancecheck__": lambda own, value: isinstance(value, own),
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
}
NAMES = tuple(OPERATIONS)
ARITHMETIC = frozenset(f"__{letter}{name}__" for letter in ("", "r", "i") for name in _BINARY)
# What lets an object say that it is right: compared, or taken together with another value, it learns what is expected.
JUDGING = ARITHMETIC | {f"__{name}__" for name in _COMPARISONS}
UNHASHABLE = 1 << len(NAMES)


@lru_cache(maxsize=1024)
def abilities_of(kind: type) -> int:
    """One bit for every special method that a type has beyond those of object, and one for a missing hash."""
    bits = 0 if getattr(kind, "__hash__", None) is not None else UNHASHABLE
    for position, name in enumerate(NAMES):
        method = getattr(kind, name, None)
        if method is not None and method is not getattr(object, name, None):
            bits |= 1 << position
    return bits


def named_abilities(bits: int) -> list[str]:
    """The special methods that bits stand for."""
    return [name for position, name in enumerate(NAMES) if bits >> position & 1]

"""Exceptions of the child's, as the test gets them: one of the same type where that is known here, or the nearest."""

from __future__ import annotations

import builtins
import sys
from typing import Any

MAX_TEXT = 2_000  # characters of each part of a description: the child's own cuts are not to be relied on
MAX_LINE = 1 << 31  # no program has so many lines

# Of an exception: name, names of its bases, message, line, source of the line; then, where they can cross, its
# arguments, its attributes, and the number of the test's own exception that it is; then, where it was raised from
# another, the names of that one's bases and its message.
Description = tuple[Any, ...]
_FORM, _MORE, _CAUSE = (str, list, str, int, str), (tuple, dict, int), (list, str)
# Never MemoryError, which would be ours, nor StopIteration, which ends a loop of the test instead of failing it.
_ODD = (StopIteration, StopAsyncIteration, MemoryError, BaseExceptionGroup)


class CandidateError(Exception):
    """Stands for an exception of a type that only the completion knows."""


def is_description(value: Any) -> bool:
    """Whether it is what the child says of an exception."""
    if not isinstance(value, tuple) or tuple(map(type, value)) not in (_FORM, _FORM + _MORE, _FORM + _MORE + _CAUSE):
        return False
    names = [*value[1], *(value[8] if len(value) > len(_FORM + _MORE) else ())]
    return abs(value[3]) < MAX_LINE and all(type(name) is str for name in names)


def exception_of(described: Description, own: dict[str, type[Exception]]) -> Exception | None:
    """What to raise; None for what is no Exception (SystemExit and the like).

    ``own`` are the exceptions that the prompt defines, by name. A name is the child's claim; but it could have raised
    it as well.
    """
    made = _of_names(described, own)
    if made is not None and len(described) > len(_FORM + _MORE):
        names, message = described[8:]
        made.__cause__ = _of_names(("", names, message, 0, ""), own)
    return made


def _of_names(described: Description, own: dict[str, type[Exception]]) -> Exception | None:
    names = described[1]
    arguments, state = described[5:7] if len(described) > len(_FORM) else ((described[2][:MAX_TEXT],), {})
    for position, name in enumerate(names):
        if name in own and not issubclass(own[name], _ODD):
            return _made_without_init(own[name], arguments, state)
        if (kind := _known(name)) is not None:
            return _raised(kind, position, described, arguments, state)
    return None


def _known(name: str) -> type[BaseException] | None:
    """The exception of a name: Python's, or one of a module of Python's that the test has imported."""
    module, _, last = name.rpartition(".")
    candidate: Any = getattr(builtins, name, None)
    if module and module.partition(".")[0] in sys.stdlib_module_names:
        candidate = getattr(sys.modules.get(module), last, None)
    return candidate if isinstance(candidate, type) and issubclass(candidate, BaseException) else None


def _raised(
    kind: type[BaseException], position: int, described: Description, arguments: tuple[Any, ...], state: dict[str, Any]
) -> Exception | None:
    if not issubclass(kind, Exception):
        return None
    if issubclass(kind, _ODD) or (kind is Exception and position > 0):
        return CandidateError(described[2][:MAX_TEXT])
    if getattr(builtins, kind.__name__, None) is not kind:
        return _made_without_init(kind, arguments, state)
    try:
        raised: Exception = kind(*arguments)
        return raised
    except Exception:
        return CandidateError(described[2][:MAX_TEXT])


def _made_without_init(kind: type[Exception], arguments: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    """The prompt's ``__init__`` may ask for more than what is known of its arguments."""
    made: Exception = Exception.__new__(kind) if kind.__new__ is Exception.__new__ else kind.__new__(kind, *arguments)
    made.args = arguments
    made.__dict__.update({name: value for name, value in state.items() if type(name) is str})
    return made

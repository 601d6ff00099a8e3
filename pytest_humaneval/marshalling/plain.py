"""Dataclasses as plain builtins and back: for JSON, for sockets, for other processes.

A type's fields are all there is to know: nothing is written by hand for one of them. What comes back is checked, with
one message for a field that is missing, unknown, or of another type than it should be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pytest_humaneval.exceptions import HumanEvalError, InputError
from pytest_humaneval.text.wording import known_ones

T = TypeVar("T")
Decode = Callable[[Any], Any]

WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}
_ATOMS = frozenset({str, int, float, bool, NoneType})
SEVERAL = {str: "a list of strings", int: "a list of whole numbers", float: "a list of numbers"}


def to_plain(value: Any) -> Any:
    """``value`` in builtins that JSON has; tuples become lists."""
    kind: Any = type(value)
    if kind is str or kind in _ATOMS:
        return value
    if (names := _names(kind)) is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    return value


def from_plain(kind: type[T], plain: object, where: str, error: type[HumanEvalError] = InputError) -> T:
    """The inverse of :func:`to_plain`, also after a trip through JSON; ``where`` it was read stands in messages.

    Raises:
        InputError: a field is missing, unknown, or of another type; names it. ``error``, where it is given.
    """
    hint: Any = kind
    try:
        made: T = _decoder(hint)(plain)
    except _WrongError as wrong:
        raise error(f"{where}: {wrong}") from None
    return made


def known_fields(kind: type[Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """``plain`` without what ``kind`` has no field for: another release, or another program, may say more."""
    return {field.name: plain[field.name] for field in fields(kind) if field.name in plain}


class _WrongError(Exception):
    """What is wrong with a value; ``path`` leads to it from outside in, ``what`` follows it."""

    def __init__(self, what: str, *path: str) -> None:
        self.what, self.path = what, path
        super().__init__(f"{'.'.join(path)} {what}".strip())

    def below(self, name: str) -> _WrongError:
        return _WrongError(self.what, name, *self.path)


# What is known of a type is worked out once: thousands of requests are written and read in a run.
@cache
def _names(kind: type[Any]) -> tuple[str, ...] | None:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


@cache
def _decoder(hint: Any) -> Decode:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if is_dataclass(hint):
        return _of_dataclass(hint)
    if origin in (Union, UnionType):
        return _of_union([_decoder(each) for each in sorted(arguments, key=lambda each: each is not NoneType)])
    if origin is Literal:
        return _of_literal(arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return _of_fixed_tuple([_decoder(each) for each in arguments])
    if origin in (tuple, list, Sequence):
        return _of_items(list if origin is list else tuple, arguments[0])
    if origin in (dict, Mapping):
        return _of_mapping(_decoder(arguments[1]))
    return _of_builtin(hint)


@cache
def _decoders(kind: type[Any]) -> dict[str, Decode]:
    hints = get_type_hints(kind)
    return {field.name: _decoder(hints[field.name]) for field in fields(kind)}


def _of_dataclass(kind: Any) -> Decode:
    needed = [field.name for field in fields(kind) if _is_needed(field)]

    def decode(value: Any) -> Any:
        decoders = _decoders(kind)  # not before: a field may be of the same kind
        if not isinstance(value, dict):
            raise _wrong(dict, value)
        if unknown := value.keys() - decoders.keys():
            name = min(map(str, unknown))
            raise _WrongError(f"unknown field {name!r}; {known_ones(name, decoders)}")
        for name in needed:
            if name not in value:
                raise _WrongError(f"field {name!r} is missing; expected {', '.join(decoders)}")
        return kind(**_each(value.items(), decoders))

    return decode


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _of_union(decoders: Sequence[Decode]) -> Decode:
    def decode(value: Any) -> Any:
        for decoder in decoders[:-1]:
            try:
                return decoder(value)
            except _WrongError:
                continue
        return decoders[-1](value)

    return decode


def _of_literal(values: tuple[Any, ...]) -> Decode:
    def decode(value: Any) -> Any:
        if value not in values:
            raise _WrongError(f"must be one of {', '.join(map(str, values))}, not {_shown(value)}")
        return value

    return decode


def _of_fixed_tuple(decoders: Sequence[Decode]) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(decoders):
            raise _WrongError(f"must be a list of {len(decoders)}, not {_shown(value)}")
        return tuple(_each(enumerate(value), decoders).values())

    return decode


def _of_items(kind: Callable[[Any], Any], of: Any) -> Decode:
    decoder = _decoder(of)

    def decode(value: Any) -> Any:
        if isinstance(value, list | tuple):
            if of not in SEVERAL:
                return kind(_each(enumerate(value), [decoder] * len(value)).values())
            with suppress(_WrongError):
                return kind(map(decoder, value))
        raise _WrongError(f"must be {SEVERAL.get(of, WORDS[list])}, not {_shown(value)}")

    return decode


def _of_mapping(decoder: Decode) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong(dict, value)
        return _each(value.items(), dict.fromkeys(value, decoder))

    return decode


def _of_builtin(kind: type[Any]) -> Decode:
    assert kind in WORDS, f"{kind} has no plain form"

    def decode(value: Any) -> Any:
        # A whole number is a number, and stays what it is: a float-valued table may hold it for a field of int.
        if type(value) is kind or (kind is float and type(value) is int):
            return value
        raise _wrong(kind, value)

    return decode


def _each(values: Iterable[tuple[Any, Any]], decoders: Any) -> dict[Any, Any]:
    """Each value by its place, by the decoder that ``decoders`` has for the place."""
    made: dict[Any, Any] = {}
    place = None
    try:
        for place, value in values:
            made[place] = decoders[place](value)
    except _WrongError as wrong:
        raise wrong.below(str(place)) from None
    return made


def _wrong(kind: Any, value: Any) -> _WrongError:
    return _WrongError(f"must be {WORDS[kind]}, not {_shown(value)}")


def _shown(value: Any) -> str:
    return json.dumps(value, default=repr)[:100]

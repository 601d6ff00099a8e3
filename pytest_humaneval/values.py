"""How the text of an option becomes its value, with errors that say what would be one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.shard import Shard

MOST_SHARDS = 100_000


def number(kind: Callable[[str], Any], low: float, high: float, text: str = "") -> Callable[[str], Any]:
    """A parser of numbers from ``low`` to ``high``; ``text`` says in an error what they are.

    As every parser here it raises InputError for a text that is no such value.
    """

    def parse(value: str) -> Any:
        try:
            found = kind(value)
        except ValueError:
            found = None
        if found is None or not low <= found <= high:  # also catches nan
            raise InputError(f"{value!r} is not {text or f'a number from {low:g} to {high:g}'}")
        return found

    return parse


count = number(int, 1, 10**9, "a whole number from 1")
positive = number(float, 1e-3, 1e9, "a number above 0")
mebibytes = number(int, 16, 2**20, "a whole number of MiB from 16 to 1048576")
share = number(float, 0, 1)
drop = number(float, 0.001, 0.999)


def one_of(*words: str) -> Callable[[str], str]:
    """A parser that takes these words."""

    def parse(value: str) -> str:
        if value not in words:
            raise InputError(f"{value!r} is not one of {', '.join(words)}")
        return value

    return parse


gate_on = one_of("figure", "bound")


def counts(value: str) -> tuple[int, ...]:
    """``1,10`` as whole numbers from 1."""
    return tuple(count(part) for part in value.split(","))


def least(value: str) -> tuple[tuple[str, float], ...]:
    """``0.4,chat=0.5`` as names and shares; the name is empty where none is given."""
    parts = [part.strip().rpartition("=") for part in value.split(",")]
    return tuple((name.strip(), share(part.strip())) for name, _, part in parts)


def shard(value: str) -> Shard:
    """``2/8``, part 2 of 8."""
    number, slash, of = value.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= MOST_SHARDS):
        raise InputError(
            f"{value!r} is no part of a whole, such as 2/8: parts are counted from 1, and there are up to {MOST_SHARDS}"
        )
    return Shard(int(number), int(of))


def key_and_value(value: str) -> tuple[str, str]:
    """``tensor-parallel-size=2``, with dashes before it or without, as key and value."""
    key, equals, rest = value.partition("=")
    if not key.removeprefix("--") or not equals:
        raise InputError(f"{value!r} is not KEY=VALUE")
    return key.removeprefix("--"), rest


def parameter(value: str) -> tuple[str, str]:
    """``temperature=0.5`` or ``-seed``, a parameter of a server's request, as its name and its JSON; ``-`` has none."""
    if value.startswith("-") and "=" not in value and value.strip("-"):
        return value.lstrip("-"), ""
    key, equals, text = value.partition("=")
    if not key.strip() or not equals:
        raise InputError(f"{value!r} is not KEY=JSON, nor -KEY, which leaves KEY out")
    try:
        return key.strip(), json.dumps(json.loads(text))
    except ValueError:
        if text[:1] in ("{", "[", '"') or not text:
            raise InputError(f"{value!r}: {text!r} is not JSON") from None
        return key.strip(), json.dumps(text)  # a bare word; quotation marks are hard to get through a shell


def argument(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same parser as the ``type`` of argparse, which has an error of its own."""

    def typed(value: str) -> Any:
        try:
            return parse(value)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return typed

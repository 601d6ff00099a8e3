"""One option: its name, and how a text becomes its value, with errors that say what would be one."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.shard import Shard

NAMES_OR_FILES = "NAMES or FILES"
MOST_SHARDS = 100_000


def names_a_file(text: str) -> bool:
    """Whether a text can only mean a file: a name has no folders and no ending."""
    return "/" in text or "." in text


def comma_separated(text: str) -> list[str]:
    """The pieces between commas, without blanks around them and without empty ones."""
    return [piece.strip() for piece in text.split(",") if piece.strip()]


@dataclass(frozen=True, slots=True)
class Option:
    """One ``--humaneval-NAME``, which ``NAME`` in humaneval.toml and the ini key ``humaneval_NAME`` preset.

    ``parse`` makes its value of its text.

    Raises, in ``parse``:
        InputError: the text is no such value; says what would be.
    """

    name: str
    help: str
    metavar: str = ""
    parse: Callable[[str], Any] = str
    many: bool = False  # may be given several times; the ini key takes a line each, humaneval.toml a list
    by_comma: bool = False  # one text, several values; humaneval.toml takes a list, too

    @property
    def flag(self) -> str:
        return f"--humaneval-{self.name}"

    @property
    def key(self) -> str:
        return f"humaneval_{self.name.replace('-', '_')}"

    @property
    def is_path(self) -> bool:
        """Whether a value may name a file or folder, and so depends on where it is relative to."""
        return self.metavar in ("FILE", "DIR", NAMES_OR_FILES)

    def seen_from(self, folder: Path, text: str) -> str:
        """A value that is a path, relative to ``folder``; what can be a name there, and is no file, stays one."""
        path = folder / Path(text).expanduser()
        if self.metavar != NAMES_OR_FILES or path.is_file():
            return str(path)
        return ",".join(_name_or_file(folder, piece) for piece in comma_separated(text))

    def as_given(self, arguments: Iterable[object]) -> str:
        """The flag, and where it stands if that is not among the ``arguments`` that pytest was called with."""
        if self._is_in(arguments) or not self._is_in(os.environ.get("PYTEST_ADDOPTS", "").split()):
            return self.flag
        return f"PYTEST_ADDOPTS: {self.flag}"

    def _is_in(self, arguments: Iterable[object]) -> bool:
        return any(str(argument).partition("=")[0] == self.flag for argument in arguments)


def _name_or_file(folder: Path, piece: str) -> str:
    """A name, a file, or NAME=FILE."""
    name, equals, file = piece.partition("=")
    if equals and not names_a_file(name):
        return f"{name}={folder / Path(file).expanduser()}"
    path = folder / Path(piece).expanduser()
    return str(path) if names_a_file(piece) or path.exists() else piece


def number(kind: Callable[[str], Any], low: float, high: float, text: str = "") -> Callable[[str], Any]:
    """A parser of numbers from ``low`` to ``high``; ``text`` says in an error what they are.

    As every parser here it raises InputError for a text that is no such value.
    """

    def parse(value: str) -> Any:
        try:
            result = kind(value)
        except ValueError:
            result = None
        if result is None or not low <= result <= high:  # also catches nan
            raise InputError(f"{value!r} is not {text or f'a number from {low:g} to {high:g}'}")
        return result

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


def shard(value: str) -> Shard:
    """``2/8``, part 2 of 8."""
    number, slash, of = value.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= MOST_SHARDS):
        raise InputError(
            f"{value!r} is not a part, such as 2/8: parts are counted from 1, and there are at most {MOST_SHARDS}"
        )
    return Shard(int(number), int(of))


gate_on = one_of("figure", "bound")
stop_when = one_of("decided")


def counts(value: str) -> tuple[int, ...]:
    """``1,10`` as whole numbers from 1."""
    return tuple(count(part) for part in value.split(","))


def least(value: str) -> tuple[tuple[str, float], ...]:
    """``0.4,chat=0.5`` as names and shares; the name is empty where none is given."""
    parts = [part.strip().rpartition("=") for part in value.split(",")]
    return tuple((name.strip(), share(part.strip())) for name, _, part in parts)


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

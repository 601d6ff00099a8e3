"""One option: its name, and how a text becomes its value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES_OR_FILES = "NAMES or FILES"


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

"""One option: its name, and how a text becomes its value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME_OR_FILE = "NAME or FILE"


def names_a_file(text: str) -> bool:
    """Whether a text can only mean a file: a name has no folders and no ending."""
    return "/" in text or "." in text


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
        return self.metavar in ("FILE", "DIR", NAME_OR_FILE)

    def seen_from(self, folder: Path, text: str) -> str:
        """A value that is a path, relative to ``folder``; what can be a name there, and is no file, stays one."""
        path = folder / Path(text).expanduser()
        is_name = self.metavar == NAME_OR_FILE and not names_a_file(text) and not path.exists()
        return text if is_name else str(path)

    def as_given(self, arguments: Iterable[object]) -> str:
        """The flag, and where it stands if that is not among the ``arguments`` that pytest was called with."""
        if self._is_in(arguments) or not self._is_in(os.environ.get("PYTEST_ADDOPTS", "").split()):
            return self.flag
        return f"PYTEST_ADDOPTS: {self.flag}"

    def _is_in(self, arguments: Iterable[object]) -> bool:
        return any(str(argument).partition("=")[0] == self.flag for argument in arguments)

"""The terminal, as subcommands write to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from pytest_humaneval.printable import one_line


def show(lines: Iterable[str]) -> None:
    """Print what may quote a foreign file."""
    print("\n".join(map(one_line, lines)))


def terminal_width() -> int:
    """In columns."""
    return shutil.get_terminal_size().columns

"""The terminal, as subcommands write to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

from pytest_humaneval.text.printable import one_line


def show(lines: Iterable[str]) -> None:
    """Print what may quote a foreign file.

    Where nobody reads any longer (``| head``), what a command does besides is still done: its files, its exit status.
    """
    try:
        print("\n".join(map(one_line, lines)), flush=True)
    except BrokenPipeError:
        let_go_of_stdout()


def let_go_of_stdout() -> None:
    """Have nothing more written to the reader that has gone, the interpreter's last flush included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def terminal_width() -> int:
    """In columns."""
    return shutil.get_terminal_size().columns

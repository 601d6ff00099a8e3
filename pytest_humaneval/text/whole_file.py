"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file that was asked for: a line for the terminal, and whether it is there whole."""

    line: str
    whole: bool = True


def write_whole(path: Path, parts: Iterable[str]) -> None:
    """Write a file in one step: whoever reads it finds its former content or all of the new one.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    beside = path.with_name(path.name + ".partial")
    with beside.open("w", encoding="utf-8") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)

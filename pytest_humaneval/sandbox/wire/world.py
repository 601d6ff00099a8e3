"""What a test and a program share beside arguments and results: files, and where random numbers have come to.

Each side has its own, and both are told to the other with every message, by value.
"""

from __future__ import annotations

import os
from typing import Any

MAX_FILES = 1 << 20  # bytes of all files together
MAX_ENTRIES = 500  # files and folders
MAX_PATH = 400  # characters
MAX_BLOCKS = 100  # of random numbers that one call may draw
MAX_WARNINGS = 100  # between two messages
MAX_WARNING = 1_000  # characters
BLOCK = 624  # words that the generator makes at once

Files = dict[str, bytes | None]  # contents by path from the scratch folder; None for a folder


class WorldError(Exception):
    """What cannot be shared; the text says why."""


def files_in(folder: str) -> Files:
    """Everything in a folder.

    Raises:
        WorldError: it is too much.
    """
    files: Files = {}
    waiting, size = [""], 0
    while waiting:
        inner = waiting.pop()
        with os.scandir(os.path.join(folder, inner)) as entries:
            for entry in entries:
                path = os.path.join(inner, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    files[path] = None
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    size += entry.stat(follow_symlinks=False).st_size
                    _hold_to_caps(len(files), size)
                    files[path] = _content(os.path.join(folder, path))
                _hold_to_caps(len(files), size)
    return files


def put_files(folder: str, wanted: Any, there: Files) -> None:
    """Make a folder hold what is wanted; ``there`` is what it holds.

    Raises:
        WorldError: these are no files, or not in the folder.
    """
    if type(wanted) is not dict or len(wanted) > MAX_ENTRIES:
        raise WorldError("no files")
    for path in sorted(there, reverse=True):  # what is in a folder before the folder
        if path not in wanted or (wanted[path] is None) is not (there[path] is None):
            full = os.path.join(folder, path)
            os.rmdir(full) if there[path] is None else os.unlink(full)
    for path in sorted(wanted):
        _put(folder, path, wanted[path], there)


def _put(folder: str, path: Any, content: Any, there: Files) -> None:
    if not _is_inside(path):
        raise WorldError("a file outside of the scratch folder")
    full = os.path.join(folder, path)
    if content is None:
        os.makedirs(full, mode=0o700, exist_ok=True)
    elif type(content) is not bytes or len(content) > MAX_FILES:
        raise WorldError("no file")
    elif there.get(path) != content:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(full, flags, 0o600), "wb") as file:
            file.write(content)


def _is_inside(path: Any) -> bool:
    """Whether it is a plain path downwards."""
    if type(path) is not str or len(path) > MAX_PATH or "\0" in path:
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _content(path: str) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(MAX_FILES + 1)


def _hold_to_caps(count: int, size: int) -> None:
    if count > MAX_ENTRIES or size > MAX_FILES:
        raise WorldError(f"more than {MAX_ENTRIES} files and folders, or {MAX_FILES} bytes in them")


def draws_between(before: Any, after: Any) -> int:
    """How many random words were drawn between two states of a generator; -1 for too many, or another seed."""
    import random

    replay, drawn = random.Random(), 0
    replay.setstate(before)
    for _ in range(MAX_BLOCKS):
        state = replay.getstate()[1]
        if state[:BLOCK] == after[1][:BLOCK] and state[BLOCK] <= after[1][BLOCK]:
            return int(drawn + after[1][BLOCK] - state[BLOCK])
        step = BLOCK - state[BLOCK] + 1
        replay.getrandbits(32 * step)
        drawn += step
    return -1

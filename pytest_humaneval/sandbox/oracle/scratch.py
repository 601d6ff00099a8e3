"""The private folder a completion may write to: made by the oracle, removed with the server, which mounts a small file
system of its own on it (namespaces.py).
"""

from __future__ import annotations

import itertools
import os
import stat
import tempfile
import time
from contextlib import suppress


class Scratch:
    """A fresh folder in ``parent``."""

    def __init__(self, parent: str) -> None:
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="scratch-", dir=parent))  # links cannot be read inside

    def remove(self) -> None:
        """Remove it with all it holds."""
        remove_tree(self.path)


def remove_tree(path: str) -> None:
    """Remove a folder, if it is there, whatever it holds; a process that still writes to it is about to end.

    Raises:
        OSError: it could not be removed within a second.
    """
    for _ in range(100):
        with suppress(OSError):
            return _remove_tree(path)
        time.sleep(0.01)
    return _remove_tree(path)


def _remove_tree(path: str) -> None:
    """Remove a folder that somebody filled with evil intent: nested deeper than a path can be long, or unreadable.

    Folders are moved up to the top before they are emptied, so that no path grows and nothing recurses.
    """
    empty_tree(path)
    with suppress(FileNotFoundError):
        os.rmdir(path)


def empty_tree(path: str) -> None:
    """Remove all that a folder holds."""
    names = (f"{os.urandom(8).hex()}-{number}" for number in itertools.count())
    while folders := _empty(path):
        for folder in folders:
            for inner in _empty(folder):
                os.rename(inner, os.path.join(path, next(names)))
            os.rmdir(folder)


def _empty(path: str) -> list[str]:
    """Remove the files of a folder; its folders remain and are returned."""
    folders = []
    for child in _children(path):
        status = _status(child)
        if status and stat.S_ISDIR(status.st_mode):
            _make_writable(child)
            folders.append(child)
        else:
            os.unlink(child)
    return folders


def _make_writable(folder: str) -> None:
    with suppress(FileNotFoundError):
        os.chmod(folder, 0o700)  # the folder is not a link: chmod would follow one


def _children(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries]
    except OSError:
        return []


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None

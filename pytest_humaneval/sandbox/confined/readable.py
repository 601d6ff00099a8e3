"""The files a Python program needs to read: its standard library, shared libraries, a few devices. No site-packages.

Site-packages stay closed because the data set with its solutions may lie there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

HIDDEN = {"site-packages", "dist-packages"}
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
TABLES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")

LIBRARY_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")


def standard_library() -> Iterator[str]:
    """Everything in the standard library's folders, which are all that is on an isolated interpreter's path."""
    for folder in sys.path:
        for path in _entries(folder):
            if os.path.basename(path) not in HIDDEN:
                yield path


def library_roots() -> list[str]:
    """The standard library's own folders, which the importer lists."""
    return [folder for folder in sys.path if os.path.isdir(folder)]


def shared_libraries() -> Iterator[str]:
    """What extension modules are linked with: whole folders, or file by file where they also hold Python packages."""
    architecture = getattr(sys.implementation, "_multiarch", "")
    nested = [os.path.join(folder, architecture) for folder in LIBRARY_FOLDERS if architecture]
    for folder in dict.fromkeys(
        map(os.path.realpath, (*nested, *LIBRARY_FOLDERS, os.path.join(sys.base_prefix, "lib")))
    ):
        entries = list(_entries(folder))
        if any(os.path.basename(path).startswith("python") for path in entries):
            yield from _shared_objects(entries)
        else:
            yield folder


def _entries(folder: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(folder)]
    except OSError:
        return []


def _shared_objects(paths: Iterable[str]) -> Iterator[str]:
    return (path for path in paths if ".so" in os.path.basename(path))

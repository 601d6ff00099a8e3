"""A small file system of the server's own for the scratch folder, and a count of tasks of its own.

The file system is in memory and has a size: nothing that is done in it, however files are hidden, mapped or unlinked,
can take more, and it goes with the server. It needs a mount namespace: root has the right to one, others by way of a
user namespace, in which moreover the kernel counts threads apart from the user's other processes.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from . import linux
from .limits import OWN_FILES, OWN_TASKS, SCRATCH_ENTRIES, SCRATCH_SIZE
from .room import namespaces_count

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_OPTIONS = f"mode=700,size={SCRATCH_SIZE},nr_inodes={SCRATCH_ENTRIES}"
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000


def enter(scratch: str) -> list[str]:
    """Mount the file system on ``scratch``; the names of what could be had, which is nothing in many containers."""
    if _unshared(_CLONE_NEWNS):
        return _with_files(scratch, [])
    user, group = os.geteuid(), os.getegid()
    if user == 0 or not _unshared(_CLONE_NEWUSER | _CLONE_NEWNS):
        return []
    with suppress(OSError):
        _keep_numbers(user, group)
    return _with_files(scratch, [OWN_TASKS] if namespaces_count() else [])


def _with_files(scratch: str, layers: list[str]) -> list[str]:
    try:
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE, None)  # what follows is nobody else's to see
        _mount("scratch", scratch, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, _OPTIONS)
    except OSError:  # some distributions give a user namespace without its rights
        return layers
    return [*layers, OWN_FILES]


def _unshared(flags: int) -> bool:
    try:
        linux.syscall("unshare", flags)
    except OSError:
        return False
    return True


def _keep_numbers(user: int, group: int) -> None:
    """Be the same user and group inside."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    texts = [ctypes.c_char_p(text.encode()) if text else None for text in (source, target, kind, options)]
    linux.syscall("mount", *texts[:3], flags, texts[3])

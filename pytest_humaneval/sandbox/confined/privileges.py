"""Gives up what the server's user could do: capabilities always, the user itself when it is root."""

from __future__ import annotations

import ctypes
import os

from . import linux

_CAPABILITIES = 64  # more than any kernel has
_CAP_SETUID = 1 << 7
_VERSION_3 = 0x20080522  # of the structures of capset
_FIRST_USER = 2_000_000_000  # above every range that distributions give out
_NOBODY = 65534


def drop(scratch: str) -> list[str]:
    """Drop capabilities and, as root, become a user nobody else is, who owns ``scratch``; the layers' names.

    Raises:
        OSError: it cannot be done here.
    """
    _empty_bounding_set()
    layers = ["own user"] if os.geteuid() == 0 and _become_own_user(scratch) else []
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL)
    _set_capabilities(0)
    return [*layers, "no capabilities"]


def _become_own_user(scratch: str) -> bool:
    """Switch to a user that no other process has; False in a user namespace where there is no other."""
    for user in (_FIRST_USER + int.from_bytes(os.urandom(3), "little"), _NOBODY):
        try:
            _become(user, scratch)
        except OSError:
            continue
        return True
    return False


def _become(user: int, scratch: str) -> None:
    reads_library = _can_read_library(user)
    linux.prctl(linux.PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    if reads_library:
        os.chown(scratch, user, user)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    if not reads_library:
        _set_capabilities(_CAP_SETUID)
        linux.syscall("setfsuid", 0)


def _can_read_library(user: int) -> bool:
    """Whether that user can read the interpreter's own library.

    An interpreter in root's home cannot be read by others. Files are then still opened as user 0, but without
    capabilities and within what Landlock leaves open; all else (signals, limits, tracing) goes by the new user.
    """
    linux.syscall("setfsuid", user)
    try:
        with open(os.__file__, "rb"):
            return True
    except PermissionError:
        return False
    finally:
        linux.syscall("setfsuid", 0)


def _empty_bounding_set() -> None:
    for capability in range(_CAPABILITIES):
        try:
            linux.prctl(linux.PR_CAPBSET_DROP, capability)
        except OSError:
            return  # no such capability, or not ours to drop: without exec and with no_new_privs none comes back


def _set_capabilities(mask: int) -> None:
    """Make ``mask`` all that is permitted and in effect."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(mask, mask, 0, 0, 0, 0)
    linux.syscall("capset", ctypes.byref(header), ctypes.byref(effective_permitted_inheritable))

"""Which files generated code may touch: a Landlock ruleset, which needs no privilege and can never be taken off.

Everything that is not listed is closed: reading, writing, creating, TCP; from the kernel's sixth version on also
signals and abstract sockets of processes outside.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable

from . import linux

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14

READ = READ_FILE | READ_DIR
CHANGE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE  # no links, no devices
_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # rights a rule on something else than a directory may have

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # kernel's Landlock version -> number of rights it knows
_NETWORK_RIGHTS = 0b11  # bind and connect of TCP, from version 4
_SCOPES = 0b11  # abstract sockets and signals, from version 6
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1


class Ruleset:
    """Rules in the making. Use as a context manager, so that its descriptor is closed."""

    def __init__(self) -> None:
        """Create an empty ruleset, which closes everything.

        Raises:
            OSError: the kernel has no Landlock, or it is switched off.
        """
        version = min(linux.syscall("landlock_create_ruleset", None, 0, _CREATE_VERSION), 6)
        self._rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
        attributes = _Attributes(self._rights, _NETWORK_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0)
        size = 8 if version < 4 else 16 if version < 6 else 24  # older kernels know fewer fields
        self._descriptor = linux.syscall("landlock_create_ruleset", ctypes.byref(attributes), size, 0)

    def __enter__(self) -> Ruleset:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def allow(self, paths: Iterable[str], rights: int) -> None:
        """Open files, or directories with all that is in them. A path that does not exist is passed over."""
        for path in paths:
            try:
                descriptor = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                self._add(descriptor, rights if os.path.isdir(path) else rights & _FOR_FILES)
            finally:
                os.close(descriptor)

    def _add(self, descriptor: int, rights: int) -> None:
        beneath = _PathBeneath(rights & self._rights, descriptor)
        linux.syscall("landlock_add_rule", self._descriptor, _RULE_PATH_BENEATH, ctypes.byref(beneath), 0)

    def enforce(self) -> None:
        """Hold this process and what it forks to the rules, for ever. Needs no_new_privs."""
        linux.syscall("landlock_restrict_self", self._descriptor, 0)


def missing(error: OSError) -> str:
    """What to do about a kernel without Landlock."""
    if error.errno == errno.EOPNOTSUPP:
        return "Landlock is switched off; boot with it in the kernel's lsm= list"
    return f"this kernel has no Landlock (Linux 5.13 or newer has), or something forbids it: {error.strerror}"


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))

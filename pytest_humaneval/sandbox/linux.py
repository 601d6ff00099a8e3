"""The few system calls Python has no function for. Importing this file loads ctypes; calling it needs Linux."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from .syscalls import numbers

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_GET_NAME = 16
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
PR_SET_VMA = 0x53564D41

MACHINE = os.uname().machine

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(name: str, *arguments: Any) -> int:
    """Make a system call by name.

    Raises:
        OSError: it failed.
    """
    return _checked(_libc.syscall(ctypes.c_long(numbers(MACHINE)[name]), *map(_wide, arguments)))


def prctl(option: int, argument: int = 0) -> int:
    """Make a prctl call.

    Raises:
        OSError: it failed.
    """
    return _checked(_libc.prctl(*map(_wide, (option, argument, 0, 0, 0))))


def _wide(argument: Any) -> Any:
    """Integers as full registers: a variadic C function would leave the upper half to chance."""
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

"""The few system calls Python has no function for. Importing this file loads ctypes; calling it needs Linux."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any, NoReturn

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
M_ARENA_MAX = -8

MACHINE = os.uname().machine

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def share_arenas() -> None:
    """Keep the C library from reserving 64 MiB of address space for each of many threads."""
    if hasattr(_libc, "mallopt"):  # not in every C library; those that lack it have no arenas
        _libc.mallopt(M_ARENA_MAX, 2)


def syscall(name: str, *arguments: Any) -> int:
    """Make a system call by name.

    Raises:
        OSError: it failed.
    """
    return prepared_syscall(name, *arguments)()


def prepared_syscall(name: str, *arguments: Any) -> Callable[[], int]:
    """The call with all made that can be made beforehand: what a fresh child does first is what costs it most."""
    return _prepared(_libc.syscall, numbers(MACHINE)[name], *arguments)


def prctl(option: int, argument: int = 0) -> int:
    """Make a prctl call.

    Raises:
        OSError: it failed.
    """
    return prepared_prctl(option, argument)()


def prepared_prctl(option: int, argument: int = 0) -> Callable[[], int]:
    """As :func:`prepared_syscall`."""
    return _prepared(_libc.prctl, option, argument, 0, 0, 0)


def _prepared(function: Any, *arguments: Any) -> Callable[[], int]:
    wide = tuple(map(_wide, arguments))

    def call() -> int:
        result: int = function(*wide)
        return result if result != -1 else _failed()

    return call


def _failed() -> NoReturn:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def _wide(argument: Any) -> Any:
    """Integers as full registers: a variadic C function would leave the upper half to chance."""
    return ctypes.c_long(argument) if isinstance(argument, int) else argument

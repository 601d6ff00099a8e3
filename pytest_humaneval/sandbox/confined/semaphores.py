"""Locks of the multiprocessing module for a place without processes.

The real ones lie in shared memory, which a confined program cannot have. Between threads, and there is nobody else, any
lock does: thread pools of ``multiprocessing.dummy``, queues and locks work; starting a process fails as it must.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from types import ModuleType

_RECURSIVE = 0  # the other kind, 1, is a semaphore


def install() -> None:
    """Stand in for the extension module, before anything imports it."""
    module = ModuleType("_multiprocessing")
    module.__dict__.update(SemLock=SemLock, sem_unlink=lambda name: None, flags={})
    sys.modules["_multiprocessing"] = module


class SemLock:
    """A semaphore, or a lock that its owner may take again; as ``_multiprocessing.SemLock``."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        from threading import Semaphore  # not before somebody needs it: every fork would have to look after it

        self.kind, self.maxvalue, self.handle = kind, maxvalue, 0
        self.name = None  # there is nothing that a tracking process would have to remove
        self._semaphore = Semaphore(value)
        self._owner = self._held = 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; False when it could not be had in time."""
        taken = (self.kind == _RECURSIVE and self._is_mine()) or self._semaphore.acquire(
            block, max(0.0, timeout) if block and timeout is not None else None
        )
        if taken:
            self._owner = get_ident()
            self._held += 1
        return taken

    def release(self) -> None:
        """Give it back.

        Raises:
            AssertionError: it is a lock that another thread holds.
            ValueError: there is nothing to give back.
        """
        if self.kind == _RECURSIVE and not self._is_mine():
            raise AssertionError("attempt to release recursive lock not owned by thread")
        if self.kind != _RECURSIVE and self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._held -= 1
        if self.kind != _RECURSIVE or self._held == 0:
            self._semaphore.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _is_mine(self) -> bool:
        return self._held > 0 and self._owner == get_ident()

    def _count(self) -> int:
        return self._held

    def _get_value(self) -> int:
        return self._semaphore._value

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        """There are no forks."""

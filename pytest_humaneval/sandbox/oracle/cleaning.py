"""How the oracle gets rid of what a check left in it, so that no check meets another one's memory."""

from __future__ import annotations

import gc
import os

MOST_LEFT = 256 << 20  # bytes in memory beyond what was there at the start; fragments count, which no collection frees


class Cleaner:
    """Collects after every check, and says when only a new process is clean."""

    def __init__(self) -> None:
        self._statm = _opened("/proc/self/statm")
        gc.freeze()
        self._least = self._resident()

    def clean(self) -> bool:
        """Free what the last check left; whether that worked.

        A namespace refers to its functions and they to it: without a collection such garbage waits for the next one,
        and the next check runs out of memory for it. What is left then is here to stay (modules that a test imported,
        its syntax tree) and is not looked at again: that would take longer than the rest of many a check.
        """
        gc.collect()
        gc.freeze()
        return self._resident() - self._least <= MOST_LEFT

    def _resident(self) -> int:
        """Bytes in memory; 0 where the system does not tell."""
        if self._statm < 0:
            return 0
        return int(os.pread(self._statm, 128, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return -1

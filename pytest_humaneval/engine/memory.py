"""How the C library keeps the engine process's memory."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

# glibc's <malloc.h>
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = (1 << 31) - 1  # bytes of free memory at the end of the heap
GROWTH = 1 << 30  # bytes by which the process may grow before what lies free in it is given back


class FreedMemory:
    """What a step has freed is kept for the next one, but does not pile up.

    A step's intermediate results have tens of megabytes. By default each is mapped anew, page by page: the first tokens
    of 48 prompts took 57.7 s of CPU time so, and 53.8 with what is freed kept (float32, AVX2, one round on a busy
    machine, 2026-11-28); docs/speed.md has what TCMalloc came to. Results of ever other sizes leave gaps that hardly
    anything fits, so that the process grows with every batch of another shape: what lies free is given back whenever
    it has grown by :data:`GROWTH`. Where the C library has no such settings, nothing happens.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._least = 0
        self._page = os.sysconf("SC_PAGE_SIZE")

    def keep(self) -> None:
        """Give back what loading the model has left over, and from now on keep what is freed for the next step."""
        self._give_back()
        with suppress(AttributeError):  # musl and others
            self._library.mallopt(M_MMAP_MAX, 0)
            self._library.mallopt(M_TRIM_THRESHOLD, NEVER)

    def bound(self) -> None:
        """After a step: give back what lies free, if the process has grown much since that was last done."""
        if self._resident() > self._least + GROWTH:
            self._give_back()

    def _give_back(self) -> None:
        with suppress(AttributeError):
            self._library.malloc_trim(0)
        self._least = self._resident()

    def _resident(self) -> int:
        """Bytes of the process that are in memory."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * self._page

"""How the C library keeps the engine process's memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# glibc's <malloc.h>
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = (1 << 31) - 1  # bytes of free memory at the end of the heap


def keep_freed_memory() -> None:
    """Give back what loading the model has left over, and from now on keep what is freed for the next step.

    A step's intermediate results have tens of megabytes. By default each is mapped anew, page by page: the first tokens
    of 48 prompts took 57.7 s of CPU time so, and 53.8 with what is freed kept (float32, AVX2, one round on a busy
    machine, 2026-11-28); docs/speed.md has what TCMalloc came to. Where the C library has no such settings, nothing
    happens.
    """
    library = ctypes.CDLL(None)
    with suppress(AttributeError):  # musl and others
        library.malloc_trim(0)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, NEVER)

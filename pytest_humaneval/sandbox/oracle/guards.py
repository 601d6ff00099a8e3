"""What holds the oracle while a test runs: memory and time. The test may multiply, or loop over, what it was given."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .budget import wall_limit
from .candidate import Candidate

TEST_MEMORY = 4 << 30  # bytes of address space while a test runs: some import large libraries
LAST_RESORT = 30.0  # CPU seconds of a test beyond the wall limit: no worker is left that would end it


@contextmanager
def memory_limit() -> Iterator[None]:
    """Turn a test that grows without end over a result into a MemoryError, before the machine runs out of memory.

    Only while a test runs: the programs of docker and podman, which this process starts, reserve more than they use.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = TEST_MEMORY if soft == resource.RLIM_INFINITY else min(TEST_MEMORY, soft)
    with suppress(ValueError, OSError):  # not every system can
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def time_limit(candidate: Candidate) -> Iterator[None]:
    """Stop a test that loops by itself, which no wait for the candidate would notice."""
    seconds = wall_limit(candidate.timeout)
    armed = True

    def stop(number: int, frame: FrameType | None) -> None:
        if armed:
            raise candidate.stop("timed out", f"the test did not finish within the wall limit of {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)  # again and again: the test may swallow it
    signal.setitimer(signal.ITIMER_PROF, seconds + LAST_RESORT)  # ends the process, whatever it is in
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)

"""How much time a candidate has used: CPU and sleep, but not waiting for a processor.

A wall clock turns right answers into timeouts when the machine is busy; a CPU clock alone never stops a sleeper. So a
candidate is charged for the larger of its CPU time and of the time the oracle waited for it, less the time it was
ready to run but did not get a processor (the second number of Linux's ``schedstat``). That number does not yet hold the
wait that is under way, so a program is not stopped for sleeping while it wants to run. A wall limit, generously above,
has the last word.
"""

from __future__ import annotations

import os
import time

WALL_FACTOR = 4.0
WALL_EXTRA = 1.0  # seconds
RECONSIDERED = 0.02  # seconds until the next look at a program whose time is up, but that waits for a processor


def wall_limit(timeout: float) -> float:
    """Seconds after which a check ends, however busy the machine is."""
    return WALL_FACTOR * timeout + WALL_EXTRA


class Budget:
    """The time left to one candidate process; ``pid`` is 0 where its clocks cannot be read."""

    def __init__(self, timeout: float, pid: int) -> None:
        self.timeout = timeout
        self.started = time.monotonic()
        self.deadline = self.started + wall_limit(timeout)
        self._pid = pid
        self._waited = 0.0  # wall seconds the oracle waited for the candidate
        self._forgiven = 0.0  # of these, seconds known to have been spent in a run queue
        self._grace = 0.0  # seconds until the next look, though the time is up
        self._queued_before = _seconds_in_run_queue(pid)

    def patience(self) -> float:
        """Seconds to wait for the candidate before asking :meth:`exhausted`."""
        left = max(self.timeout - self._slept(), self._grace)
        self._grace = 0.0
        return max(0.0, min(left, self.deadline - time.monotonic()))

    def charge(self, seconds: float) -> None:
        """Add wall time spent waiting for the candidate."""
        self._waited += seconds

    def exhausted(self) -> str:
        """Why the candidate's time is up, or an empty string when it is not."""
        if time.monotonic() >= self.deadline:
            return f"no answer within the wall limit of {self.deadline - self.started:g} s"
        self._forgiven = _seconds_in_run_queue(self._pid) - self._queued_before
        if _cpu_seconds(self._pid) >= self.timeout:
            return f"more than {self.timeout:g} s"
        if self._slept() < self.timeout:
            return ""
        if not _wants_to_run(self._pid):
            return f"more than {self.timeout:g} s"
        self._grace = RECONSIDERED
        return ""

    def _slept(self) -> float:
        return self._waited - self._forgiven


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads: the kernel's clock id for it is made from the pid."""
    if not pid:
        return 0.0
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0  # it has ended


def _seconds_in_run_queue(pid: int) -> float:
    """How long the process was ready but not running: the most that any of its threads was."""
    return max((_thread_queued(pid, thread) for thread in _threads(pid)), default=0.0)


def _wants_to_run(pid: int) -> bool:
    """Whether any of its threads is running or waiting for a processor (R), or for the disk (D), at this moment."""
    return any(_thread_state(pid, thread) in (b"R", b"D") for thread in _threads(pid))


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task") if pid else []
    except OSError:
        return []


def _thread_queued(pid: int, thread: str) -> float:
    try:
        with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _thread_state(pid: int, thread: str) -> bytes:
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1]
    except OSError:
        return b""

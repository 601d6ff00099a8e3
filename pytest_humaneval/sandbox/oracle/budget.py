"""How much time and memory a candidate has used.

Time is CPU and sleep, but not waiting for a processor or for the disk.

A wall clock turns right answers into timeouts when the machine is busy; a CPU clock alone never stops a sleeper. So a
candidate is charged for the time the oracle waited for it, less the time it was ready to run but did not get a
processor (the second number of Linux's ``schedstat``) or waited for the disk, and never for less than its CPU time.
That number does not yet hold the wait that is under way. It began after the last look that found its clocks changed,
so at most the time since then is not charged yet. A wall limit, generously above, has the last word.
"""

from __future__ import annotations

import os
import time

WALL_FACTOR = 4.0
WALL_EXTRA = 1.0  # seconds
LOOK_INTERVAL = 0.05  # seconds between looks at a candidate, whether it says something or not
RECONSIDERED = 0.02  # seconds until the next look at a program whose time is up, but that waits for a processor
MORE_MEMORY = 32 << 20  # bytes beyond the limit on the address space that the kernel may hold besides


def wall_limit(timeout: float) -> float:
    """Seconds after which a check ends, however busy the machine is."""
    return WALL_FACTOR * timeout + WALL_EXTRA


class Budget:
    """The time left to one candidate process; ``pid`` is 0 where its clocks cannot be read.

    With ``further``, what the process has used until now was another budget's.
    """

    def __init__(self, timeout: float, pid: int, *, further: bool = False) -> None:
        self.timeout = timeout
        self.started = time.monotonic()
        self.deadline = self.started + wall_limit(timeout)
        self._pid = pid
        self._waited = 0.0  # wall seconds the oracle waited for the candidate
        self._forgiven = 0.0  # of these, seconds known to have been spent in a run queue or on the disk
        self._on_disk = 0.0
        self._grace = 0.0  # seconds until the next look, though the time is up
        self._queued_before = _seconds_in_run_queue(pid, alone=not further)
        self._looked = self._unchanged_since = self.started
        self._clocks = (0.0, 0.0)
        self._used_before = _cpu_seconds(pid) if further else 0.0
        self._memory_limit = 0  # bytes; 0 before it has been looked at

    def patience(self) -> float:
        """Seconds to wait for the candidate before asking :meth:`exhausted`."""
        left = max(self.timeout - self._slept(), self._grace)
        self._grace = 0.0
        return max(0.0, min(left, self.deadline - time.monotonic()))

    def charge(self, seconds: float) -> None:
        """Add wall time spent waiting for the candidate."""
        self._waited += seconds

    def is_due(self) -> bool:
        """Whether it is time for another look, though the candidate has something to say."""
        return time.monotonic() - self._looked >= LOOK_INTERVAL

    def exhausted(self) -> str:
        """Why the candidate's time is up, or an empty string when it is not."""
        now = time.monotonic()
        if now >= self.deadline:
            return f"no answer within the wall limit of {self.deadline - self.started:g} s"
        states = _states(self._pid)
        self._look(now, states)
        if self._clocks[0] >= self.timeout:
            return f"more than {self.timeout:g} s"
        if self._slept() < self.timeout:
            return ""
        waiting = now - self._unchanged_since if b"R" in states or b"D" in states else 0.0
        if self._slept() - waiting >= self.timeout:
            return f"more than {self.timeout:g} s"
        self._grace = RECONSIDERED
        return ""

    def out_of_memory(self) -> str:
        """What it holds beyond its limit, or an empty string.

        The kernel's own limit does not count the tables that say where a program's memory lies, and a program can
        scatter its memory so that these are larger than the memory.
        """
        self._memory_limit = self._memory_limit or _memory_limit(self._pid)
        used = _memory(self._pid)
        return f"{used >> 20} MiB in use" if used > self._memory_limit + MORE_MEMORY else ""

    def _look(self, now: float, states: set[bytes]) -> None:
        """Read the clocks."""
        clocks = _cpu_seconds(self._pid) - self._used_before, _seconds_in_run_queue(self._pid)
        if clocks != self._clocks:
            self._unchanged_since = self._looked
        if b"D" in states and b"R" not in states:
            self._on_disk += now - self._looked
        self._clocks, self._looked = clocks, now
        self._forgiven = clocks[1] - self._queued_before + self._on_disk

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


def _seconds_in_run_queue(pid: int, *, alone: bool = False) -> float:
    """How long the process was ready but not running: the most that any of its threads was.

    ``alone``: it has one thread, as before it has been given a program.
    """
    threads = _threads(pid) if not alone else [str(pid)] if pid else []
    return max((_thread_queued(pid, thread) for thread in threads), default=0.0)


def _states(pid: int) -> set[bytes]:
    """What its threads do at this moment: run or wait for a processor (R), wait for the disk (D), sleep (S)."""
    return {_thread_state(pid, thread) for thread in _threads(pid)}


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task") if pid else []
    except OSError:
        return []


def _thread_queued(pid: int, thread: str) -> float:
    try:
        descriptor = os.open(f"/proc/{pid}/task/{thread}/schedstat", os.O_RDONLY)  # a file object takes twice as long
    except OSError:
        return 0.0
    try:
        return int(os.read(descriptor, 128).split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
    finally:
        os.close(descriptor)


def _thread_state(pid: int, thread: str) -> bytes:
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1]
    except OSError:
        return b""


def _memory(pid: int) -> int:
    """Bytes in memory, with the tables that say where."""
    names = (b"VmRSS:", b"VmPTE:")
    return sum(int(line.split()[1]) << 10 for line in _lines(f"/proc/{pid}/status") if line.startswith(names))


def _memory_limit(pid: int) -> int:
    """The limit on its address space in bytes; without one, more than there can be."""
    for line in _lines(f"/proc/{pid}/limits"):
        if line.startswith(b"Max address space"):
            soft = line.split()[3]
            return int(soft) if soft.isdigit() else 1 << 63
    return 1 << 63


def _lines(path: str) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            return file.read().splitlines()
    except OSError:
        return []  # it has ended, or cannot be seen

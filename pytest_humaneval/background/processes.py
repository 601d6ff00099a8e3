"""Processes that outlive the one that started them: which is which, what they take, and how they are ended.

A process id alone proves nothing, as ids are given out again: a process is known by its id and when it started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_KERNEL_SECONDS = 10.0  # until a killed process is gone: freeing the memory of a large model takes a moment


def start_mark(pid: int) -> str:
    """When a process started, as a text that no other process of this id ever has; empty when it has ended."""
    fields = _stat(pid)
    if _has_ended(fields):
        return ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {fields[19]}"  # clock ticks since the machine started; the 22nd field, after pid, name and state


def start_detached(command: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Start a process in a session of its own, which nobody waits for, its output in a file; returns its id."""
    read, append = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, read, 0), (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600)]
    return os.posix_spawn(
        command[0], list(command), environment, file_actions=[*files, (os.POSIX_SPAWN_DUP2, 1, 2)], setsid=True
    )


def is_running(pid: int, mark: str) -> bool:
    """Whether the process that had this mark is still there."""
    return bool(mark) and pid > 0 and start_mark(pid) == mark


def resident_bytes(session: int) -> int:
    """Memory of all processes of a session (that is led by the process of this id); what they share counts once each.

    A process of ours that outlives us leads a session of its own, so this is what it and its children take.
    """
    pages = sum(int(fields[21]) for _, fields in _members(session))
    return pages * os.sysconf("SC_PAGE_SIZE")


def left_behind(session: int, mark: str, log: str | Path) -> list[int]:
    """The processes of a session whose leader, which had this mark, has ended: a server's workers, for one.

    They are known by the log that they write to: once all of a session are gone, its id may lead another one.
    """
    if session <= 0 or not mark or is_running(session, mark):
        return []
    return sorted(pid for pid, _ in _members(session) if _writes_to(pid, os.path.realpath(log)))


def end_group(pid: int, mark: str, patience: float, log: str | Path = "") -> None:
    """End a process that leads its process group, and the group: politely, and after ``patience`` seconds for good.

    All of it is gone then, with its locks and files. Where the leader has ended by itself, what it left behind is ended
    that writes to its ``log``. Nothing happens where the id belongs to another process by now.
    """
    if not is_running(pid, mark):
        _end_what_is_left(pid, mark, log)
        return
    with contextlib.suppress(ProcessLookupError):
        if patience > 0:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while is_running(pid, mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(pid, signal.SIGKILL)  # also what it left behind
    deadline = time.monotonic() + _KERNEL_SECONDS
    while (is_running(pid, mark) or _has_members(pid)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _has_members(group: int) -> bool:
    """Whether a process of the group is there; while one is, no other group has its id."""
    return any(int(fields[2]) == group for _, fields in _members(group))


def _end_what_is_left(session: int, mark: str, log: str | Path) -> None:
    deadline = time.monotonic() + _KERNEL_SECONDS
    while log and (left := left_behind(session, mark, log)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def peer_is_own(connection: socket.socket) -> bool:
    """Whether the process at the other end of a unix socket belongs to this user, as the kernel says."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return bool(uid == os.geteuid())


def _members(session: int) -> Iterator[tuple[int, list[str]]]:
    """The processes of a session, with their fields of /proc/PID/stat."""
    for path in Path("/proc").iterdir():
        fields = _stat(int(path.name)) if path.name.isdigit() else []
        if not _has_ended(fields) and int(fields[3]) == session:
            yield int(path.name), fields


def _has_ended(fields: Sequence[str]) -> bool:
    """Whether these, of /proc/PID/stat, are those of no process, or of one whose status alone is left.

    The first thread's state is that of a zombie already while others give back the memory, and hold files and locks.
    """
    return not fields or fields[0] == "X" or (fields[0] == "Z" and int(fields[17]) <= 1)


def _writes_to(pid: int, log: str) -> bool:
    """Whether a process has this file as its output; the file itself may be gone."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{descriptor}").removesuffix(" (deleted)") == log:
                return True
    return False


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold blanks and parentheses; empty for no process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()

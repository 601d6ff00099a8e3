"""What an attacker could reach outside the sandbox if it did not hold, and a look at whether anything there
changed."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Surroundings:
    """Files open to everyone, listening sockets, and a process to be harmed."""

    def __init__(self) -> None:
        # Not pytest's tmp_path: that is private, and file modes shall not do the sandbox's work.
        self.folder = Path(tempfile.mkdtemp(prefix="attacked-"))
        self.folder.chmod(0o777)
        self.secret_file = self.folder / "secret.txt"
        self.secret_file.write_text("SECRET")
        self.secret_file.chmod(0o666)
        self.victim = subprocess.Popen(["sleep", "100000"])
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(type=socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(self.folder / "socket"))
        self._unix.listen()
        (self.folder / "socket").chmod(0o777)
        for listener in (self._tcp, self._udp, self._unix):
            listener.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.victim.kill()
        self.victim.wait()
        for listener in (self._tcp, self._udp, self._unix):
            listener.close()
        shutil.rmtree(self.folder)

    def state(self) -> dict[str, Any]:
        """Everything an attack could have changed."""
        return {
            "files": {path.name: _facts(path) for path in sorted(self.folder.rglob("*"))},
            "content": self.secret_file.read_text() if self.secret_file.exists() else None,
            "victim runs": self.victim.poll() is None,
            "victim's limits": resource.prlimit(self.victim.pid, resource.RLIMIT_CPU),
            "victim's priority": os.getpriority(os.PRIO_PROCESS, self.victim.pid),
            "victim's processors": os.sched_getaffinity(self.victim.pid),
            "victim's state": Path(f"/proc/{self.victim.pid}/stat").read_text().split()[2],
            "connections": [_hears(listener) for listener in (self._tcp, self._udp, self._unix)],
            "left in public folders": [
                str(path) for path in map(Path, ("/tmp/humaneval-attack", "/dev/shm/humaneval-attack")) if path.exists()
            ],
            "shared memory": Path("/proc/sysvipc/shm").read_text(),
        }


def descendants(ancestor: int) -> set[tuple[int, str]]:
    """Process id and start time of every process below this one."""
    parents = {process: parent for process, parent in map(_parent_of, _processes()) if parent}
    below = {process for process in parents if ancestor in _line(process, parents)}
    return {(process, start) for process in below if (start := _stat(process, 19))}


def gone(processes: set[tuple[int, str]], seconds: float = 10.0) -> bool:
    """Whether these processes have ended, or do in time."""
    deadline = time.monotonic() + seconds
    while (left := _alive(processes)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not left


def _alive(processes: set[tuple[int, str]]) -> list[int]:
    return [process for process, start in processes if _stat(process, 19) == start]


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _line(process: int, parents: dict[int, int]) -> Iterator[int]:
    while process := parents.get(process, 0):
        yield process


def _parent_of(process: int) -> tuple[int, int]:
    return process, int(_stat(process, 1) or 0)


def _stat(process: int, field: int) -> str:
    """A field of /proc/PID/stat, counted from the state on; empty when the process has ended."""
    try:
        with open(f"/proc/{process}/stat", "rb", buffering=0) as file:  # hundreds of them after every entry
            return file.read().rpartition(b")")[2].split()[field].decode()
    except OSError:
        return ""


def _facts(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    return status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns, status.st_nlink, os.listxattr(path)


def _hears(listener: socket.socket) -> bool:
    try:
        listener.recv(100) if listener.type == socket.SOCK_DGRAM else listener.accept()
    except BlockingIOError:
        return False
    return True

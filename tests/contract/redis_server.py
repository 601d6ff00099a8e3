"""A Redis server of the tests' own, on a socket in a folder of theirs; it ends with them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="no redis-server here (Debian: apt-get install redis-server)")


class RedisServer:
    """One that can be started, ended and started again; it keeps nothing on a disk."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.socket = folder / "redis.sock"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert PROGRAM is not None
        fixed = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [PROGRAM, *fixed, *self._settings], stdout=subprocess.DEVNULL, cwd=self.socket.parent
        )
        deadline = time.monotonic() + 30
        while not self.socket.exists():
            assert self._process.poll() is None, "redis-server has ended"
            assert time.monotonic() < deadline, "redis-server does not listen"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it; what it had is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    def client(self, **more: Any) -> Any:
        """A client of redis' own, to look behind the scenes with."""
        import redis

        return redis.Redis(unix_socket_path=str(self.socket), **more)


@contextmanager
def redis_server(*settings: str) -> Iterator[RedisServer]:
    """A server that runs; in /tmp, as the path of a socket has to be short."""
    with tempfile.TemporaryDirectory(prefix="humaneval-redis-") as folder:
        server = RedisServer(Path(folder), *settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()

"""Starts and ends the engine process; the controller's side."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_humaneval.engine.catalogue import ordered
from pytest_humaneval.engine.connection import EngineClient, log_tail
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.marshalling.plain import to_plain

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model

START_SECONDS = 60.0  # until the socket listens, which takes 0.2 s on an idle machine; the model loads later
KEPT_LOGS = 20
SOCKET_DIRECTORY = "humaneval-"  # how the names of directories with sockets begin


class RunningEngine(Protocol):
    """What a run holds of its engine process: one that it owns, or one that outlives it (warm.py)."""

    @property
    def address(self) -> str:
        """The socket for the run's workers."""

    @property
    def log(self) -> Path:
        """What the process printed."""

    def client(self) -> EngineClient:
        """A new connection to it."""

    def close(self) -> None:
        """The run needs it no more."""


class EngineProcess:
    """The one engine process of a run. Leaving the context ends it and everything it started."""

    def __init__(
        self,
        options: EngineOptions,
        model: Model | None,
        store: StoreOptions,
        *,
        source: dict[str, Any] | None = None,
    ) -> None:
        """Start it; ``source`` is where it finds an engine that is not bundled (catalogue.py).

        Raises:
            EngineError: it does not start.
        """
        # 0700, by mkdtemp: whoever can reach the socket can use the engine. In /tmp, as a socket's path is short.
        self._directory = tempfile.mkdtemp(prefix=SOCKET_DIRECTORY)
        self.address = os.path.join(self._directory, "engine.sock")
        try:
            self.log = open_log(Path(options.cache_dir) / "logs")
        except OSError:  # the plugin has made sure that this run does without a cache folder
            self.log = Path(self._directory) / "engine.log"
        config = {
            "engine": ordered(options, model, source),
            "store": to_plain(store),
            "socket": self.address,
        }
        try:
            self._process = start_listening("pytest_humaneval.engine.host", config, self.log)
        except BaseException:
            shutil.rmtree(self._directory, ignore_errors=True)
            raise

    def client(self) -> EngineClient:
        """A new connection to it."""
        return EngineClient(self.address, str(self.log))

    @property
    def pid(self) -> int:
        """The process, which also leads its process group."""
        return self._process.pid

    def close(self) -> None:
        """End the process and its children. What it finished is in the store."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def start_listening(module: str, config: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
    """Start a module of ours that reads its configuration from the first line, and says when it listens.

    Raises:
        EngineError: it did not come to that; says what is in its log.
    """
    with log.open("ab") as file:
        # -P: a torch.py in the user's folder is not torch. A session of its own, so that Ctrl-C does not reach it.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(config).encode() + b"\n")
        process.stdin.flush()
        if not _says_listening(process, time.monotonic() + START_SECONDS):
            raise EngineError(f"the engine process did not start; its log, {log}:\n{log_tail(log)}")
    except BaseException:
        process.kill()
        process.wait()
        process.stdin.close()
        raise
    finally:
        process.stdout.close()
    return process


def _says_listening(process: subprocess.Popen[bytes], deadline: float) -> bool:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
    return bool(ready) and process.stdout.readline() == b"listening\n"


def open_log(directory: Path, kind: str = "engine") -> Path:
    """A new log file; the oldest of the kind go, so that the folder does not grow for ever.

    Raises:
        OSError: it cannot be written there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in sorted(directory.glob(f"{kind}-*.log"))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    log = directory / time.strftime(f"{kind}-%Y%m%d-%H%M%S-{os.getpid()}.log")
    log.touch()
    return log

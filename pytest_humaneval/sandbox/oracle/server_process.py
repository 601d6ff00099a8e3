"""The command that runs a server: started with what it needs to reach us, ended with all it started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..wire.errors import LinkError

PATIENCE = 20.0  # seconds for trusted code to start or to answer; a busy machine needs some
LEAVE_PATIENCE = 5.0  # seconds for a server whose control socket was closed; containers take their time


@dataclass(frozen=True)
class Recipe:
    """How to start a server and, when it does not leave by itself, how to end it; where to keep its files."""

    command: list[str]
    cleanup: list[str]
    environment: dict[str, str]
    workspace: str


def started(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """The process, once there is room for it: others of this user may hold all that it may have, for a while.

    Raises:
        OSError: it cannot be started, or there is still no room.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return subprocess.Popen(command, **options)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


class ServerProcess:
    """A server's process, or the program that keeps its container."""

    def __init__(self, recipe: Recipe, scratch: str) -> None:
        self._log = os.path.join(recipe.workspace, "server.log")  # what the command says when it fails
        self._door = Door(recipe.workspace) if any("{sockets}" in part for part in recipe.command) else None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        names = {
            "name": f"{os.path.basename(recipe.workspace)}-{os.urandom(8).hex()}",  # the worker's number is in it
            "scratch": scratch,
            "sockets": self._door.folder if self._door else "",
            "control": str(theirs.fileno()),
        }
        self._cleanup = _filled_in(recipe.cleanup, names)
        with theirs, open(self._log, "wb") as log:
            self._process = started(
                _filled_in(recipe.command, names),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[] if self._door else [theirs.fileno()],
                env=None
                if self._cleanup
                else recipe.environment,  # docker and podman need theirs; it does not reach the container
            )

    def connection(self) -> socket.socket:
        """The control socket, once the server holds the other end.

        Raises:
            LinkError: the command ended, or nobody knocked in time.
        """
        if self._door is not None:
            self._control.close()
            self._control = self._door.visitor(self)
        self._control.settimeout(PATIENCE)
        return self._control

    def has_ended(self) -> bool:
        """Whether the command has ended."""
        return self._process.poll() is not None

    def post_mortem(self) -> str:
        """How the command ended, if it has, and the last of what it said."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        status = self._process.poll()
        if status is None:
            return ""
        ending = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        with open(self._log, errors="replace") as log:
            return f"; {ending}: {log.read()[-500:].strip()}"

    def end(self) -> None:
        """End it and everything in it. Closing the control socket tells the server to leave."""
        self._control.close()
        if self._door is not None:
            self._door.close()
        try:
            self._process.wait(LEAVE_PATIENCE)
        except subprocess.TimeoutExpired:
            if self._cleanup:
                subprocess.run(self._cleanup, capture_output=True, timeout=PATIENCE, check=False)
            self._process.kill()
            self._process.wait()


class Door:
    """A socket for a server that cannot inherit one, in a folder of its own that a container may see.

    Inside, the container's user must be able to come in, whoever that is here; so it lies in another folder, which
    nobody else on this machine may enter. The container's engine may.
    """

    def __init__(self, workspace: str) -> None:
        self._private = os.path.join(workspace, f"door-{os.urandom(8).hex()}")
        os.mkdir(self._private, 0o700)
        self.folder = os.path.join(self._private, "sockets")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        path = os.path.join(self.folder, "control")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        os.chmod(path, 0o777)  # the container's user is another one; only the container sees the folder
        self._listener.listen(1)

    def visitor(self, process: ServerProcess) -> socket.socket:
        """The first connection.

        Raises:
            LinkError: the command ended, or nobody knocked in time.
        """
        deadline = time.monotonic() + PATIENCE
        while not select.select([self._listener], [], [], 0.05)[0]:
            if process.has_ended() or time.monotonic() > deadline:
                raise LinkError(f"the sandbox server did not start{process.post_mortem()}")
        return self._listener.accept()[0]

    def close(self) -> None:
        """Remove the socket."""
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, "control"))
            os.rmdir(self.folder)
            os.rmdir(self._private)


def _filled_in(command: list[str], names: dict[str, str]) -> list[str]:
    """The command with ``{name}`` replaced; most are inside of JSON."""
    for name, value in names.items():
        command = [part.replace(f"{{{name}}}", json.dumps(value)[1:-1]) for part in command]
    return command

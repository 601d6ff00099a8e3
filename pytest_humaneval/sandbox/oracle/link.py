"""The oracle's hold on the server: starts it, asks it for children, has them killed, replaces it when it dies."""

from __future__ import annotations

import os
import select
import socket
import struct
from dataclasses import dataclass
from typing import NamedTuple

from ..wire.codec import CodecError
from ..wire.decoder import decode
from ..wire.errors import LinkError
from ..wire.frames import CHUNK, FrameReader, framed
from ..wire.messages import END, FORK, HELLO, KILL, REAP
from .scratch import Scratch
from .server_process import PATIENCE, Recipe, ServerProcess

_CREDENTIALS = struct.Struct("3i")  # Linux: pid, uid, gid


class End(NamedTuple):
    """How a child ended. ``status`` is as from waitpid."""

    by_itself: bool
    status: int
    left_files: bool

    @property
    def signal(self) -> int:
        """The signal that killed it, or 0."""
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0

    @property
    def exit_status(self) -> int:
        """Its exit status, or -1."""
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else -1


@dataclass
class Child:
    """A forked child that waits for a program."""

    channel: socket.socket
    pid: int = 0  # as this process sees it; 0 where that is not known


class Link:
    """One running server."""

    def __init__(self, recipe: Recipe) -> None:
        """Start it.

        Raises:
            LinkError: it did not start, or a layer cannot be had.
        """
        self.scratch = Scratch(recipe.workspace)
        self._process = ServerProcess(recipe, self.scratch.path)
        try:
            self._control = self._process.connection()
            self.layers = self._ready()
        except BaseException:
            self.close()
            raise

    def _ready(self) -> tuple[str, ...]:
        reader, message = FrameReader(), None
        try:
            while message is None:
                message = reader.feed(self._control.recv(CHUNK))
            state, what = decode(message)
        except (OSError, EOFError, CodecError) as error:
            raise LinkError(f"the sandbox server did not answer ({error}){self._process.post_mortem()}") from None
        if state != "ready":
            raise LinkError(str(what))
        return tuple(what)

    def fork(self) -> Child:
        """A fresh child, which will greet when it is ready."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            _ask_for_credentials(ours)
            self._send(FORK, [theirs.fileno()])
        ours.setblocking(False)
        return Child(ours)

    def await_hello(self, child: Child) -> None:
        """Wait until the child is ready for its program, and learn its pid.

        The kernel attaches the pid, translated into this process's view; neither child nor container can forge it.
        """
        if not select.select([child.channel], [], [], PATIENCE)[0]:
            raise LinkError(f"a child of the sandbox server did not start within {PATIENCE:g} s")
        greeting, ancillary, _, _ = child.channel.recvmsg(CHUNK, socket.CMSG_SPACE(_CREDENTIALS.size))
        if greeting != framed(HELLO):
            raise LinkError("a child of the sandbox server could not be set up")
        for _, kind, data in ancillary:
            if kind == getattr(socket, "SCM_CREDENTIALS", -1):
                child.pid = _CREDENTIALS.unpack(data)[0]

    def dismiss(self, child: Child, *, seems_gone: bool) -> None:
        """Have the oldest child killed; one that seems gone gets a moment, so that it can be seen how it ended."""
        child.channel.close()
        self._send(REAP if seems_gone else KILL)

    def await_end(self) -> End:
        """Wait until the child that was dismissed is no more."""
        try:
            return End(*END.unpack(self._control.recv(END.size)))
        except (OSError, struct.error) as error:
            raise LinkError(f"the sandbox server did not answer ({error}){self._process.post_mortem()}") from None

    def close(self) -> None:
        """End the server and everything in it."""
        self._process.end()
        self.scratch.remove()

    def _send(self, command: bytes, descriptors: list[int] | None = None) -> None:
        try:
            socket.send_fds(self._control, [command], descriptors or [])
        except OSError as error:
            raise LinkError(f"the sandbox server is gone: {error}") from None


def _ask_for_credentials(end: socket.socket) -> None:
    if hasattr(socket, "SO_PASSCRED"):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

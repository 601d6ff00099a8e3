"""The fork server, without a lockdown: what it does when there is no room for another process."""

from __future__ import annotations

import os
import socket
import stat
import threading
from typing import Any

import pytest

pytest.importorskip("ctypes")

from pytest_humaneval.sandbox.confined import server
from pytest_humaneval.sandbox.wire import messages
from pytest_humaneval.sandbox.wire.frames import CHUNK, framed


class Telling:
    """Confines nothing; a child says which sockets it has, and ends."""

    def confine_child(self) -> None:
        """Say it."""
        os.write(server.CHANNEL, framed(repr(sockets()).encode()))
        os._exit(0)

    def end_descendants(self, child: int) -> None:
        """There are none."""

    def left_behind(self) -> bool:
        """Nothing."""
        return False


def sockets() -> list[int]:
    """The inodes of this process's sockets."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue  # that of the listing itself
        if stat.S_ISSOCK(status.st_mode):
            found.append(status.st_ino)
    return found


def test_fork_without_room_waits_and_gets_no_other_s_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bool] = []
    room, real = threading.Event(), os.fork

    def fork() -> int:
        tries.append(room.is_set())
        if not room.is_set():
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return real()

    monkeypatch.setattr(os, "fork", fork)
    ours, theirs = socket.socketpair()
    confinement: Any = Telling()
    running = threading.Thread(target=server.Server(theirs, confinement).serve)
    running.start()
    ends = [socket.socketpair() for _ in range(2)]
    inodes = [os.fstat(end.fileno()).st_ino for _, end in ends]
    for _, end in ends:
        socket.send_fds(ours, [messages.FORK], [end.fileno()])
        end.close()
    before = len(tries)
    while len(tries) < before + 2:  # so that both have been asked for when the first is forked
        pass
    room.set()
    told = [end.recv(CHUNK).decode() for end, _ in ends]
    ours.close()
    running.join()
    for end in (theirs, *(end for end, _ in ends)):
        end.close()
    assert not tries[0]
    assert [[str(inode) in text for inode in inodes] for text in told] == [[True, False], [False, True]]

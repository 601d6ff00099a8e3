"""The fork server: one warm interpreter, locked down once, that forks a child per check.

It never sees a completion. Commands come from the oracle over a control socket that no child keeps: ``F`` with a
descriptor forks a child that talks over it, ``K`` kills and reaps the oldest child; ``R`` gives it a moment to end by
itself. There are at most two children: one that is at work and one that waits for the next check. End of file means the
oracle is gone, and so are we.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import site
import sys
import time
import warnings
from _socket import AF_UNIX, CMSG_LEN, SOCK_STREAM, socket
from _thread import stack_size
from select import select
from typing import NoReturn

from ..wire.encoder import encode
from ..wire.errors import ConfinementError
from ..wire.frames import framed
from ..wire.messages import END, FORK, KILL, REAP
from . import child, semaphores
from .confinement import Confinement

# Imported once here instead of in every child: what completions import most, and what is slow to import. Not random,
# and not statistics, which imports it: it seeds itself anew in every child, which costs more than they save.
PRELOADED = (
    *(
        "bisect",
        "collections",
        "copy",
        "datetime",
        "decimal",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
    ),
    *("math", "operator", "re", "string", "typing"),
)

USER = "humaneval"  # who a completion is told it is
THREAD_STACK = 2 << 20  # bytes: a hundred of the usual ones would be most of the memory a program may have

NEXT_TRY = 0.02  # seconds until a fork that the system had no room for is tried again
GRACE = 0.2  # seconds for a child that is said to have ended
CHANNEL = 3  # the only descriptor of a child beside the standard streams


def main() -> None:
    """Set up, lock down, say so, serve. The one argument is the settings as JSON."""
    settings = json.loads(sys.argv[1])
    control = _control_socket(settings["control"])
    try:
        _warm_up(settings["scratch"])
        confinement = Confinement(settings)
        layers = confinement.confine_server()
    except ConfinementError as error:
        control.send(framed(encode(("error", str(error)))))
        return
    control.send(framed(encode(("ready", layers))))
    Server(control, confinement).serve()


def _control_socket(where: str) -> socket:
    """An inherited descriptor by its number, or a path to connect to."""
    if where.isdigit():
        return socket(AF_UNIX, SOCK_STREAM, 0, int(where))
    control = socket(AF_UNIX, SOCK_STREAM)
    control.connect(where)
    return control


def _warm_up(scratch: str) -> None:
    for name in PRELOADED:
        __import__(name)
    _furnish()
    warnings.simplefilter("ignore")  # printing one costs more than most checks, and nobody would see it
    sys.stdin = sys.stdout = sys.stderr = child.Silence()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)  # standard error was the worker's, for what may go wrong at the start
    os.close(nowhere)
    sys.argv[:] = [""]
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "HOME": scratch, "TMPDIR": scratch, "USER": USER, "LOGNAME": USER})
    child.rehearse()
    gc.collect()
    gc.freeze()


def _furnish() -> None:
    """What programs expect to find: the names that the site module adds, room for threads, locks between them."""
    site.setquit()
    site.setcopyright()
    site.sethelper()
    stack_size(THREAD_STACK)
    semaphores.install()


class Server:
    """Forks, kills and reaps children."""

    def __init__(self, control: socket, confinement: Confinement) -> None:
        self._control = control
        self._confinement = confinement
        self._children: list[int] = []
        self._waiting: list[int] = []  # channels of children that could not be forked yet

    def serve(self) -> None:
        """Obey until the oracle is gone."""
        while True:
            command, descriptor = self._receive()
            if command == FORK:
                self._waiting.append(descriptor)
                self._fork_waiting()
            elif command in (KILL, REAP):
                self._control.send(END.pack(*self._end_of_child(grace=command == REAP)))
            else:
                while self._children:
                    self._end_of_child(grace=False)
                return

    def _receive(self) -> tuple[bytes, int]:
        while self._waiting and not select([self._control], (), (), NEXT_TRY)[0]:
            self._fork_waiting()
        command, ancillary, _, _ = self._control.recvmsg(1, CMSG_LEN(4))
        descriptor = int.from_bytes(ancillary[0][2], sys.byteorder) if ancillary else -1
        return command, descriptor

    def _fork_waiting(self) -> None:
        """Fork, unless there is no room for another process just now: what others hold is theirs for a while only."""
        while self._waiting:
            try:
                child = os.fork()
            except OSError:
                return
            channel = self._waiting.pop(0)
            if child == 0:
                self._become_child(channel)
            self._children.append(child)
            os.close(channel)

    def _become_child(self, channel: int) -> NoReturn:
        try:
            self._control.close()
            for other in self._waiting:  # the channel of another check is none of this one's business
                os.close(other)
            os.dup2(channel, CHANNEL)
            if channel != CHANNEL:
                os.close(channel)
            self._confinement.confine_child()
            child.serve(CHANNEL)
        finally:
            os._exit(70)

    def _end_of_child(self, *, grace: bool) -> tuple[bool, int, bool]:
        """Make sure that the oldest child has ended; see :data:`END`."""
        child = self._children.pop(0)
        ended = grace and _ends_soon(child)
        if not ended:
            os.kill(child, signal.SIGKILL)
        self._confinement.end_descendants(child)
        _, status = os.waitpid(child, 0)
        return ended, status, self._confinement.left_behind()


def _ends_soon(child: int) -> bool:
    """Whether the child is or becomes a zombie, which is left to be reaped."""
    deadline = time.monotonic() + GRACE
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.001)
    return True

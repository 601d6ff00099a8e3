"""The fork server: one warm interpreter, locked down once, that forks a child per check.

It never sees a completion. Commands come from the oracle over a control socket that no child keeps: ``F`` with a
descriptor forks a child that talks over it, ``K`` kills and reaps the child. End of file means the oracle is gone, and
so are we.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import warnings
from _socket import AF_UNIX, CMSG_LEN, SOCK_STREAM, socket
from typing import NoReturn

from . import child
from .confinement import Confinement
from .encoder import encode
from .errors import ConfinementError
from .frames import framed

# Imported once here instead of in every child: what completions import most, and what is slow to import.
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
    *("math", "operator", "random", "re", "statistics", "string", "typing"),
)

FORK, KILL = b"F", b"K"


def main() -> None:
    """Set up, lock down, say so, serve. The one argument is the settings as JSON."""
    settings = json.loads(sys.argv[1])
    control = socket(AF_UNIX, SOCK_STREAM, 0, int(settings["control"]))
    try:
        _warm_up()
        confinement = Confinement(settings)
        layers = confinement.confine_server()
    except ConfinementError as error:
        control.send(framed(encode(("error", str(error)))))
        return
    control.send(framed(encode(("ready", layers))))
    Server(control, confinement).serve()


def _warm_up() -> None:
    for name in PRELOADED:
        __import__(name)
    warnings.simplefilter("ignore")  # printing one costs more than most checks, and nobody would see it
    sys.stdin = sys.stdout = sys.stderr = child.Silence()
    sys.argv[:] = [""]
    os.environ.clear()
    gc.collect()
    gc.freeze()


class Server:
    """Forks, kills and reaps one child at a time."""

    def __init__(self, control: socket, confinement: Confinement) -> None:
        self._control = control
        self._confinement = confinement
        self._child = 0

    def serve(self) -> None:
        """Obey until the oracle is gone."""
        while True:
            command, descriptor = self._receive()
            if command == FORK:
                self._fork(descriptor)
            elif command == KILL:
                self._control.send(framed(encode(self._kill())))
            else:
                self._kill()
                return

    def _receive(self) -> tuple[bytes, int]:
        command, ancillary, _, _ = self._control.recvmsg(1, CMSG_LEN(4))
        descriptor = int.from_bytes(ancillary[0][2], sys.byteorder) if ancillary else -1
        return command, descriptor

    def _fork(self, channel: int) -> None:
        self._child = os.fork()
        if self._child == 0:
            self._become_child(channel)
        os.close(channel)
        self._control.send(framed(encode(self._child)))

    def _become_child(self, channel: int) -> NoReturn:
        try:
            self._control.close()
            self._confinement.confine_child()
            child.serve(channel)
        finally:
            os._exit(70)

    def _kill(self) -> tuple[int, float, int, bool]:
        """Wait status, CPU seconds and peak kilobytes of the child, and whether it left something behind."""
        if not self._child:
            return 0, 0.0, 0, False
        os.kill(self._child, signal.SIGKILL)
        _, status, usage = os.wait4(self._child, 0)
        self._child = 0
        return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, self._confinement.left_behind()

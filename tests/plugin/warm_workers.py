"""pytest-xdist's workers as forks, too: of a process that a warm run forks before it begins (warm_pytest.py).

A worker that starts as users' do imports for a second before it runs its first item. The run cannot be forked for them:
by then it has pipes and threads of its own. What execnet sees is what a worker of its own has: two pipes, and a process
in the same group that ends when they do.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
from collections.abc import Sequence

from execnet import gateway_io
from execnet.gateway_base import ExecModel, Popen2IO

FILES = 2  # standard input and output


def are_wanted(arguments: Sequence[str]) -> bool:
    """Whether a run with these arguments may have workers."""
    return any(argument.startswith(("-n", "--numprocesses")) and argument != "-n0" for argument in arguments)


def prepare() -> bool:
    """Fork a process for workers to be forks of; to be called before there is anything that they must not have.

    Returns:
        True in a worker, whose standard input says what to do, and False in the run.
    """
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        return _fork_workers(theirs)
    theirs.close()
    gateway_io.Popen2IOMaster = _master_through(ours)  # type: ignore[misc]
    return False


def serve() -> None:
    """What a worker's command does."""
    exec(gateway_io.popen_bootstrapline, {"__name__": "__main__"})


def _fork_workers(asked: socket.socket) -> bool:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for workers: their run watches them
    gc.freeze()
    while (question := socket.recv_fds(asked, 1, FILES))[0]:
        files = question[1]
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            for descriptor, file in enumerate(files):
                os.dup2(file, descriptor)
                os.close(file)
            return True
        for file in files:
            os.close(file)
        asked.send(pid.to_bytes(4))
    os._exit(0)  # the run has ended


def _master_through(forking: socket.socket) -> type[gateway_io.Popen2IOMaster]:
    class Master(gateway_io.Popen2IOMaster):
        """The run's end of a worker."""

        def __init__(self, args: list[str], execmodel: ExecModel) -> None:
            stdin, write = os.pipe()
            read, stdout = os.pipe()
            socket.send_fds(forking, [b"w"], [stdin, stdout])
            self._process = os.pidfd_open(int.from_bytes(forking.recv(4)))
            os.close(stdin)
            os.close(stdout)
            Popen2IO.__init__(self, os.fdopen(write, "wb"), os.fdopen(read, "rb"), execmodel)

        def wait(self) -> int | None:
            select.select([self._process], [], [])
            return None

        def kill(self) -> None:
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    return Master

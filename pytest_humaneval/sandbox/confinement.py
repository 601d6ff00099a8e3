"""What confines the server and its children: the lockdown, unless it was asked to do without, and resource limits."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import suppress
from typing import Any

from .errors import ConfinementError

FILE_SIZE = 4 << 20  # bytes of one file
DESCRIPTORS = 64
TASKS = 256  # processes and threads of a user of our own
MORE_TASKS = 1_000  # beyond what a user had when the server started, where it is shared


class Confinement:
    """The layers of one server.

    ``settings``: ``memory`` in bytes, ``scratch`` a folder, ``lockdown`` whether to lock down or only to limit
    resources.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._memory = int(settings["memory"])
        self._scratch = str(settings["scratch"])
        self._lockdown = _lockdown(self._scratch) if settings["lockdown"] else None
        self._tasks = 0

    def confine_server(self) -> list[str]:
        """Confine this process and all it will fork; the names of the layers in force.

        Raises:
            ConfinementError: one of them cannot be had.
        """
        os.chdir(self._scratch)
        os.umask(0o077)
        self._limit_resources()
        tasks = _tasks_of_user()
        layers = self._lockdown.enter() if self._lockdown else []
        self._tasks = TASKS if "own user" in layers else tasks + MORE_TASKS
        return [*layers, "rlimits"]

    def confine_child(self) -> None:
        """What only children get."""
        os.setsid()
        resource.setrlimit(resource.RLIMIT_NPROC, (self._tasks, self._tasks))
        if self._lockdown:
            self._lockdown.enter_child()

    def end_descendants(self, child: int) -> None:
        """End what a child that is dead or dying has started. In a lockdown it cannot have."""
        if self._lockdown is None:
            with suppress(OSError):
                os.killpg(child, signal.SIGKILL)

    def left_behind(self) -> bool:
        """Whether a child left something in the scratch folder."""
        try:
            with os.scandir(".") as entries:
                return next(entries, None) is not None
        except OSError:
            return True

    def _limit_resources(self) -> None:
        limits = {
            "RLIMIT_AS": self._memory,
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": FILE_SIZE,
            "RLIMIT_NOFILE": DESCRIPTORS,
            "RLIMIT_MEMLOCK": 0,
            "RLIMIT_MSGQUEUE": 0,
        }
        for name, value in limits.items():
            limit = getattr(resource, name, None)  # not every system has all of them
            if limit is not None:
                resource.setrlimit(limit, (value, value))


def _lockdown(scratch: str) -> Any:
    try:
        from .lockdown import Lockdown
    except (ImportError, AttributeError, OSError) as error:
        raise ConfinementError(f"the lockdown needs Linux and a Python with ctypes: {error}") from None
    return Lockdown(scratch)


def _tasks_of_user() -> int:
    """How many threads this user has, as far as that can be seen."""
    user, tasks = os.getuid(), 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                tasks += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue  # it has ended
    return tasks

"""What confines the server and its children: the lockdown, unless it was asked to do without, and resource limits."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from ..wire.errors import ConfinementError
from . import limits, room
from .limits import OWN_FILES, OWN_TASKS


class Confinement:
    """The layers of one server.

    ``settings``: ``memory`` in bytes, ``scratch`` a folder, ``lockdown`` whether to lock down or only to limit
    resources, ``around`` the layers that are there already.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._memory = int(settings["memory"])
        self._scratch = str(settings["scratch"])
        self._around = list(settings["around"])
        self._lockdown = _lockdown(self._scratch, self._around) if settings["lockdown"] else None
        self._tasks = 0

    def confine_server(self) -> list[str]:
        """Confine this process and all it will fork; the names of the layers in force.

        Raises:
            ConfinementError: one of them cannot be had.
        """
        os.umask(0o077)
        limits.impose(self._memory)
        shared = room.limit(counted_apart=False)
        if self._lockdown is None:
            os.chdir(self._scratch)
        layers = self._lockdown.enter() if self._lockdown else []
        counted_apart = {"own user", OWN_TASKS} & {*layers, *self._around}
        self._tasks = room.limit(counted_apart=True) if counted_apart else shared
        return [*layers, "rlimits"]

    def confine_child(self) -> None:
        """What only children get."""
        os.setsid()
        room.impose(self._tasks)
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


def _lockdown(scratch: str, around: list[str]) -> Any:
    try:
        from .lockdown import Lockdown
    except (ImportError, AttributeError, OSError) as error:
        raise ConfinementError(f"the lockdown needs Linux and a Python with ctypes: {error}") from None
    return Lockdown(scratch, own_files=OWN_FILES in around)

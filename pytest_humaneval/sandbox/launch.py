"""Which command starts the fork server, per kind of sandbox."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox.protocol import SandboxOptions

SANDBOXES = ("auto", "lockdown", "bubblewrap", "docker", "podman", "unsafe-process")

# Appended, not put in front: no file of this package shall stand in for one of the standard library.
_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from sandbox.{module} import main; sys.path.pop(); main()"


def interpreter() -> str:
    """The real interpreter: neither a virtual environment's link nor a version manager's script."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def boot(module: str, settings: Mapping[str, Any], *, python: str = "", package: str = "") -> list[str]:
    """The command that runs ``main`` of a module of this folder without the package around it.

    ``-I -S``: no environment variables, no site-packages (the data set with its solutions lies there).
    """
    python = python or interpreter()
    package = package or str(Path(__file__).parent.parent)
    return [python, "-I", "-S", "-B", "-c", _BOOT.format(module=module), package, json.dumps(settings)]


def server_command(options: SandboxOptions) -> list[str]:
    """The command for the sandbox asked for. ``{control}`` in it stands for the control socket's number.

    Raises:
        SandboxError: there is no such sandbox.
    """
    if options.name not in SANDBOXES:
        raise SandboxError(f"unknown sandbox {options.name!r}; known: {', '.join(SANDBOXES)}")
    if options.name in ("bubblewrap", "docker", "podman"):
        raise SandboxError(f"the sandbox {options.name!r} cannot be had yet; use 'auto' or 'lockdown'")
    settings = {
        "control": "{control}",
        "scratch": "{scratch}",
        "memory": options.memory_mb << 20,
        "lockdown": options.name != "unsafe-process",
    }
    return boot("server", settings)

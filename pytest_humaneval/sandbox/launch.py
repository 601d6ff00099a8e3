"""How the fork server of each sandbox is started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.wording import unknown

SANDBOXES = ("auto", "lockdown", "bubblewrap", "docker", "podman", "unsafe-process")
# Among the layers, so that every report that names them warns.
UNSAFE = "unsafe-process (warning: completions can read and change your files and use the network)"

PACKAGE = Path(__file__).parent.parent
SERVER, ORACLE = "confined.server", "oracle.oracle"  # what is started, below this folder
CONFINED = ("confined", "wire")  # the folders that the confined side sees, and nothing else of this package
# Appended, not put in front: no file of this package shall stand in for one of the standard library. The empty entry
# is the current folder.
_BOOT = (
    "import sys; sys.path[:] = [*filter(None, sys.path), sys.argv.pop(1)]; "
    "from sandbox.{module} import main; sys.path.pop(); main()"
)
# The server's whole environment: sets of words are walked in the same order in every run, so that a program that
# depends on it always gets the same verdict. The oracle has a seed of its own, which nobody can know: see MAX_HASHED.
SERVER_ENVIRONMENT = {"PYTHONHASHSEED": "0"}


@dataclass(frozen=True, slots=True)
class Launch:
    """A way to start the server, by the name of its sandbox.

    The oracle fills in what only it knows: ``{control}``, the control socket's descriptor, or ``{sockets}``, a folder
    with a socket ``control`` to connect to; ``{scratch}``, the scratch folder; ``{name}``, a name for the container.
    ``cleanup`` is run when the server has to be ended by force. ``around`` names the layers that the command adds to
    the server's own. ``advice`` is what to do about an image that is missing.
    """

    name: str
    command: tuple[str, ...]
    around: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()
    advice: str = ""


def launches(options: SandboxOptions) -> tuple[Launch, ...]:
    """The ways to start the sandbox asked for, the one to be tried first in front. Only ``auto`` has more than one.

    Raises:
        SandboxError: there is no such sandbox, or what it needs is not installed.
    """
    if options.name not in SANDBOXES:
        raise SandboxError(unknown("sandbox", options.name, SANDBOXES))
    settings = {
        "control": "{control}",
        "scratch": "{scratch}",
        "memory": options.memory_mb << 20,
        "lockdown": options.name != "unsafe-process",
        "around": [],
    }
    if options.name == "unsafe-process":
        return (Launch("unsafe-process", boot(SERVER, settings), (UNSAFE,)),)
    plain = Launch("lockdown", boot(SERVER, settings))
    if options.name == "lockdown":
        return (plain,)
    from pytest_humaneval.sandbox import bubblewrap, container

    if options.name in ("docker", "podman"):
        return (container.launch(options.name, options.image, settings),)
    if options.name == "bubblewrap":
        return (bubblewrap.launch(settings),)
    return (bubblewrap.launch(settings), plain) if bubblewrap.is_installed() else (plain,)


def interpreter() -> str:
    """The real interpreter: neither a virtual environment's link nor a version manager's script."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def boot(module: str, settings: Mapping[str, Any], *, python: str = "", package: str = str(PACKAGE)) -> tuple[str, ...]:
    """The command that runs ``main`` of a module of this folder without the package around it.

    No site-packages: the data set with its solutions lies there. The oracle ignores the worker's environment; the
    server has one of its own.
    """
    isolation = ("-s",) if module == SERVER else ("-I",)
    code = _BOOT.format(module=module)
    return (python or interpreter(), *isolation, "-S", "-B", "-c", code, package, json.dumps(settings))

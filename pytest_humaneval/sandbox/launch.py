"""What it takes to start the fork server, in whichever sandbox."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

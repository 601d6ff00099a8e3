"""The lockdown inside of a container: docker or podman, one container per worker with the fork server as its process 1.

The oracle stays outside. It listens on a socket in a folder of its own, which is all that the container shares with the
host; the server connects to it once, before it locks itself down.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox.confined.limits import OWN_FILES, OWN_TASKS, SCRATCH_ENTRIES, SCRATCH_SIZE
from pytest_humaneval.sandbox.launch import CONFINED, PACKAGE, SERVER, SERVER_ENVIRONMENT, Launch, boot

_SCRATCH = "/humaneval/scratch"  # not in the image: an existing folder would keep its own mode
_INSIDE = "/humaneval"  # where this package's files are seen
_SOCKETS = "/humaneval/sockets"
_MORE_MEMORY = 256 << 20  # bytes for the server, beside what a child may have
_PROCESSES = 256
_PACKAGES = {"docker": "docker.io", "podman": "podman"}  # of Debian


def default_image() -> str:
    """The official image of this interpreter's version, so that programs run on the same Python."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def launch(program: str, image: str, settings: Mapping[str, Any]) -> Launch:
    """How to start the server with ``program``, docker or podman, in ``image``: any that has a python3 from 3.10 on.

    Raises:
        SandboxError: the program is not installed.
    """
    path = shutil.which(program)
    if path is None:
        package = _PACKAGES[program]
        raise SandboxError(f"the sandbox {program!r} needs the program {program}; on Debian: apt-get install {package}")
    settings = {**settings, "control": f"{_SOCKETS}/control", "scratch": _SCRATCH}
    settings["around"] = [OWN_FILES, OWN_TASKS]
    inside = boot(SERVER, settings, python="python3", package=_INSIDE)
    image = image or default_image()
    command = (path, "run", *_options(program, int(settings["memory"])), image, *inside)
    advice = f"the image must be pulled first: {program} pull {image}"
    return Launch(program, command, (program,), cleanup=(path, "rm", "--force", "{name}"), advice=advice)


def _options(program: str, memory: int) -> Iterator[str]:
    yield from ("--rm", "--name", "{name}", "--pull", "never", "--log-driver", "none")
    for name, value in {**SERVER_ENVIRONMENT, "PYTHONPATH": ""}.items():
        yield from ("--env", f"{name}={value}")
    yield from ("--network", "none", "--ipc", "none", "--hostname", "sandbox")
    yield from ("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", _own_user())
    yield from ("--pids-limit", str(_PROCESSES), "--memory", str(memory + _MORE_MEMORY))
    yield from ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    yield from ("--read-only", *(["--read-only-tmpfs=false"] if program == "podman" else []))
    # podman refuses a limit on the number of files; there as here they count towards the container's memory.
    limits = f"size={SCRATCH_SIZE}" + (f",nr_inodes={SCRATCH_ENTRIES}" if program == "docker" else "")
    yield from ("--tmpfs", f"{_SCRATCH}:rw,nosuid,nodev,noexec,{limits},mode=1777")
    # Not --volume, which makes the folder on this machine when it has gone meanwhile.
    for folder in CONFINED:
        yield from ("--mount", _bind(str(PACKAGE / "sandbox" / folder), f"{_INSIDE}/sandbox/{folder}"))
    yield from ("--mount", _bind("{sockets}", _SOCKETS))


def _own_user() -> str:
    """A number that no other container has at the moment, in all likelihood: the kernel counts threads by user.

    It is one of those that systemd gives to services for as long as they run, and that people never have.
    """
    user = random.randint(61184, 65519)
    return f"{user}:{user}"


def _bind(source: str, target: str) -> str:
    """A folder seen inside, to be read only, in the form of comma-separated values that both programs take."""
    quoted = source.replace('"', '""')
    return f'type=bind,"source={quoted}",target={target},readonly'

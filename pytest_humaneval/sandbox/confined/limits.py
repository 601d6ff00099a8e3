"""The resource limits of server and children, and whether the shell that started us leaves room for them."""

from __future__ import annotations

import resource

from ..wire.errors import ConfinementError

FILE_SIZE = 4 << 20  # bytes of one file
DESCRIPTORS = 128  # each may hold a full socket buffer in the kernel, some 200 KiB
CPU_SECONDS = 60  # of the oracle and the server, which judge everything there is in one run
SCRATCH_SIZE = 16 << 20  # bytes of the scratch folder's file system
SCRATCH_ENTRIES = 1_000  # files and folders in it

# Layers that may be there already when the server starts: by a container, or by bubblewrap.
OWN_FILES = "own file system"  # the scratch folder is one, with the limits above
OWN_TASKS = "own task count"  # the kernel counts this server's threads apart from all others


def impose(memory: int) -> None:
    """Limit this process and what it forks; ``memory`` is in bytes.

    Raises:
        ConfinementError: the limits that were inherited are too low to do any work in.
    """
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": FILE_SIZE,
        "RLIMIT_NOFILE": DESCRIPTORS,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, value in {"RLIMIT_CPU": CPU_SECONDS, **limits}.items():
        _need(name, value)
    for name, value in limits.items():
        _set(name, value)


def lift() -> None:
    """Raise the soft limits that are in the way of a process that works for long and starts others."""
    for name in ("RLIMIT_CPU", "RLIMIT_NPROC"):
        _set(name, None)


def inherited(name: str) -> int | None:
    """The hard limit; None when there is none, or no such resource on this system."""
    limit = getattr(resource, name, None)
    hard = resource.RLIM_INFINITY if limit is None else resource.getrlimit(limit)[1]
    return None if hard == resource.RLIM_INFINITY else hard


# Of the limits that a shell may set, its option, its unit in bytes (or 1), what it counts.
_SHELL = {
    "RLIMIT_CPU": ("-t", 1, "seconds of CPU time for each process"),
    "RLIMIT_AS": ("-v", 1024, "KiB of memory for each process"),
    "RLIMIT_FSIZE": ("-f", 1024, "KiB for each file"),
    "RLIMIT_NOFILE": ("-n", 1, "open files for each process"),
}


def _need(name: str, value: int) -> None:
    hard = inherited(name)
    if hard is not None and hard < value and name in _SHELL:
        option, unit, what = _SHELL[name]
        raise ConfinementError(
            f"the limits of the calling shell are too low: {hard // unit} {what} (ulimit {option}), and the sandbox "
            f"needs {value // unit}; raise the limit and start again"
        )


def _set(name: str, value: int | None) -> None:
    """Set the soft and the hard limit; None: the soft one is to be what the hard one is."""
    limit = getattr(resource, name, None)
    if limit is not None:
        hard = resource.getrlimit(limit)[1]
        new = hard if value is None or 0 <= hard < value else value
        resource.setrlimit(limit, (new, new))

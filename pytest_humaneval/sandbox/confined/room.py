"""How many threads a child may have, and whether the surroundings leave room for them.

Without pathlib: what a server has imported, each of its children is slower for.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable

from ..wire.errors import ConfinementError
from .limits import inherited

TASKS = 130  # threads of a child, the server, and the child that waits
MORE_TASKS = 1_000  # for all of a user's sandboxes together, where their threads are counted together


def check() -> None:
    """Make sure, before anything is started, that a child can have its threads.

    Raises:
        ConfinementError: this user, or this control group, may not have as many.
    """
    allowed = inherited("RLIMIT_NPROC")
    if allowed is not None:
        there = tasks_of_user() if os.geteuid() else 0  # root's servers become users of their own
        _need(allowed - there, "the limit of the calling shell (ulimit -u)")
    for left in _left_in_groups():
        _need(left, "the control group's limit (pids.max)")


def limit(*, counted_apart: bool) -> int:
    """The number of tasks of this user up to which a child may start threads.

    ``counted_apart``: the server is the only one whose tasks are counted.
    """
    wanted = TASKS if counted_apart else tasks_of_user() + MORE_TASKS
    allowed = inherited("RLIMIT_NPROC")
    return wanted if allowed is None else min(wanted, allowed)


def namespaces_count() -> bool:
    """Whether this kernel counts the tasks of a user namespace apart from those outside."""
    version = os.uname().release.split(".")[:2]
    return [int("".join(filter(str.isdigit, part)) or 0) for part in version] >= [5, 14]


def impose(limit: int) -> None:
    """Hold this process to it."""
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))


def _need(left: int, what: str) -> None:
    if left < TASKS:
        raise ConfinementError(
            f"{what} leaves room for {max(0, left)} more processes and threads, and a sandbox needs {TASKS}; raise "
            "the limit and start again"
        )


def tasks_of_user() -> int:
    """How many threads this user has, as far as that can be seen."""
    user, tasks = os.getuid(), 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                tasks += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue  # it has ended
    return tasks


def _left_in_groups() -> Iterable[int]:
    """What is left in the control groups this process is in, from the innermost one outwards, where it can be seen."""
    try:
        lines = _text_of("/proc/self/cgroup").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "pids"):  # version 2, or version 1
            yield from _left_in(os.path.join("/sys/fs/cgroup", controllers), path.strip("/"))


def _left_in(root: str, path: str) -> Iterable[int]:
    parts = path.split("/")
    for depth in range(len(parts), -1, -1):
        folder = os.path.join(root, *parts[:depth])
        try:
            limit, current = (_text_of(os.path.join(folder, name)) for name in ("pids.max", "pids.current"))
            yield int(limit) - int(current)
        except (OSError, ValueError):
            continue  # no such group here (a container sees its own as the root), or no limit


def _text_of(path: str) -> str:
    with open(path) as file:
        return file.read()

"""A directory that only its owner can enter, with small files in it that say what outlives a run: engines, a service.

Whoever could write here could make a run talk to a process of theirs, so nothing in it is read before it is certain
that nobody else can. It lies in the user's runtime directory, else in the cache directory, there in a folder for each
machine, as homes are shared between machines and processes are not.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.models.find import default_cache_directory


def default_directory() -> Path:
    """Where the state of this user's lingering engines and service is kept on this machine."""
    for runtime in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if runtime and Path(runtime).is_dir():
            return Path(runtime, "pytest-humaneval")
    return default_cache_directory() / "run" / (platform.node() or "localhost")


class PrivateDirectory:
    """JSON objects by name, each written in one step, in a directory that was checked."""

    def __init__(self, path: Path) -> None:
        """Make the directory where there is none, and check it.

        Raises:
            InputError: somebody else could write to it, or it cannot be made.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = path.lstat()
        except OSError as error:
            raise InputError(f"{path} cannot be used ({error.strerror}); {_WAY_OUT}") from error
        if trouble := _trouble(status):
            raise InputError(f"{path} {trouble}, so its contents cannot be trusted; remove it, or {_WAY_OUT}")

    @classmethod
    def existing(cls, path: Path) -> Self | None:
        """The same without making one: None where there is none.

        Raises:
            InputError: somebody else could write to it.
        """
        return cls(path) if os.path.lexists(path) else None

    def names(self, prefix: str) -> list[str]:
        """The names of the objects that begin like this, sorted."""
        return sorted(path.stem for path in self.path.glob(f"{prefix}*.json"))

    def read(self, name: str) -> dict[str, Any]:
        """An object; empty where there is none, or none that can be read."""
        try:
            # O_NOFOLLOW: a link is nothing that we wrote.
            descriptor = os.open(self.path / f"{name}.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, encoding="utf-8") as file:
                if os.fstat(descriptor).st_uid != os.geteuid():
                    return {}
                value = json.load(file)
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Keep an object in one step: a reader sees the former one or this one."""
        partial = self.path / f"{name}.{os.getpid()}.partial"
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file)
        partial.replace(self.path / f"{name}.json")

    def remove(self, name: str) -> None:
        """Forget an object."""
        with contextlib.suppress(OSError):
            (self.path / f"{name}.json").unlink()

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One process at a time; the kernel lets go of it however its holder ends."""
        descriptor = os.open(self.path / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


_WAY_OUT = "name another runtime directory with XDG_RUNTIME_DIR"


def _trouble(status: os.stat_result) -> str:
    """Why a directory cannot be trusted; empty when it can."""
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, not to user {os.geteuid()}"
    if (mode := stat.S_IMODE(status.st_mode)) & 0o077:
        return f"is open to other users (mode {mode:04o}, expected {mode & 0o700:04o})"
    return ""

"""The control socket of a container's sandbox: anyone may write to it, and nobody else gets there."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pytest_humaneval.sandbox.oracle.server_process import Door

NOBODY = 65534


@pytest.fixture
def workspace() -> Iterator[Path]:
    """As ProcessSandbox makes it: others may pass through it, and its path leaves room for a socket's name."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_only_the_owner_enters_the_folder_around_the_socket(workspace: Path) -> None:
    door = Door(str(workspace))
    try:
        sockets = Path(door.folder)
        private = sockets.parent
        assert private.parent == workspace
        assert stat.S_IMODE(private.stat().st_mode) == 0o700, "whoever cannot enter it reaches nothing below"
        assert private.stat().st_uid == os.geteuid()
        assert stat.S_ISSOCK((sockets / "control").stat().st_mode)
        assert [path.name for path in sockets.iterdir()] == ["control"], "nothing else is shown to the container"
    finally:
        door.close()
    assert list(workspace.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_cannot_connect(workspace: Path) -> None:
    """Not even one who knows the path."""
    door = Door(str(workspace))
    try:
        path = os.path.join(door.folder, "control")
        assert _knock_as(NOBODY, path) == errno.EACCES
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(path)
    finally:
        door.close()


def _knock_as(user: int, path: str) -> int:
    """The number of the error that another user gets; no Python of its own, which it might not be allowed to read."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            socket.socket(socket.AF_UNIX).connect(path)
        except OSError as error:
            os._exit(error.errno or 255)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

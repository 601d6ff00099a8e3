"""Runs Python as a user without any privilege, also where this process is root and its interpreter only root's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox_image import LEFT_OUT

from pytest_humaneval.sandbox.launch import interpreter

ROOT = Path(__file__).parent.parent.parent
_USER = 65534
_ORDINARY = (
    *("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"),
    *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE=1"),
)
_KEPT = ("DOCKER_HOST", "CONTAINERS_CONF")
# Site-packages one by one, with the .pth files in them: an editable install is one.
_RUN = """import runpy, site, sys
for folder in sys.argv.pop(1).split(":"): site.addsitedir(folder)
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


class OrdinaryUser:
    """User 65534 with an interpreter that it may run."""

    def __init__(self, python: str, home: str = "/tmp") -> None:
        self.python = python
        self._home = home

    def run_module(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m module`` with all packages that this process has."""
        folders = [
            str(ROOT),
            *(path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")),
        ]
        kept = [f"{name}={os.environ[name]}" for name in _KEPT if name in os.environ]
        command = (
            *_ORDINARY,
            f"HOME={self._home}",
            *kept,
            self.python,
            "-c",
            _RUN,
            ":".join(folders),
            module,
            *arguments,
        )
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")

    def can_run(self) -> bool:
        """Whether it sees the interpreter and the packages."""
        return self.run_module("pytest", "--version").returncode == 0


class NoOrdinaryUserError(Exception):
    """There is none; the text says why."""


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """The user, with this interpreter, one like it in the usual places, or else a copy of this one.

    Raises:
        NoOrdinaryUserError: this process is one itself, or the packages lie where only root can read.
    """
    if os.geteuid() != 0:
        raise NoOrdinaryUserError("not root: whatever this process does, an ordinary user does")
    if shutil.which("setpriv") is None:
        raise NoOrdinaryUserError("setpriv is not installed; on Debian: apt-get install util-linux")
    with tempfile.TemporaryDirectory(prefix="ordinary-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        home = Path(folder, "home")
        home.mkdir()
        os.chown(home, _USER, _USER)
        yield _user_with_interpreter(Path(folder), str(home))


def _user_with_interpreter(folder: Path, home: str) -> OrdinaryUser:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (interpreter(), f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if os.path.exists(python) and (user := OrdinaryUser(python, home)).can_run():
            return user
    user = OrdinaryUser(copy_of_interpreter(folder / "python"), home)
    if not user.can_run():
        raise NoOrdinaryUserError(f"user {_USER} cannot read the packages of {sys.prefix}")
    return user


def copy_of_interpreter(folder: Path) -> str:
    """A copy without packages that anybody may run."""
    library = Path(os.__file__).parent
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    for shared in Path(sys.base_prefix, "lib").glob("libpython*.so*"):
        shutil.copy(shared, folder / "lib")
    shutil.copytree(library, folder / "lib" / library.name, ignore=lambda path, names: LEFT_OUT & set(names))
    return shutil.copy(interpreter(), str(folder / "bin" / library.name))

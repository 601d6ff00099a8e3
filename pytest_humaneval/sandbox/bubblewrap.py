"""The lockdown inside of bubblewrap's namespaces: another view of files, processes, network, users and host name.

What it adds to the lockdown: paths outside do not even exist, and the server is process 1 of its own world, which takes
everything along when it ends.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox.confined.limits import OWN_TASKS
from pytest_humaneval.sandbox.confined.readable import DEVICES, HIDDEN, LIBRARY_FOLDERS, TABLES
from pytest_humaneval.sandbox.confined.room import namespaces_count
from pytest_humaneval.sandbox.launch import CONFINED, PACKAGE, SERVER, SERVER_ENVIRONMENT, Launch, boot, interpreter

_SCRATCH = "{scratch}"  # the oracle's name for it: a test may pass it on
_INSIDE = "/humaneval"  # where this package's files are seen

# As root there is no need for a user namespace, and without one the server can become a user of its own. These are
# what that takes; it drops them then.
_OWN_USER = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_CHOWN")


def is_installed() -> bool:
    """Whether there is a bubblewrap to be tried."""
    return shutil.which("bwrap") is not None


def launch(settings: Mapping[str, Any]) -> Launch:
    """How to start the server in bubblewrap.

    Raises:
        SandboxError: bubblewrap is not installed.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError("the sandbox 'bubblewrap' needs the program bwrap; on Debian: apt-get install bubblewrap")
    around = [OWN_TASKS] if os.geteuid() and namespaces_count() else []
    inside = boot(SERVER, {**settings, "scratch": _SCRATCH, "around": around}, package=_INSIDE)
    return Launch("bubblewrap", (bwrap, *_options(), "--", *inside), ("bubblewrap",))


def _options() -> Iterator[str]:
    yield from ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--as-pid-1", "--die-with-parent", "--new-session", "--clearenv", "--chdir", "/")
    for name, value in SERVER_ENVIRONMENT.items():
        yield from ("--setenv", name, value)
    yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN")  # to mount the scratch folder's file system
    if os.geteuid() == 0:
        for capability in _OWN_USER:
            yield from ("--cap-add", capability)
    else:
        yield "--unshare-user"
    yield from _mounts()


def _mounts() -> Iterator[str]:
    """This interpreter's files, without site-packages; nothing else. /proc is left out on purpose."""
    for path in _library_folders():
        yield from ("--ro-bind", path, path)
    for path in _hidden_folders():
        yield from ("--tmpfs", path, "--remount-ro", path)
    yield from ("--ro-bind", interpreter(), interpreter())
    for folder in CONFINED:
        yield from ("--ro-bind", str(PACKAGE / "sandbox" / folder), f"{_INSIDE}/sandbox/{folder}")
    for path in TABLES:
        yield from ("--ro-bind-try", path, path)
    for path in DEVICES:
        yield from ("--dev-bind", path, path)
    yield from ("--dir", _SCRATCH, "--remount-ro", "/")


def _library_folders() -> list[str]:
    """Where this interpreter's standard and shared libraries lie; outer folders first, as mounts hide what is below."""
    prefix = Path(sys.base_prefix)
    folders = {*LIBRARY_FOLDERS, str(prefix / "lib"), str(prefix / "lib64"), os.path.dirname(os.__file__)}
    folders |= {str(folder) for name in ("LIBDIR", "DESTSHARED") if (folder := sysconfig.get_config_var(name))}
    return sorted(folder for folder in folders if os.path.isdir(folder))


def _hidden_folders() -> list[str]:
    paths = (path for folder in _library_folders() for name in HIDDEN for path in Path(folder).glob(f"python*/{name}"))
    return sorted({str(path) for path in paths if path.is_dir()})

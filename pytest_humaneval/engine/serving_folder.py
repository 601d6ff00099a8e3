"""The folder for a server's temporary files: vLLM leaves one at every start, and nobody else removes it.

The server holds a lock on it for as long as it lives, however it ends, and whatever process ids there are by then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator

PREFIX = "humaneval-serve-"
MAX_PATH = 70  # characters: vLLM's sockets lie in it, with names of 36, and the kernel takes 107 for both


def own_folder() -> str:
    """A folder that only this user enters, locked by this process and what it becomes.

    Empty where the folder for temporary files has too long a name for one, or cannot be written.
    """
    remove_left_behind()
    with contextlib.suppress(OSError):
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.set_inheritable(descriptor, True)
        if len(folder) <= MAX_PATH and os.path.isdir(folder):  # another server may have just taken it for left
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
    return ""


def remove_left_behind() -> None:
    """Remove the folders of servers that are no more."""
    for path in _own_folders():
        with contextlib.suppress(OSError), _locked(path):
            shutil.rmtree(path, ignore_errors=True)


def _own_folders() -> Iterator[str]:
    """Those of this user; a link is none of them."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if not entry.name.startswith(PREFIX) or not entry.is_dir(follow_symlinks=False):
                continue
            if entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                yield entry.path


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """For a moment.

    Raises:
        OSError: a server has it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)

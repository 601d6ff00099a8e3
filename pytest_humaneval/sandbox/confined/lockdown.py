"""The base lockdown: no_new_privs, no privileges, Landlock, seccomp. Needs neither root nor namespaces nor a
container.

Importing this file needs Linux and ctypes.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

from ..wire.errors import ConfinementError
from . import landlock, linux, namespaces, privileges, readable, seccomp
from .limits import OWN_FILES
from .syscalls import UnsupportedError


class Lockdown:
    """The lockdown of one server. Enter it once; every child then only adds the second filter."""

    def __init__(self, scratch: str, *, own_files: bool) -> None:
        """Prepare what can fail for want of a table. ``own_files``: the scratch folder's file system has a size.

        Raises:
            ConfinementError: there is none for this architecture.
        """
        self._scratch = scratch
        self._own_files = own_files
        try:
            self._server_filter = seccomp.Filter(seccomp.server_filter(linux.MACHINE))
            self._child_filter = seccomp.Filter(seccomp.child_filter(linux.MACHINE))
        except UnsupportedError as error:
            raise ConfinementError(str(error)) from None
        self._die_with_server = linux.prepared_prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)

    def enter(self) -> list[str]:
        """Lock this process and all it will fork; the layers' names.

        The order matters: the scratch folder is mounted before a rule is made for it, rules while files can still be
        opened, the death signal is set after the change of user, which clears it, and seccomp comes last, because it
        forbids the rest.

        Raises:
            ConfinementError: a layer cannot be had.
        """
        linux.share_arenas()
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        layers = [] if self._own_files else namespaces.enter(self._scratch)
        os.chdir(self._scratch)
        with self._ruleset(may_write=self._own_files or OWN_FILES in layers) as rules:
            layers += privileges.drop(self._scratch)
            linux.prctl(linux.PR_SET_DUMPABLE, 0)  # nobody of the same user may trace it or read its memory
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            rules.enforce()
        try:
            self._server_filter.install()
        except OSError as error:
            raise ConfinementError(f"this kernel has no seccomp filters: {error.strerror}") from None
        _prove()
        return ["seccomp", "landlock", *layers, "no new privileges"]

    def enter_child(self) -> None:
        """What only children get: no more processes, no signals; death with the server."""
        self._die_with_server()
        self._child_filter.install()

    def _ruleset(self, *, may_write: bool) -> landlock.Ruleset:
        """What may be read; the scratch folder may be written only where that has an end, however files are hidden."""
        try:
            rules = landlock.Ruleset()
        except OSError as error:
            raise ConfinementError(landlock.missing(error)) from None
        rules.allow(readable.standard_library(), landlock.READ)
        rules.allow(readable.library_roots(), landlock.READ_DIR)
        rules.allow(readable.shared_libraries(), landlock.READ)
        rules.allow(readable.DEVICES, landlock.READ_FILE | landlock.WRITE_FILE)
        rules.allow(readable.TABLES, landlock.READ)
        rules.allow([self._scratch], landlock.CHANGE if may_write else landlock.READ)
        return rules


def _prove() -> None:
    """Try what must now be impossible: a layer that is said to be in force shall be."""
    _must_fail("read files outside", errno.EACCES, lambda: os.close(os.open("/", os.O_RDONLY)))
    _must_fail("open sockets", errno.EPERM, lambda: linux.syscall("socket", 2, 1, 0))
    _must_fail("trace processes", errno.EPERM, lambda: linux.syscall("ptrace", 0, 0, 0, 0))


def _must_fail(what: str, error: int, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except OSError as failure:
        if failure.errno == error:
            return
    raise ConfinementError(f"the lockdown does not hold: generated code could {what}")

"""Which system calls generated code may make: a list of what is allowed; all else fails.

Two filters. The first is installed once, in the server, and inherited by all children. The second is small, forbids
what only the server needs (above all: to fork) and is installed in every child. The kernel obeys the stricter of the
two.
"""

from __future__ import annotations

import ctypes
import errno
import os
from _socket import AF_UNIX
from collections.abc import Iterator

from . import linux
from .bpf import ALLOW, Rule, Test, fail, program
from .syscalls import numbers

_SET_MODE_FILTER = 1
_SPEC_ALLOW = 1 << 2  # no speculation brakes: nothing here shares memory with a secret, and they slow every check

# Unconditionally. Not here, because Landlock does not cover them: chmod, chown, utimensat, setxattr, truncate, flock,
# readlink (what a link outside points to is content, as much as a file's).
# Not here, because they would reach others: all kinds of kill, ptrace, process_vm_*, setpriority, sched_set*, setpgid.
# Not here, because they hold memory that no limit counts: memfd_create, shmget, io_uring_setup, fallocate.
_ALLOWED = """
    read write readv writev pread64 pwrite64 preadv pwritev lseek close dup dup2 dup3 pipe pipe2 fsync fdatasync
    ftruncate sendfile copy_file_range stat fstat lstat newfstatat statx access faccessat faccessat2
    getdents64 getcwd chdir fchdir umask mkdir mkdirat rmdir unlink unlinkat rename renameat
    renameat2 statfs fstatfs munmap mprotect brk membarrier exit exit_group futex
    set_robust_list get_robust_list set_tid_address rseq gettid sched_yield sched_getaffinity restart_syscall
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer setitimer alarm poll
    ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 recvfrom recvmsg shutdown
    getsockname getpeername getsockopt getpid getppid getuid geteuid getgid getegid getresuid getresgid
    getgroups getpgrp getpgid getsid getpriority uname sysinfo getrusage getrlimit setrlimit getrandom getcpu
    wait4 waitid kill setsid seccomp
""".split()  # noqa: SIM905 - a table, not a list of strings

# What the C libraries start a thread with: everything shared, above all memory and table of files. A thread with a
# table of its own would multiply what descriptors may hold in the kernel. musl adds CLONE_DETACHED, a flag of old.
_THREAD = 0x003D0F00
_CLONE_DETACHED = 0x00400000
# CLONE_NEWTIME .. CLONE_NEWNET, CLONE_PTRACE, CLONE_PARENT, CLONE_UNTRACED: no namespaces, no foreign parents.
_CLONE_SPECIAL = 0x7E020080 | 0x2000 | 0x8000 | 0x00800000
_O_TMPFILE = 0o20000000
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW (sqlite's locks, which need an open file),
# F_DUPFD_CLOEXEC; not F_SETOWN.
_TAKEN_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 1030)
_TAKEN_IOCTLS = (0x5421, 0x541B, 0x5450, 0x5451)  # FIONBIO, FIONREAD, FIONCLEX, FIOCLEX
# Only private mappings: the memory of shared ones outlives them, and neither RLIMIT_AS nor the resident size counts
# it. Beside MAP_PRIVATE: MAP_FIXED, MAP_ANONYMOUS, MAP_DENYWRITE, MAP_NORESERVE, MAP_POPULATE, MAP_STACK,
# MAP_FIXED_NOREPLACE. Not MAP_HUGETLB, whose pages are the machine's.
_MAP_PRIVATE = 0x02
_MAP_HARMLESS = 0x10 | 0x20 | 0x800 | 0x4000 | 0x8000 | 0x20000 | 0x100000
_MREMAPS = (0, 1)  # MREMAP_MAYMOVE; not to a place of one's choice
# MADV_NORMAL .. MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE: what allocators say.
_ADVICE = (0, 1, 2, 3, 4, 8, 14, 15)
_SEND_HARMLESS = 0x40 | 0x4000  # MSG_DONTWAIT, MSG_NOSIGNAL; not MSG_OOB, which no reader of a stream expects
_LOW = 0xFFFFFFFF  # what the kernel looks at when an argument is an int
_WHOLE = 0xFFFFFFFFFFFFFFFF


def _one_of(argument: int, values: tuple[int, ...], error: int = errno.EPERM) -> Rule:
    return Rule(tuple((Test(argument, _LOW, value),) for value in values), error)


def _opening(flags: int) -> Rule:
    """No O_TMPFILE (its files are in no directory where they could be counted), and no read-only O_TRUNC.

    Landlock before its third version lets the latter truncate files that it protects from writing.
    """
    named = Test(flags, _O_TMPFILE, 0)
    modes = (Test(flags, os.O_TRUNC, 0), Test(flags, 3, os.O_WRONLY), Test(flags, 3, os.O_RDWR))
    return Rule(tuple((named, mode) for mode in modes), errno.EPERM)


def _only(argument: int, harmless: int, needed: int = 0) -> tuple[Test, ...]:
    """Of the flags, those that are needed, and no others than harmless ones."""
    return (Test(argument, _LOW & ~harmless, needed),)


def server_rules() -> Iterator[tuple[str, int | Rule]]:
    """What the server and all its children may do at most; what is called most in front."""
    yield "mmap", Rule((_only(3, _MAP_HARMLESS, _MAP_PRIVATE),), errno.EPERM)
    yield "clone", Rule(((Test(0, _CLONE_SPECIAL, 0),),), errno.EPERM)
    yield "openat", _opening(2)
    yield "open", _opening(1)
    yield "fcntl", _one_of(1, _TAKEN_FCNTLS)
    yield "ioctl", _one_of(1, _TAKEN_IOCTLS, errno.ENOTTY)
    yield "socketpair", _one_of(0, (AF_UNIX,))  # asyncio wakes itself through one
    to_the_other_end = Test(4, _WHOLE, 0)  # of a pair: no address
    yield "sendto", Rule(((to_the_other_end, *_only(3, _SEND_HARMLESS)),), errno.EPERM)
    yield "mremap", _one_of(3, _MREMAPS)
    yield "madvise", _one_of(2, _ADVICE, errno.EINVAL)
    yield "prlimit64", _one_of(0, (0,))
    yield "prctl", _one_of(0, (linux.PR_SET_NAME, linux.PR_GET_NAME, linux.PR_SET_VMA, linux.PR_SET_PDEATHSIG))
    for name in _ALLOWED:
        yield name, ALLOW
    for name in ("readlink", "readlinkat"):
        yield name, fail(errno.EACCES)
    for name in ("clone3", "openat2"):
        yield name, fail(errno.ENOSYS)  # arguments in memory cannot be judged; the C library falls back


def child_rules() -> Iterator[tuple[str, int | Rule]]:
    """What children may not do, though the server may."""
    yield "clone", Rule((_only(0, _CLONE_DETACHED, _THREAD),), errno.EPERM)  # threads, not processes
    yield "prctl", _one_of(0, (linux.PR_SET_NAME, linux.PR_GET_NAME, linux.PR_SET_VMA))
    for name in ("kill", "setsid", "seccomp", "wait4", "waitid", "recvmsg"):
        yield name, fail(errno.EPERM)


def server_filter(machine: str) -> bytes:
    """The first filter's program."""
    return program(machine, numbers(machine), server_rules(), fail(errno.EPERM))


def child_filter(machine: str) -> bytes:
    """The second filter's program."""
    return program(machine, numbers(machine), child_rules(), ALLOW)


class Filter:
    """A program ready to be installed: everything that can be made once has been made."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // 8, ctypes.cast(self._code, ctypes.c_void_p))
        arguments = (_SET_MODE_FILTER, _SPEC_ALLOW, ctypes.byref(self._program))
        self._install = linux.prepared_syscall("seccomp", *arguments)

    def install(self) -> None:
        """Filter this process and what it forks, for ever. Needs no_new_privs.

        Raises:
            OSError: the kernel has no seccomp filters.
        """
        self._install()


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

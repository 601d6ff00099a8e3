"""The filters, run by a small interpreter of the kernel's language: also those of the machine this is not."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

pytest.importorskip("ctypes")

from pytest_humaneval.sandbox.confined import seccomp
from pytest_humaneval.sandbox.confined.bpf import ALLOW, AUDIT_ARCH, KILL_PROCESS, X32_BIT, fail
from pytest_humaneval.sandbox.confined.syscalls import UnsupportedError, numbers

MACHINES = ("x86_64", "aarch64")
FORBIDDEN = (
    *("chmod", "fchmodat", "truncate", "kill", "ptrace", "socket", "connect", "execve", "fork", "vfork", "mount"),
    *("io_uring_setup", "bpf", "memfd_create", "unshare", "sendmsg", "process_vm_writev", "pidfd_open"),
)
# What is not in our table, because nothing of ours names it: x86-64, aarch64.
OTHERS = {
    "chmod": (90, None), "fchmodat": (268, 53), "truncate": (76, 45), "connect": (42, 203), "execve": (59, 221),
    "fork": (57, None), "vfork": (58, None), "mount": (165, 40), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "memfd_create": (319, 279), "unshare": (272, 97), "sendmsg": (46, 211), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
}  # fmt: skip


def verdict(code: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the kernel would do: seccomp_data in, action out."""
    data = struct.pack("<iIQ6Q", number, AUDIT_ARCH[machine], 0, *(*arguments, *[0] * (6 - len(arguments))))
    return run(code, data)


def run(code: bytes, data: bytes) -> int:
    accumulator = position = 0
    while True:
        operation, if_true, if_false, k = struct.unpack_from("<HBBI", code, 8 * position)
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif operation == 0x54:
            accumulator &= k
        elif operation == 0x15:
            position += if_true if accumulator == k else if_false
        elif operation == 0x35:
            position += if_true if accumulator >= k else if_false
        elif operation == 0x06:
            return int(k)
        else:
            raise AssertionError(f"no such operation {operation:#x}")


def number_of(name: str, machine: str) -> int | None:
    other = OTHERS.get(name, (None, None))[MACHINES.index(machine)]
    return other if other is not None else numbers(machine).get(name)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_call_fails_in_children(machine: str, name: str) -> None:
    number = number_of(name, machine)
    if number is not None:
        strictest = {
            verdict(seccomp.server_filter(machine), machine, number),
            verdict(seccomp.child_filter(machine), machine, number),
        }
        assert fail(errno.EPERM) in strictest


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["read", "write", "munmap", "futex", "openat", "exit_group", "getrandom"])
def test_everyday_call_is_allowed(machine: str, name: str) -> None:
    number = numbers(machine)[name]
    assert verdict(seccomp.server_filter(machine), machine, number) == ALLOW
    assert verdict(seccomp.child_filter(machine), machine, number) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_beyond_the_table_fail(machine: str) -> None:
    known = set(numbers(machine).values())
    unknown = set(range(1000)) - known
    assert {verdict(seccomp.server_filter(machine), machine, number) for number in unknown} == {fail(errno.EPERM)}


SIGCHLD, THREAD, NEWUSER, VM = 17, 0x3D0F00, 0x10000000, 0x100


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("flags", "server", "child"),
    [
        (SIGCHLD | 0x01200000, True, False),  # as fork() calls it
        (THREAD, True, True),  # as pthread_create() calls it
        (SIGCHLD | NEWUSER, False, False),
        (THREAD | NEWUSER, False, False),
        (THREAD | 0x400000, True, True),  # as musl does
        (THREAD & ~0x400, True, False),  # without CLONE_FILES: a table of its own
        (THREAD & ~0x200, True, False),  # without CLONE_FS
        (SIGCHLD | VM, True, False),
        (SIGCHLD | 0x8000, False, False),  # CLONE_PARENT
    ],
)
def test_server_may_fork_and_children_only_start_threads(machine: str, flags: int, server: bool, child: bool) -> None:
    clone = numbers(machine)["clone"]
    assert (verdict(seccomp.server_filter(machine), machine, clone, flags) == ALLOW) is server
    assert (verdict(seccomp.child_filter(machine), machine, clone, flags) == ALLOW) is child


RDONLY, WRONLY, RDWR, CREAT, TRUNC, TMPFILE = 0, 1, 2, 0o100, 0o1000, 0o20000000


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("flags", "allowed"),
    [
        (RDONLY, True),
        (WRONLY | CREAT | TRUNC, True),
        (RDWR | TRUNC, True),
        (RDONLY | TRUNC, False),
        (RDWR | TMPFILE, False),
        (RDWR | TMPFILE | TRUNC, False),
    ],
)
def test_opening_neither_truncates_what_it_reads_nor_makes_nameless_files(
    machine: str, flags: int, allowed: bool
) -> None:
    opening = numbers(machine)["openat"]
    assert (verdict(seccomp.server_filter(machine), machine, opening, 0, 0, flags) == ALLOW) is allowed


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "action"),
    [
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (1,), fail(errno.EPERM)),
        ("prlimit64", (1 << 32,), ALLOW),  # a process id has 32 bits: this is 0 to the kernel too
        ("socketpair", (1,), ALLOW),
        ("socketpair", (2,), fail(errno.EPERM)),
        ("sendto", (3, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 1), fail(errno.EPERM)),
        ("sendto", (3, 0, 0, 0, 1 << 40), fail(errno.EPERM)),  # an address has 64
        ("sendto", (3, 0, 0, 0x4040, 0), ALLOW),
        ("sendto", (3, 0, 0, 1, 0), fail(errno.EPERM)),  # MSG_OOB
        ("mmap", (0, 4096, 3, 0x22), ALLOW),  # MAP_PRIVATE | MAP_ANONYMOUS
        ("mmap", (0, 4096, 5, 0x812, 3), ALLOW),  # as a shared library is mapped
        ("mmap", (0, 4096, 3, 0x21), fail(errno.EPERM)),  # MAP_SHARED
        ("mmap", (0, 4096, 3, 0x03, 3), fail(errno.EPERM)),  # MAP_SHARED_VALIDATE
        ("mmap", (0, 4096, 3, 0x28), fail(errno.EPERM)),  # MAP_DROPPABLE
        ("mmap", (0, 4096, 3, 0x40022), fail(errno.EPERM)),  # MAP_HUGETLB
        ("mmap", (0, 4096, 3, 0x22 | 1 << 40), ALLOW),  # there are no flags above 32 bits
        ("mremap", (0, 4096, 8192, 1), ALLOW),
        ("mremap", (0, 4096, 8192, 3), fail(errno.EPERM)),  # MREMAP_FIXED
        ("madvise", (0, 4096, 4), ALLOW),
        ("madvise", (0, 4096, 12), fail(errno.EINVAL)),  # MADV_MERGEABLE
        ("readlinkat", (0,), fail(errno.EACCES)),
        ("fcntl", (3, 1), ALLOW),
        ("fcntl", (3, 8), fail(errno.EPERM)),  # F_SETOWN
        ("ioctl", (3, 0x5421), ALLOW),
        ("ioctl", (3, 0x5412), fail(errno.ENOTTY)),  # TIOCSTI
        ("clone3", (0,), fail(errno.ENOSYS)),
        ("openat2", (0,), fail(errno.ENOSYS)),
        ("prctl", (15,), ALLOW),
        ("prctl", (4,), fail(errno.EPERM)),  # PR_SET_DUMPABLE
    ],
)
def test_arguments_decide(machine: str, name: str, arguments: tuple[int, ...], action: int) -> None:
    assert verdict(seccomp.server_filter(machine), machine, numbers(machine)[name], *arguments) == action


def test_children_may_not_take_off_their_death_signal() -> None:
    for machine in MACHINES:
        assert verdict(seccomp.child_filter(machine), machine, numbers(machine)["prctl"], 1) == fail(errno.EPERM)


@pytest.mark.parametrize("code", [seccomp.server_filter("x86_64"), seccomp.child_filter("x86_64")])
def test_calls_by_another_numbering_end_the_process(code: bytes) -> None:
    thirty_two_bits = struct.pack("<iIQ6Q", 1, 0x40000003, 0, *[0] * 6)
    assert run(code, thirty_two_bits) == KILL_PROCESS
    assert verdict(code, "x86_64", X32_BIT | 1) == KILL_PROCESS


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_fits_into_the_kernel(machine: str) -> None:
    assert len(seccomp.server_filter(machine)) // 8 + len(seccomp.child_filter(machine)) // 8 <= 4096


def test_architecture_without_a_table_is_an_error() -> None:
    with pytest.raises(UnsupportedError, match="riscv64 has no seccomp table here; known: x86_64, aarch64"):
        numbers("riscv64")


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_table_agrees_with_the_kernels_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"{HEADERS[machine]} is not installed (Debian: linux-libc-dev)")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", HEADERS[machine].read_text())
    official = {name: int(number) for name, number in reversed(defined)}
    official |= {"newfstatat": 79, "fstat": 80} if machine == "aarch64" else {}  # defined by way of other names
    assert {name: official.get(name) for name in numbers(machine)} == numbers(machine)

"""The numbers of the Linux system calls this package names, per architecture."""

from __future__ import annotations

from functools import lru_cache

# name, number on x86-64, number on aarch64 (a dash where it has none: it uses the newer call beside it). From the
# kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h; a test compares with installed
# headers.
_TABLE = """
# files, by descriptor
read 0 63 | write 1 64 | readv 19 65 | writev 20 66 | pread64 17 67 | pwrite64 18 68 | preadv 295 69
pwritev 296 70 | lseek 8 62 | close 3 57 | dup 32 23 | dup2 33 - | dup3 292 24 | pipe 22 - | pipe2 293 59
fcntl 72 25 | ioctl 16 29 | fsync 74 82 | fdatasync 75 83 | ftruncate 77 46 | sendfile 40 71
copy_file_range 326 285
# files, by name
open 2 - | openat 257 56 | stat 4 - | fstat 5 80 | lstat 6 - | newfstatat 262 79 | statx 332 291 | access 21 -
faccessat 269 48 | faccessat2 439 439 | readlink 89 - | readlinkat 267 78 | getdents64 217 61 | getcwd 79 17
chdir 80 49 | fchdir 81 50 | umask 95 166
mkdir 83 - | mkdirat 258 34 | rmdir 84 - | unlink 87 - | unlinkat 263 35 | rename 82 - | renameat 264 38
renameat2 316 276 | statfs 137 43 | fstatfs 138 44
# memory
mmap 9 222 | munmap 11 215 | mremap 25 216 | mprotect 10 226 | madvise 28 233 | brk 12 214 | membarrier 324 283
# processes and threads
clone 56 220 | exit 60 93 | exit_group 231 94 | futex 202 98 | set_robust_list 273 99 | get_robust_list 274 100
set_tid_address 218 96 | rseq 334 293 | gettid 186 178 | sched_yield 24 124 | sched_getaffinity 204 123
restart_syscall 219 128
# signals
rt_sigaction 13 134 | rt_sigprocmask 14 135 | rt_sigreturn 15 139 | rt_sigpending 127 136
rt_sigtimedwait 128 137 | rt_sigsuspend 130 133 | sigaltstack 131 132 | pause 34 -
# time
clock_gettime 228 113 | clock_getres 229 114 | clock_nanosleep 230 115 | nanosleep 35 101 | gettimeofday 96 169
time 201 - | times 100 153 | getitimer 36 102 | setitimer 38 103 | alarm 37 -
# waiting
poll 7 - | ppoll 271 73 | select 23 - | pselect6 270 72 | epoll_create1 291 20 | epoll_ctl 233 21
epoll_wait 232 - | epoll_pwait 281 22 | eventfd2 290 19
# local sockets
socketpair 53 199 | sendto 44 206 | recvfrom 45 207 | recvmsg 47 212 | shutdown 48 210 | getsockname 51 204
getpeername 52 205 | getsockopt 55 209
# who am I
getpid 39 172 | getppid 110 173 | getuid 102 174 | geteuid 107 175 | getgid 104 176 | getegid 108 177
getresuid 118 148 | getresgid 120 150 | getgroups 115 158 | getpgrp 111 - | getpgid 121 155 | getsid 124 156
getpriority 140 141
# what is here
uname 63 160 | sysinfo 99 179 | getrusage 98 165 | getrlimit 97 163 | setrlimit 160 164 | prlimit64 302 261
prctl 157 167 | getrandom 318 278 | getcpu 309 168
# the server only
wait4 61 260 | waitid 247 95 | kill 62 129 | setsid 112 157 | seccomp 317 277
# never: the C library falls back to clone and openat
clone3 435 435 | openat2 437 437
# before the lockdown, and to prove it
landlock_create_ruleset 444 444 | landlock_add_rule 445 445 | landlock_restrict_self 446 446
capset 126 91 | setfsuid 122 151 | socket 41 198 | ptrace 101 117
unshare 272 97 | mount 165 40
"""

_COLUMNS = {"x86_64": 1, "aarch64": 2}  # as `uname -m` says it


class UnsupportedError(Exception):
    """No table for this architecture."""


@lru_cache(maxsize=4)
def numbers(machine: str) -> dict[str, int]:
    """Name -> number of the system calls an architecture has.

    Raises:
        UnsupportedError: there is no table for it; guessed numbers would be a hole.
    """
    if machine not in _COLUMNS:
        raise UnsupportedError(f"the architecture {machine} has no seccomp table here; known: {', '.join(_COLUMNS)}")
    column = _COLUMNS[machine]
    rows = (cell.split() for line in _TABLE.splitlines() if line[:1] != "#" for cell in line.split("|") if cell.strip())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}

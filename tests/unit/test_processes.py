from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_humaneval.background.processes import end_group, is_running, peer_is_own, resident_bytes, start_mark

EXIT = {"x86_64": 60, "aarch64": 93}  # the system call by which a thread ends alone


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_is_known_by_its_id_and_its_start(sleeper: subprocess.Popen[bytes]) -> None:
    mark = start_mark(sleeper.pid)
    assert is_running(sleeper.pid, mark)
    assert not is_running(os.getpid(), mark)
    assert not is_running(sleeper.pid, "")


def test_a_process_that_has_ended_is_not_running_though_nobody_asked_for_its_status(
    sleeper: subprocess.Popen[bytes],
) -> None:
    mark = start_mark(sleeper.pid)
    end_group(sleeper.pid, mark, patience=0.0)
    assert not is_running(sleeper.pid, mark)
    assert sleeper.wait() == -signal.SIGKILL


@pytest.mark.skipif(platform.machine() not in EXIT, reason="this machine's number of the system call is not known")
def test_a_process_whose_first_thread_has_ended_is_running_as_long_as_others_are() -> None:
    program = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "print(flush=True)\n"
        f"ctypes.CDLL(None).syscall({EXIT[platform.machine()]}, 0)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    mark, deadline = start_mark(process.pid), time.monotonic() + 10
    while ") Z " not in Path(f"/proc/{process.pid}/stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert is_running(process.pid, mark)
    end_group(process.pid, mark, patience=30.0)
    assert not is_running(process.pid, mark)
    assert process.wait() == -signal.SIGTERM
    process.stdout.close()


def test_a_polite_process_is_asked_first(sleeper: subprocess.Popen[bytes]) -> None:
    end_group(sleeper.pid, start_mark(sleeper.pid), patience=30.0)
    assert sleeper.wait() == -signal.SIGTERM


def test_children_go_with_their_group() -> None:
    program = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    mark = start_mark(child)
    end_group(parent.pid, start_mark(parent.pid), patience=0.0)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while is_running(child, mark):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_group_has_ended_when_all_of_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel with much to do takes a while to end a killed process, which holds its locks until then."""
    ignores = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    program = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {ignores!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    mark = start_mark(child)
    kill_group = os.killpg
    late = threading.Timer(0.5, kill_group, (parent.pid, signal.SIGKILL))
    monkeypatch.setattr(os, "killpg", lambda group, number: late.start())
    end_group(parent.pid, start_mark(parent.pid), patience=30.0)
    assert not is_running(child, mark)
    late.join()
    parent.wait()
    parent.stdout.close()


def test_another_process_with_the_id_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    end_group(sleeper.pid, "some boot 12", patience=0.0)
    assert sleeper.poll() is None


def test_memory_counts_the_session(sleeper: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while not 100_000 < resident_bytes(sleeper.pid) < 100_000_000:  # it may not have begun to run
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert resident_bytes(2**22 + 1) == 0  # above the highest process id


def test_the_other_end_of_a_socket_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer_is_own(here)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert not peer_is_own(here)

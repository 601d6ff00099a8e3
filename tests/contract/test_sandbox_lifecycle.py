"""A sandbox under interruption, sudden death and load."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from sandbox_available import CONTAINERS, WITHOUT_ENGINE, containers, opened, passes, sandbox
from sandbox_corpus import TWICE, looping
from sandbox_image import IMAGE
from sandbox_surroundings import descendants, gone

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox
from pytest_humaneval.sandbox.oracle.budget import wall_limit
from pytest_humaneval.sandbox.sandboxes import UNSAFE

RIGHT = "    return x + x\n"
BUSY = "    while True: pass\n"
__all__ = ["sandbox"]


class Interruption(BaseException):
    """Like pytest-timeout's: raised from a signal's handler, and no Exception."""


@contextmanager
def interruption_after(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_check_may_be_interrupted_anywhere(sandbox: Sandbox) -> None:
    chance = random.Random(sandbox.layers[1])  # other moments in each
    interrupted = 0
    for _ in range(12):
        try:
            with interruption_after(chance.uniform(0.0002, 0.02)):
                sandbox.check(TWICE, chance.choice((RIGHT, BUSY)), timeout=10)
        except Interruption:
            interrupted += 1
        assert passes(sandbox)
    assert interrupted > 2


def test_start_may_be_interrupted_anywhere() -> None:
    before = descendants(os.getpid())
    for milliseconds in range(1, 120, 7):
        sandbox = open_sandbox(SandboxOptions("lockdown"))
        with contextlib.suppress(Interruption), interruption_after(milliseconds / 1000):
            sandbox.__enter__()
            passes(sandbox)
        sandbox.__exit__(None, None, None)
    assert gone(descendants(os.getpid()) - before)


@contextmanager
def another_thread(there: bool) -> Iterator[None]:
    """A thread that takes signals which the main one has blocked, as in an xdist worker."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    if there:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if there:
            thread.join()


@pytest.mark.parametrize("threads", [False, True], ids=["one thread", "two threads"])
def test_start_may_be_interrupted_while_the_oracle_is_nobody_s_yet(
    threads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the fork and the moment its number is known, which chance meets once in a hundred runs."""
    before = descendants(os.getpid())
    real = subprocess._fork_exec  # type: ignore[attr-defined]
    forked = []

    def interrupted(*arguments: object) -> int:
        forked.append(real(*arguments))
        os.kill(os.getpid(), signal.SIGALRM)
        time.sleep(0.01)
        number: int = forked[-1]
        return number

    sandbox = open_sandbox(SandboxOptions("lockdown"))
    with another_thread(threads), interruption_after(1000), monkeypatch.context() as patch:
        patch.setattr(subprocess, "_fork_exec", interrupted)
        handler = signal.getsignal(signal.SIGALRM)
        with pytest.raises(Interruption):
            sandbox.__enter__()
        assert signal.getsignal(signal.SIGALRM) is handler
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    sandbox.__exit__(None, None, None)
    assert len(forked) == 1
    assert gone(descendants(os.getpid()) - before)
    assert not any(f"-{os.getpid()}-" in path.name for path in Path("/dev/shm").iterdir())


def server_of(before: set[tuple[int, str]]) -> int:
    """The fork server: of the new processes with its command line, the one that has been there longest."""
    found = [(int(start), process) for process, start in descendants(os.getpid()) - before if is_server(process)]
    return min(found)[1]


def is_server(process: int) -> bool:
    return b"sandbox.confined.server import" in Path(f"/proc/{process}/cmdline").read_bytes()


def oracle_of(before: set[tuple[int, str]]) -> int:
    (found,) = [
        process
        for process, _ in descendants(os.getpid()) - before
        if b"sandbox.oracle.oracle import" in Path(f"/proc/{process}/cmdline").read_bytes()
    ]
    return found


@pytest.mark.parametrize("victim", [server_of, oracle_of])
def test_killed_process_is_replaced_before_the_next_check(victim: object) -> None:
    assert callable(victim)
    before = descendants(os.getpid())
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        assert passes(sandbox)
        os.kill(victim(before), signal.SIGKILL)
        time.sleep(0.1)
        assert passes(sandbox)
        assert passes(sandbox)
    assert gone(descendants(os.getpid()) - before)


def test_oracle_killed_in_the_middle_of_a_check_is_an_error_and_no_verdict() -> None:
    before = descendants(os.getpid())
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        assert passes(sandbox)
        killer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {oracle_of(before)}"])
        with pytest.raises(SandboxError, match="oracle"):
            sandbox.check(TWICE, BUSY, timeout=10)
        killer.wait()
        assert passes(sandbox)
    assert gone(descendants(os.getpid()) - before)


WORKER = """
import sys
from pytest_humaneval import Problem
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox
problem = Problem("Loop/0", "def f():\\n", "f", "", "def check(candidate):\\n    candidate()\\n")
with open_sandbox(SandboxOptions(sys.argv[1], image=sys.argv[2])) as sandbox:
    print("started", flush=True)
    sandbox.check(problem, "    while True: pass\\n", timeout=60)
"""


@pytest.mark.parametrize("name", [*WITHOUT_ENGINE, *CONTAINERS])
def test_worker_killed_takes_everything_with_it(name: str, tmp_path: Path) -> None:
    with opened(name):
        pass  # can be had here
    worker = subprocess.Popen([sys.executable, "-c", WORKER, name, IMAGE], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"started\n"
    time.sleep(0.3)
    below = descendants(worker.pid)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert len(below) >= (2 if name in CONTAINERS else 3)  # a container's processes are children of its engine
    assert gone(below)
    deadline = time.monotonic() + 10
    while containers(name, worker.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert containers(name, worker.pid) == []
    assert not any(f"-{worker.pid}-" in path.name for folder in ("/dev/shm", "/tmp") for path in Path(folder).iterdir())


def test_memory_limit_is_the_one_asked_for() -> None:
    with open_sandbox(SandboxOptions("lockdown", memory_mb=200)) as sandbox:
        assert sandbox.check(TWICE, "    bytearray(50 << 20)\n    return x + x\n", timeout=10).passed
        assert sandbox.check(TWICE, "    bytearray(300 << 20)\n    return x + x\n", timeout=10).kind == "out of memory"


def burn(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass


@contextmanager
def busy_core(processes: int) -> Iterator[None]:
    """One core for this process, what it starts and that many others; the other cores are left to what runs beside."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    burning = [multiprocessing.get_context("fork").Process(target=burn, args=(120,)) for _ in range(processes)]
    for process in burning:
        process.start()
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        for process in burning:
            process.kill()
            process.join()


# Measures its own CPU time, so that the work is the same on every machine.
WORKS = """    import time
    while time.process_time() < {seconds}: pass
    return x + x
"""


def test_busy_machine_changes_no_verdict() -> None:
    with busy_core(4), open_sandbox(SandboxOptions("lockdown")) as sandbox:
        for _ in range(2):
            assert sandbox.check(TWICE, RIGHT, timeout=0.5).passed
            assert sandbox.check(TWICE, WORKS.format(seconds=0.4), timeout=0.6).passed
            assert sandbox.check(TWICE, WORKS.format(seconds=9), timeout=0.6).kind == "timed out"


def test_sleeper_is_timed_out_by_the_clock_on_the_wall() -> None:
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        started = time.monotonic()
        assert sandbox.check(TWICE, "    import time; time.sleep(60)\n", timeout=0.5).kind == "timed out"
        assert 0.5 <= time.monotonic() - started < wall_limit(0.5)


def test_short_calls_add_up_to_the_limit() -> None:
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        many = looping("\n    for number in range(1000): candidate(number)")
        verdict = sandbox.check(many, "    import time; time.sleep(0.01)\n", timeout=0.5)
        assert verdict.kind == "timed out"
        assert verdict.duration < wall_limit(0.5)


def test_time_between_checks_is_nobodys(sandbox: Sandbox) -> None:
    assert passes(sandbox)
    time.sleep(1.5)
    assert sandbox.check(TWICE, RIGHT, timeout=1).passed


def test_order_of_a_set_is_the_same_in_every_run(sandbox: Sandbox) -> None:
    program = "    raise Exception(list({'one', 'two', 'three', 'four', 'five', 'six', 'seven'}))\n"
    with open_sandbox(SandboxOptions("lockdown")) as another:
        assert another.check(TWICE, program, timeout=5).detail == sandbox.check(TWICE, program, timeout=5).detail


def test_unsafe_process_says_what_it_lacks() -> None:
    with open_sandbox(SandboxOptions("unsafe-process")) as sandbox:
        assert sandbox.layers == ("oracle", UNSAFE, "rlimits")


def test_auto_is_bubblewrap_or_the_lockdown() -> None:
    with open_sandbox(SandboxOptions("auto")) as sandbox:
        assert {"oracle", "seccomp", "landlock", "rlimits"} <= set(sandbox.layers)


def test_unknown_sandbox_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(SandboxError, match="unknown sandbox 'jail'; known: auto, lockdown, bubblewrap"):
        open_sandbox(SandboxOptions("jail"))


@pytest.mark.parametrize("name", ["bubblewrap", "docker", "podman"])
def test_sandbox_whose_program_is_missing_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxError, match="apt-get install"):
        open_sandbox(SandboxOptions(name))


def test_container_without_its_image_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'No such image: mine:1' >&2; exit 125\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with (
        pytest.raises(SandboxError, match=r"(?s)'docker' did not start: .*No such image.*docker pull mine:1"),
        open_sandbox(SandboxOptions("docker", image="mine:1")),
    ):
        pass

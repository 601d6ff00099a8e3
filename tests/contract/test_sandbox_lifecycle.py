"""A sandbox under interruption, sudden death and load."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from sandbox_available import opened
from sandbox_corpus import TWICE
from sandbox_surroundings import descendants

from pytest_humaneval import Problem
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox
from pytest_humaneval.sandbox.budget import wall_limit

RIGHT = "    return x + x\n"
BUSY = "    while True: pass\n"
NAMES = ("lockdown", "bubblewrap", "unsafe-process")


@pytest.fixture(params=NAMES)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    before = descendants(os.getpid())
    with opened(request.param) as sandbox:
        yield sandbox
    assert gone(descendants(os.getpid()) - before)


def gone(processes: set[tuple[int, str]], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while alive(processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(processes)


def alive(processes: set[tuple[int, str]]) -> list[int]:
    return [process for process, start in processes if start_time(process) == start]


def start_time(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def passes(sandbox: Sandbox) -> bool:
    return sandbox.check(TWICE, RIGHT, timeout=10).passed


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
    chance = random.Random(0)
    interrupted = 0
    for _ in range(25):
        try:
            with interruption_after(chance.uniform(0.0002, 0.02)):
                sandbox.check(TWICE, chance.choice((RIGHT, BUSY)), timeout=10)
        except Interruption:
            interrupted += 1
        assert passes(sandbox)
    assert interrupted > 5


def test_start_may_be_interrupted_anywhere() -> None:
    before = descendants(os.getpid())
    for milliseconds in range(1, 120, 7):
        sandbox = open_sandbox(SandboxOptions("lockdown"))
        with contextlib.suppress(Interruption), interruption_after(milliseconds / 1000):
            sandbox.__enter__()
            passes(sandbox)
        sandbox.__exit__(None, None, None)
    assert gone(descendants(os.getpid()) - before)


def server_of(before: set[tuple[int, str]]) -> int:
    """The fork server: of the new processes with its command line, the one that has been there longest."""
    found = [(int(start), process) for process, start in descendants(os.getpid()) - before if is_server(process)]
    return min(found)[1]


def is_server(process: int) -> bool:
    return b"sandbox.server import" in Path(f"/proc/{process}/cmdline").read_bytes()


def oracle_of(before: set[tuple[int, str]]) -> int:
    (found,) = [
        process
        for process, _ in descendants(os.getpid()) - before
        if b"sandbox.oracle import" in Path(f"/proc/{process}/cmdline").read_bytes()
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
with open_sandbox(SandboxOptions(sys.argv[1])) as sandbox:
    print("started", flush=True)
    sandbox.check(problem, "    while True: pass\\n", timeout=60)
"""


@pytest.mark.parametrize("name", NAMES)
def test_worker_killed_takes_everything_with_it(name: str, tmp_path: Path) -> None:
    with opened(name):
        pass  # can be had here
    worker = subprocess.Popen([sys.executable, "-c", WORKER, name], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"started\n"
    time.sleep(0.3)
    below = descendants(worker.pid)
    assert len(below) >= 3
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert gone(below)
    assert not any(f"-{worker.pid}-" in path.name for folder in ("/dev/shm", "/tmp") for path in Path(folder).iterdir())


def looping(body: str) -> Problem:
    test = f"def check(candidate):\n    candidate(1)\n    {body}\n"
    return Problem("Loop/0", "def f(x):\n", "f", "    return x\n", test)


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "10 ** 10 ** 10",  # in C, where no signal is looked at
        "\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    ],
    ids=["loop", "sleep", "hang in C", "loop that swallows everything"],
)
def test_test_that_never_ends_is_timed_out(sandbox: Sandbox, body: str) -> None:
    problem = looping(body)
    started = time.monotonic()
    assert sandbox.check(problem, problem.canonical_solution, timeout=0.2).kind == "timed out"
    assert time.monotonic() - started < wall_limit(0.2) + 1 + 3  # and what it takes to replace the oracle
    assert passes(sandbox)


def test_test_that_swallows_the_end_of_the_check_does_not_pass_it(sandbox: Sandbox) -> None:
    problem = looping("\n    try: candidate(2)\n    except BaseException: pass")
    assert (
        sandbox.check(problem, "    return x if x == 1 else __import__('os')._exit(0)\n", timeout=5).kind == "exception"
    )
    assert sandbox.check(problem, "    return x if x == 1 else 1 << 1000000\n", timeout=5).kind == "refused"


def test_test_may_expect_an_exception(sandbox: Sandbox) -> None:
    problem = looping("\n    try: candidate('')\n    except ValueError: return\n    assert False")
    assert sandbox.check(problem, "    if x == '': raise ValueError('no')\n", timeout=5).passed
    assert sandbox.check(problem, "    if x == '': raise type('Own', (ValueError,), {})('no')\n", timeout=5).passed
    assert sandbox.check(problem, "    if x == '': raise KeyError('no')\n", timeout=5).kind == "exception"
    assert sandbox.check(problem, "    pass\n", timeout=5).kind == "assertion"


def test_argument_that_cannot_cross_is_an_error_of_the_test(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="it passes a value of type function"):
        sandbox.check(looping("candidate(lambda: 1)"), "    return 1\n", timeout=5)
    assert passes(sandbox)


def test_test_that_does_not_compile_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="cannot be run: SyntaxError"):
        sandbox.check(looping("return return"), "    return 1\n", timeout=5)
    assert passes(sandbox)


def test_memory_limit_is_the_one_asked_for() -> None:
    with open_sandbox(SandboxOptions("lockdown", memory_mb=200)) as sandbox:
        assert sandbox.check(TWICE, "    bytearray(50 << 20)\n    return x + x\n", timeout=10).passed
        assert sandbox.check(TWICE, "    bytearray(300 << 20)\n    return x + x\n", timeout=10).kind == "out of memory"


def burn(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass


@contextmanager
def busy_machine(processes: int) -> Iterator[None]:
    burning = [multiprocessing.get_context("fork").Process(target=burn, args=(120,)) for _ in range(processes)]
    for process in burning:
        process.start()
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.join()


# Measures its own CPU time, so that the work is the same on every machine.
WORKS = """    import time
    while time.process_time() < {seconds}: pass
    return x + x
"""


def test_busy_machine_changes_no_verdict() -> None:
    with open_sandbox(SandboxOptions("lockdown")) as sandbox, busy_machine(4 * (os.cpu_count() or 1)):
        for _ in range(3):
            assert sandbox.check(TWICE, RIGHT, timeout=0.5).passed
            assert sandbox.check(TWICE, WORKS.format(seconds=0.6), timeout=1).passed
            assert sandbox.check(TWICE, WORKS.format(seconds=9), timeout=1).kind == "timed out"


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
        assert sandbox.layers == ("oracle", "rlimits")


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

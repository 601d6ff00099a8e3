"""What one completion holds is not missing elsewhere, and surroundings without room are told at the start."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sandbox_available import opened, passes, sandbox
from sandbox_corpus import TWICE
from sandbox_ordinary_user import ROOT, NoOrdinaryUserError, ordinary_user

from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox

__all__ = ["sandbox"]

HOLDS_THREADS = """    import threading, time
    threading.stack_size(32768)
    try:
        while True: threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    except RuntimeError:
        time.sleep(1)
        raise
"""
# Everything that a neighbour could lack: threads, files, a server that starts anew after the files.
NEEDS = """    import threading
    results = []
    threads = [threading.Thread(target=results.append, args=(x,)) for _ in range(20)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    with open("file", "wb") as file: file.write(bytes(1 << 20))
    return x + x if len(results) == 20 else None
"""
FILLS_FILES = """    for number in range(1000):
        with open(str(number), "wb") as file: file.write(bytes(1 << 20))
"""


@pytest.mark.parametrize("name", ["lockdown", "bubblewrap"])
@pytest.mark.parametrize("holds", [HOLDS_THREADS, FILLS_FILES], ids=["threads", "files"])
def test_verdict_does_not_depend_on_a_neighbour(name: str, holds: str) -> None:
    with opened(name) as attacked, opened(name) as sandbox:
        attack = threading.Thread(target=lambda: [attacked.check(TWICE, holds, timeout=10) for _ in range(2)])
        attack.start()
        kinds = Counter(sandbox.check(TWICE, NEEDS, timeout=10).kind for _ in range(5))
        attack.join()
    assert kinds == {"passed": 5}


def test_verdict_does_not_depend_on_a_neighbour_of_the_same_ordinary_user() -> None:
    this = Path(__file__).relative_to(ROOT)
    arguments = ("-p", "no:cacheprovider", "-n0", "-q", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"))
    try:
        with ordinary_user() as user:
            result = user.run_module(
                "pytest", *arguments, "-k", "depend_on_a_neighbour and (threads or files)", str(ROOT / this)
            )
    except NoOrdinaryUserError as error:
        pytest.skip(str(error))
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert " passed" in result.stdout


@pytest.mark.parametrize("name", ["lockdown", "bubblewrap"])
def test_what_fills_the_scratch_folder_does_not_delay_the_next_check(name: str) -> None:
    folders = "    import os\n    for number in range(60000): os.mkdir(str(number))\n"
    with opened(name) as sandbox:
        assert "No space" in sandbox.check(TWICE, folders, timeout=10).detail
        started = time.monotonic()
        assert passes(sandbox)
        assert time.monotonic() - started < 5  # a second at most where nobody else is at work


SMALL = """
import resource, sys
name, value = sys.argv[1:]
resource.setrlimit(getattr(resource, name), (int(value), int(value)))
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox
with open_sandbox(SandboxOptions("lockdown")) as sandbox: print("started")
"""


@pytest.mark.parametrize(
    ("limit", "value", "told"),
    [
        ("RLIMIT_CPU", 3, r"3 seconds of CPU time for each process \(ulimit -t\), and the sandbox needs 60"),
        ("RLIMIT_NOFILE", 60, r"60 open files for each process \(ulimit -n\), and the sandbox needs 128"),
        ("RLIMIT_FSIZE", 1 << 20, r"1024 KiB for each file \(ulimit -f\), and the sandbox needs 4096"),
        ("RLIMIT_NPROC", 100, r"\(ulimit -u\) leaves room for \d+ more processes and threads, and a sandbox needs 130"),
    ],
)
def test_shell_whose_limits_are_too_low_is_told_at_the_start(limit: str, value: int, told: str) -> None:
    command = [sys.executable, "-c", SMALL, limit, str(value)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stdout == ""
    assert re.search(told, result.stderr), result.stderr[-1000:]


def test_limits_that_can_be_raised_are_raised() -> None:
    low = (
        "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (50, resource.getrlimit(resource.RLIMIT_NPROC)[1]))"
    )
    check = """
from pytest_humaneval.sandbox import check_correctness
from pytest_humaneval import Problem
problem = Problem("T/0", "def f():\\n", "f", "", "def check(candidate):\\n    assert candidate() == 1\\n")
print(check_correctness(problem, "    return 1\\n").kind)
"""
    result = subprocess.run([sys.executable, "-c", low + check], capture_output=True, text=True, check=False)
    assert result.stdout == "passed\n", result.stderr[-1000:]


@pytest.mark.parametrize("name", ["lockdown", "bubblewrap"])
def test_full_shared_memory_is_no_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4096, 4096, 100, 0, 0, 1000, 999, 999, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with opened(name) as sandbox:
        assert sandbox.check(TWICE, NEEDS, timeout=10).passed


def test_thread_limit_is_that_of_a_check_and_not_of_a_user(sandbox: Sandbox) -> None:
    if sandbox.name == "unsafe-process":
        pytest.skip("its completions count with the user's other processes")
    many = "    import threading\n    for _ in range(200): threading.Thread(target=threading.Event().wait).start()\n"
    verdict = sandbox.check(TWICE, many, timeout=10)
    assert "can't start new thread" in verdict.detail


def test_soft_limits_of_this_process_are_left_alone() -> None:
    before = resource.getrlimit(resource.RLIMIT_NPROC), resource.getrlimit(resource.RLIMIT_CPU)
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        assert passes(sandbox)
    assert before == (resource.getrlimit(resource.RLIMIT_NPROC), resource.getrlimit(resource.RLIMIT_CPU))

"""Runs of pytest that begin where everything is imported: forks of a process that has done so once.

Python's start, pytest's and the plugin's imports are half of what a small run computes. The run itself is a process of
its own as before, with its own environment, folder, output, signals and end; what it starts (workers, the engine, the
sandbox) starts as ever, except for xdist's workers (warm_workers.py). What a first import does is seen in
test_front_door, test_invisible and the runs that test_faults starts itself, and at night, when every run starts as
users' do.

    from warm_pytest import plugins, warm    in a conftest: fixtures, for all tests below it
    python warm_pytest.py                    answers a line {"arguments", ...} with two: process id, wait status
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from select import select
from typing import Any

import pytest
import warm_workers

START = 60.0  # seconds, on a busy machine
OURS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p xdist -p timeout -p humaneval"}
AT_START = ("PYTHON", "LC_", "LANG")  # environment variables that Python reads once, when it starts


class WarmPytest:
    """The process that has everything imported."""

    def __init__(self, folder: Path, plugins: Mapping[str, str]) -> None:
        self._environment = _read_at_start(os.environ)
        environment = {**own_environment(), **plugins}
        command, pipe = [sys.executable, __file__], subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, bufsize=0)

    def serve(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this test's ``runpytest_subprocess`` be forks, as far as they can be."""
        ordinary = pytester.popen

        def popen(command: Sequence[str], stdout: Any, stderr: Any, stdin: Any = pytester.CLOSE_STDIN) -> Any:
            told = [*command[:2]] == [sys.executable, "-mpytest"] and stdin is pytester.CLOSE_STDIN
            if not told or _read_at_start(os.environ) != self._environment:
                return ordinary(command, stdout, stderr, stdin)
            return self._fork(command[2:], stdout.name, stderr.name)

        monkeypatch.setattr(pytester, "popen", popen)

    def close(self) -> None:
        """End the process; its forks have ended."""
        with self._process:
            pass

    def number(self, timeout: float | None) -> int:
        """The next number it says."""
        assert self._process.stdout is not None
        if not select([self._process.stdout], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("pytest", timeout or 0)
        return int(self._process.stdout.readline())

    def _fork(self, arguments: Sequence[str], stdout: str, stderr: str) -> _Fork:
        path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
        assert self._process.stdin is not None
        message = {
            "arguments": arguments,
            "folder": os.getcwd(),
            "environment": {**os.environ, "PYTHONPATH": path},  # as pytester's popen does
            "files": [os.devnull, stdout, stderr],
        }
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        return _Fork(self, self.number(START))


class _Fork:
    """What ``pytester.run`` needs of a ``Popen``."""

    stdin = None

    def __init__(self, warm: WarmPytest, pid: int) -> None:
        self._warm, self._pid = warm, pid

    def wait(self, timeout: float | None = None) -> int:
        return os.waitstatus_to_exitcode(self._warm.number(timeout))

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPytest]:
    """What runs with our plugin and the two it works with are forks of."""
    process = WarmPytest(tmp_path_factory.mktemp("warm"), OURS)
    yield process
    process.close()


@pytest.fixture(autouse=True)
def plugins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the runs that are tested: ours and the two it works with.

    Importing all others that are installed takes two thirds of a small run's time. Modules that are about them, or
    about how ours is found, have a fixture of this name of their own.
    """
    if "pytester" in request.fixturenames:
        pytester = request.getfixturevalue("pytester")  # which unsets PYTEST_ADDOPTS: before it is set
        if "nightly" not in request.config.getoption("markexpr"):
            request.getfixturevalue("warm").serve(pytester, monkeypatch)
    for name, value in OURS.items():
        monkeypatch.setenv(name, value)


def own_environment() -> dict[str, str]:
    """For a run that a test starts itself: what this run has said of itself is left out."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") or name in OURS}


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_START) and name != "PYTHONPATH"}


class _Importer:
    """Imports what runs import when pytest would run: assertions are rewritten as in a run."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self) -> int:
        from pytest_humaneval import plugin

        for module in pkgutil.iter_modules(plugin.__path__, f"{plugin.__name__}."):
            importlib.import_module(module.name)
        return 0


def _become(message: dict[str, Any]) -> None:
    """Take what a new process would have been given."""
    for descriptor, file in enumerate(message["files"]):
        opened = os.open(file, os.O_WRONLY if descriptor else os.O_RDONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(message["folder"])
    os.environ.clear()
    os.environ.update(message["environment"])
    sys.path[:0] = [message["folder"], *message["environment"]["PYTHONPATH"].split(os.pathsep)]
    sys.argv[1:] = message["arguments"]


def main() -> None:
    """Import everything, then be forked for each line."""
    del sys.path[0]  # this file's folder
    questions, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(2, 1)
    pytest.main(["-p", "no:cacheprovider"], plugins=[_Importer()])
    assert threading.active_count() == 1, "a fork would lack the others"
    gc.freeze()
    for line in questions:
        if (pid := os.fork()) == 0:
            questions.close()
            os.close(answers)
            message = json.loads(line)
            _become(message)
            if warm_workers.are_wanted(message["arguments"]) and warm_workers.prepare():
                warm_workers.serve()
                return
            runpy.run_module("pytest", run_name="__main__", alter_sys=True)
            return
        os.write(answers, f"{pid}\n".encode())
        os.write(answers, f"{os.waitpid(pid, 0)[1]}\n".encode())


if __name__ == "__main__":
    main()

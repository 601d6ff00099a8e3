"""Workers that cannot reach the engine's socket: behind xdist's gateways, as on other hosts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import execnet.script.socketserver
import pytest
from mini import Evaluate

STRATEGY = """
from pytest_humaneval import Strategy, completion_prompt

def pytest_humaneval_strategies():
    yield Strategy("mine", "in words of its own", lambda problem: completion_prompt(problem.prompt))
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A worker's gateway over TCP, as ``--tx`` takes it: execnet's socket server, on loopback as it knows no password.

    xdist calls what is behind it another host, so the worker is told no address of the engine.
    """
    folder = tmp_path / "host"
    folder.mkdir()
    command = [sys.executable, "-u", execnet.script.socketserver.__file__, "127.0.0.1:0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    # pytest-rerunfailures wants its port from a controller that has it too.
    environment["PYTEST_ADDOPTS"] = "-p no:rerunfailures"
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    assert server.stdout is not None
    try:
        listening = re.search(r"\('127\.0\.0\.1', (\d+)\)", server.stdout.readline())
        assert listening is not None
        yield f"socket=127.0.0.1:{listening[1]}//chdir={folder}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_a_worker_behind_a_socket_gateway_generates_and_judges(evaluate: Evaluate, host: str) -> None:
    result = evaluate("-d", "-v", f"--tx={host}", script={"Mini/1": "    return text\n"})
    result.stdout.fnmatch_lines(["*FAILED*Mini/1-shout-minimal*", "minimal * 0.667 *"])
    result.assert_outcomes(passed=2, failed=1)


def test_a_host_without_the_same_files_ends_the_run_with_its_reason(
    evaluate: Evaluate, host: str, pytester: pytest.Pytester, mini: Path
) -> None:
    shutil.copy(mini, pytester.path / "here.jsonl")
    result = evaluate("-d", f"--tx={host}", "--humaneval-dataset=here.jsonl")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: worker gw0 (*socket=*): *here.jsonl: cannot be read (No such file or dir*"])


def test_a_host_with_another_strategy_of_the_same_name_ends_the_run(
    evaluate: Evaluate, host: str, pytester: pytest.Pytester
) -> None:
    here = pytester.makeconftest(STRATEGY)
    folder = Path(host.partition("chdir=")[2])
    (folder / here.name).write_text(STRATEGY.replace("problem.prompt", "problem.prompt + '#'"))
    result = evaluate("-d", f"--tx={host}", strategy="mine")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: worker gw0 (*): problems, strategies or prompts are not the same on this*"])

"""An engine that stays for the next run, and never for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mini import RIGHT, WHEN_TWO_ARE_JUDGED, Evaluate, distributed
from warm_pytest import own_environment

from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.warm import LingeringEngine, lingering_engines, stop_engine

WARM = "engine    3 generated in *; warm engine: its model was loaded"
COLD = "engine    3 generated in *; engine ready in *"
PATIENCE = 120.0  # seconds, for what a busy machine may be slow at


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateDirectory]:
    """The user's private directory, here one of the test; what still lingers in it at the end is ended."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = PrivateDirectory(tmp_path / "pytest-humaneval")
    yield directory
    for name, engine in list(lingering_engines(directory)):
        stop_engine(directory, name, engine)


def the_engine(state: PrivateDirectory) -> LingeringEngine:
    """The only one that lingers."""
    ((_, engine),) = lingering_engines(state)
    return engine


def wait_until_free(state: PrivateDirectory) -> None:
    deadline = time.monotonic() + PATIENCE
    while the_engine(state).ask({"op": "status"})["in_use"]:
        assert time.monotonic() < deadline, "the run still has the engine"
        time.sleep(0.05)


@distributed
def test_the_second_run_finds_the_engine_of_the_first(
    evaluate: Evaluate, state: PrivateDirectory, workers: str
) -> None:
    first = evaluate(workers, "--humaneval-linger=60")
    first.assert_outcomes(passed=3)
    first.stdout.fnmatch_lines([COLD])
    pid = the_engine(state).pid
    second = evaluate(workers, "--humaneval-linger=60", "--humaneval-no-cache")
    second.assert_outcomes(passed=3)
    second.stdout.fnmatch_lines([WARM])
    assert the_engine(state).pid == pid


def test_a_warm_engine_reads_the_store_of_the_run_unless_told_not_to(
    evaluate: Evaluate, state: PrivateDirectory, workers: str
) -> None:
    evaluate(workers, "--humaneval-linger=60")
    evaluate(workers, "--humaneval-linger=60").stdout.fnmatch_lines(["engine    3 answered from the store"])
    evaluate(workers, "--humaneval-linger=60", "--humaneval-no-cache").stdout.fnmatch_lines([WARM])
    evaluate(workers, "-k", "add").stdout.fnmatch_lines(["engine    1 answered from the store"])


def test_without_the_option_the_engine_ends_and_a_warm_one_is_left_alone(
    evaluate: Evaluate, state: PrivateDirectory, workers: str
) -> None:
    evaluate(workers).assert_outcomes(passed=3)
    assert list(lingering_engines(state)) == []
    evaluate(workers, "--humaneval-linger=60")
    evaluate(workers, "--humaneval-no-cache").stdout.fnmatch_lines([COLD])
    assert the_engine(state)


def test_a_killed_engine_is_replaced(evaluate: Evaluate, state: PrivateDirectory, workers: str) -> None:
    evaluate(workers, "--humaneval-linger=60")
    killed = the_engine(state)
    os.kill(killed.pid, signal.SIGKILL)
    result = evaluate(workers, "--humaneval-linger=60", "--humaneval-no-cache")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([COLD])
    assert the_engine(state).pid != killed.pid
    assert not Path(killed.address).parent.exists()


def test_an_engine_that_dies_in_the_middle_makes_errors_with_the_end_of_its_log(
    pytester: pytest.Pytester, evaluate: Evaluate, state: PrivateDirectory, workers: str
) -> None:
    pytester.makeconftest(WHEN_TWO_ARE_JUDGED)
    script = {"Mini/10": {"exit": 9, "after": str(pytester.path / "two")}}
    result = evaluate(workers, "--humaneval-linger=60", script=script)
    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["*the script ends the engine process with status 9*"])


def test_a_directory_that_others_can_enter_is_refused(refused: Evaluate, state: PrivateDirectory) -> None:
    state.path.chmod(0o755)
    refused("--humaneval-linger=60").stderr.fnmatch_lines(["*is open to other users (mode 0755, expected 0700)*"])
    state.path.chmod(0o700)


def test_a_bad_number_of_seconds_is_named(refused: Evaluate) -> None:
    result = refused("--humaneval-linger=ever")
    result.stderr.fnmatch_lines(["*--humaneval-linger: 'ever' is not a number of seconds from 0 to 604800*"])


@pytest.fixture
def hanging_run(mini: Path, tmp_path: Path, state: PrivateDirectory, workers: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run with a warm engine that has judged two items and waits for the third for ever."""
    process = start_run(mini, tmp_path, workers, {**RIGHT, "Mini/10": {"text": "", "hang": True}})
    rows = tmp_path / "out" / "results.jsonl"
    deadline = time.monotonic() + PATIENCE
    while not rows.exists() or rows.read_text().count("\n") < 2:
        assert time.monotonic() < deadline, "the first items did not finish"
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def start_run(mini: Path, folder: Path, workers: str, script: dict[str, Any]) -> subprocess.Popen[bytes]:
    file = folder / "script.json"
    file.write_text(json.dumps(script))
    command = [sys.executable, "-m", "pytest", "--strategy=minimal", f"--humaneval-dataset={mini}", workers]
    command += [f"--humaneval-script={file}", f"--humaneval-output={folder / 'out'}", "--humaneval-linger=60"]
    command += [f"--humaneval-cache-dir={folder / 'cache'}"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, env=own_environment(), start_new_session=True
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@distributed
def test_a_run_that_is_broken_off_gives_the_engine_back(
    hanging_run: subprocess.Popen[bytes], state: PrivateDirectory, how: signal.Signals
) -> None:
    engine = the_engine(state)
    assert engine.ask({"op": "status"})["in_use"]
    hanging_run.send_signal(how)
    hanging_run.wait(timeout=PATIENCE)
    wait_until_free(state)
    status = the_engine(state).ask({"op": "status"})
    assert status["idle_limit"] == 60
    assert status["idle"] < 60
    assert the_engine(state) == engine


def test_a_run_beside_another_one_starts_an_engine_of_its_own(
    hanging_run: subprocess.Popen[bytes], evaluate: Evaluate, state: PrivateDirectory, workers: str
) -> None:
    engine = the_engine(state)
    beside = evaluate(workers, "--humaneval-linger=60", "-k", "add", script={"Mini/10": {"text": "", "hang": True}})
    beside.assert_outcomes(passed=1)
    beside.stdout.fnmatch_lines(["note: another run was using the warm engine; this one started an engine of its own"])
    assert hanging_run.poll() is None
    assert the_engine(state) == engine
    assert engine.ask({"op": "status"})["in_use"]

"""The command generate: the samples of a run, without a pytest item for each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mini import RIGHT, Evaluate

from pytest_humaneval import testing
from pytest_humaneval.engine.replay import read_samples

SCRIPT: dict[str, Any] = {
    "Mini/0 best_of": "    return b + a\n",
    "Mini/0": [RIGHT["Mini/0"], "    return a - b\n"],
    "Mini/1 chat": "```python\nno\n```",
}


def command(folder: Path, output: Path, *options: str, script: dict[str, Any] | None = None) -> list[str]:
    return [
        sys.executable, "-m", "pytest_humaneval", "generate", *testing.scripted_run(folder, script),
        "--temperature=0.8", "--output", str(output), *options,
    ]  # fmt: skip


def test_the_samples_are_those_of_a_run(evaluate: Evaluate, tmp_path: Path, pytester: pytest.Pytester) -> None:
    strategies = "minimal,chat,best_of"
    (tmp_path / "generate").mkdir()
    output = tmp_path / "samples.jsonl.gz"
    options = (f"--strategy={strategies}", "--num-samples=2", "--engine=scripted")
    made = subprocess.run(
        command(tmp_path / "generate", output, *options, script=SCRIPT),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert f"18 samples are in {output}; judge them with the command evaluate" in made.stdout
    evaluate(
        "--humaneval-num-samples=2", "--humaneval-temperature=0.8", "--humaneval-output=out",
        script=SCRIPT, strategy=strategies,
    )  # fmt: skip
    assert read_samples(output) == read_samples(pytester.path / "out" / "samples.jsonl")


def test_what_was_killed_is_continued_and_what_is_wrong_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "samples.jsonl.gz"
    call = command(tmp_path, output, "--strategy=minimal", "--num-samples=1000")
    killed = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not (output.exists() and output.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    continued = subprocess.run(call, capture_output=True, text=True, check=False, timeout=300)
    assert continued.returncode == 0, continued.stderr
    assert "samples that are there already" in continued.stderr
    assert len(read_samples(output)) == 3000
    for options, told in (
        (["--strategy=chat"], f"the samples in {output} belong to another run: strategies is"),
        ([], "which strategy? Give --strategy=NAME"),
        (["--strategy=minimal", "--nun-samples=3"], "unknown option --nun-samples; did you mean '--num-samples'"),
        (["--strategy=minimal", "--temperature=9"], "'9' is not a number from 0 to 2"),
    ):
        refused = subprocess.run(
            command(tmp_path, output, *options), capture_output=True, text=True, check=False, timeout=300
        )
        assert refused.returncode == 4
        assert told in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.nightly
def test_more_samples_take_no_more_memory(tmp_path: Path) -> None:
    """Of both processes; by day, that the engine process and the window forget is seen in tests/unit/test_stream.py."""
    rows = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.generate_scale", "--samples", "30000", "120000", "--print"],
            capture_output=True, text=True, check=True, timeout=3000,
        ).stdout
    )  # fmt: skip
    for name in ("peak_mib", "peak_mib_of_engine"):
        assert rows[1][name] - rows[0][name] < 25

"""Runs pytest for real, on three small problems with scripted answers: in one process and in several.

A run at ``-n2`` costs more than twice as much as one at ``-n0``. Tests that are ``distributed`` see both by day: they
fail where something does not reach the workers or does not come back. The others meet ``-n2`` at night.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import testing

ADD = asdict(testing.ADD)
PROBLEMS = [asdict(problem) for problem in testing.PROBLEMS]
RIGHT = {problem.task_id: problem.canonical_solution for problem in testing.PROBLEMS}

Evaluate = Callable[..., pytest.RunResult]

WHEN_TWO_ARE_JUDGED = """
from pathlib import Path

class Watch:
    judged = 0

    def pytest_runtest_logreport(self, report):
        self.judged += report.when == "call"
        if self.judged == 2:
            Path("two").touch()

def pytest_configure(config):
    config.pluginmanager.register(Watch())  # the conftest's own hooks hear of tests below it, not of the bundled one
"""
"""A conftest of the tested run: what the script does ``after`` the file "two" comes when the other items are done."""

distributed = pytest.mark.parametrize("workers", ["-n0", "-n2"], indirect=True)


@pytest.fixture(params=["-n0", pytest.param("-n2", marks=pytest.mark.nightly)])
def workers(request: pytest.FixtureRequest) -> str:
    """How many processes run the items."""
    count: str = request.param
    return count


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """The three problems as a file."""
    file = tmp_path / "mini.jsonl"
    file.write_text("".join(json.dumps(problem) + "\n" for problem in PROBLEMS))
    return file


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The three problems once more, as another dataset."""
    rows = [{**row, "task_id": row["task_id"].replace("Mini", "Other")} for row in PROBLEMS]
    file = tmp_path / "other.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def evaluate(pytester: pytest.Pytester, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Run ``pytest --strategy=minimal`` on the problems, answered by ``script``, rightly where it says nothing."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*args: str, script: dict[str, Any] | None = None, strategy: str = "minimal") -> pytest.RunResult:
        options = _options(mini, tmp_path, script or {}, strategy)
        return pytester.runpytest_subprocess(*options, *args, timeout=300)  # seconds; a busy machine needs some

    return run


@pytest.fixture
def refused(pytester: pytest.Pytester, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """The same where it has to end before anything starts, which an engine that does not start makes sure of.

    It needs no process of its own, and a dozen of them take the time of one that has.
    """
    monkeypatch.setenv("COLUMNS", "160")

    def run(*args: str, strategy: str = "minimal") -> pytest.RunResult:
        options = _options(mini, tmp_path, {"start": {"exit": 3}}, strategy)
        result = pytester.runpytest_inprocess(*options, *args)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.no_fnmatch_line("*Traceback*")
        return result

    return run


def _options(mini: Path, folder: Path, script: dict[str, Any], strategy: str) -> list[str]:
    return [
        *([f"--strategy={strategy}"] if strategy else []),
        *testing.scripted_run(folder, script),
        f"--humaneval-dataset={mini}",  # which a test may have changed
        "--humaneval-sandbox=auto",
    ]


def row_of(result: pytest.RunResult, strategy: str) -> dict[str, str]:
    """The cells of a strategy's row in the summary, by column."""
    lines = result.outlines
    head = next(line for line in lines if line.startswith("strategy "))
    row = next(line for line in lines[lines.index(head) :] if line.startswith(strategy + " "))
    names = head.replace("95 % interval", "interval").replace("timed out", "timed_out").split()
    return dict(zip(names, row.replace(", ", ",").split(), strict=True))

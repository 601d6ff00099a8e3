"""The plugins that people have beside ours, each alone and all together: same figures, and their own files as ever.

They live in an environment of their own, as some of them change every run that they are installed for: the Python of
one that has them, and this package, is told by HUMANEVAL_NEIGHBOURS_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from mini import PROBLEMS

from pytest_humaneval import testing

pytestmark = pytest.mark.nightly

# By name: how pytest loads it, what it is asked for, and the file that it writes.
NEIGHBOURS: dict[str, tuple[list[str], list[str], str]] = {
    "none": ([], [], ""),
    "cov": (["pytest_cov"], ["--cov=.", "--cov-report=json:coverage.json"], "coverage.json"),
    "randomly": (["randomly"], ["--randomly-seed=7"], ""),
    "rerunfailures": (["rerunfailures"], ["--reruns=3"], ""),
    "sugar": (["sugar"], ["--force-sugar"], ""),
    "asyncio": (["asyncio"], ["--asyncio-mode=auto"], ""),
    "html": (["metadata", "html"], ["--html=other.html"], "other.html"),
    "allure": (["allure_pytest"], ["--alluredir=allure"], "allure"),
    "forked": (["pytest_forked"], ["--forked"], ""),
    "json-report": (["metadata", "pytest_jsonreport"], ["--json-report", "--json-report-file=out.json"], "out.json"),
    "reportlog": (["pytest_reportlog.plugin"], ["--report-log=log.jsonl"], "log.jsonl"),
}
NEIGHBOURS["all"] = (
    list(dict.fromkeys(plugin for plugins, _, _ in NEIGHBOURS.values() for plugin in plugins)),
    [option for _, options, _ in NEIGHBOURS.values() for option in options],
    "",
)


@pytest.fixture
def python() -> str:
    """One that has the neighbours."""
    told = os.environ.get("HUMANEVAL_NEIGHBOURS_PYTHON", "")
    if not told:
        pytest.skip("the neighbours live in an environment of their own; HUMANEVAL_NEIGHBOURS_PYTHON is its Python")
    return told


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_the_figures_are_the_same_beside_it(name: str, workers: str, python: str, mini: Path, tmp_path: Path) -> None:
    plugins, options, written = NEIGHBOURS[name]
    (tmp_path / "conftest.py").write_text("MEASURED = True\n")  # for pytest-cov
    script = {"Mini/0": "    return a - b\n"}
    command = [python, "-m", "pytest", "--strategy=minimal", *testing.scripted_run(tmp_path, script), workers]
    for plugin in ("xdist", "timeout", "humaneval", *plugins):
        command += ["-p", plugin]
    command += [f"--humaneval-dataset={mini}", "--humaneval-output=out", "--humaneval-no-cache", *options]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"},
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, told
    assert "minimal    0.667  [0.208, 0.939]       2       1          0       0" in told
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert {row["task_id"]: row["passed"] for row in rows} == {"Mini/0": False, "Mini/1": True, "Mini/10": True}
    assert len(rows) == len(PROBLEMS)
    assert not written or (tmp_path / written).exists()
    if name in ("forked", "all"):
        assert "note: --forked was left out" in told
    if name in ("allure", "all"):
        _has_no_secret(tmp_path / "allure")


def _has_no_secret(folder: Path) -> None:
    """No parameter shows a hidden test or a solution."""
    results = [json.loads(file.read_text()) for file in folder.glob("*-result.json")]
    assert len(results) == len(PROBLEMS)
    shown = {one["value"] for result in results for one in result["parameters"] if one["name"] == "problem"}
    assert shown == {f"Problem('{problem['task_id']}')" for problem in PROBLEMS}

"""What .ci/run relies on: the README's own commands, and an honest look at what the first of them printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CI = REPOSITORY / ".ci"
FIGURES = "strategy    pass@1   95 % interval  passed  failed\nexpert_v00   0.667  [0.208, 0.939]       2       1\n"
TABLE = f"precision bfloat16: a batch's product takes 0.52 of float32's time here\n{FIGURES}"


def test_ci_runs_the_commands_of_the_readme() -> None:
    taken = subprocess.run([CI / "readme_commands"], capture_output=True, text=True, check=True).stdout.splitlines()
    first, second = taken
    blocks = re.findall(r"\n\n    (pip install [^\n]*)\n\n", (REPOSITORY / "README.md").read_text())
    assert first == blocks[0], "the README's first command"
    assert re.search(rf"## Development\n\n    {re.escape(second)}\n", (REPOSITORY / "README.md").read_text())
    script = (CI / "run").read_text()
    assert "[cpu" not in script, "no command is repeated"
    assert [line for line in script.splitlines() if "humaneval-limit" in line] == [
        '    export XDG_CACHE_HOME="$folder/cache" PYTEST_ADDOPTS=--humaneval-limit=3'
    ]


def judge(log: str, status: int, tmp_path: Path) -> tuple[int, str]:
    """Exit status and message of .ci/judged.py, where three items are expected."""
    (tmp_path / "log").write_text(log)
    done = subprocess.run(
        [sys.executable, CI / "judged.py", tmp_path / "log", str(status), "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("closing", "status"),
    [("1 failed, 2 passed", 1), ("3 passed", 0), ("3 failed", 1), ("3 passed, 1 warning", 0)],
)
def test_an_evaluation_works_whatever_the_verdicts(closing: str, status: int, tmp_path: Path) -> None:
    assert judge(f"{TABLE}==== {closing} in 174.78s (0:02:54) ====\n", status, tmp_path) == (0, "")


@pytest.mark.parametrize(
    ("log", "status", "said"),
    [
        (f"{TABLE}==== 3 passed in 1.0s ====\n", 3, "exit status 3"),
        ("ImportError while loading conftest 'tests/conftest.py'\n", 4, "exit status 4"),
        (f"{TABLE}==== 2 failed, 1 error in 1.0s ====\n", 1, "errors: 2 failed, 1 error"),
        (f"{TABLE}==== 2 passed, 1 skipped in 1.0s ====\n", 0, "2 items were judged, not 3"),
        (f"{TABLE}==== 164 passed in 1.0s ====\n", 0, "164 items were judged, not 3"),
        (f"{TABLE}==== no tests ran in 1.0s ====\n", 0, "its summary is missing"),
        ("==== 3 passed in 1.0s ====\n", 0, "its summary is missing"),
        (f"{FIGURES}==== 3 passed in 1.0s ====\n", 0, "does not say what it computed in"),
        ("", 0, "its summary is missing"),
    ],
)
def test_an_evaluation_that_did_not_work_is_told(log: str, status: int, said: str, tmp_path: Path) -> None:
    code, message = judge(log, status, tmp_path)
    assert code == 1
    assert said in message


def test_the_scripts_are_executable() -> None:
    names = ("run", "readme_commands", "nightly", "build_docs")
    assert [name for name in names if not os.access(CI / name, os.X_OK)] == []

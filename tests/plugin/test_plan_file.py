"""--humaneval-plan: what was planned before a run stands beside what ran."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from mini import Evaluate

from pytest_humaneval.__main__ import main

PLAN = 'hypothesis = "it adds"\nstrategies = ["minimal"]\ntemperature = 0\n'


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_says_whether_it_is_what_was_planned(
    evaluate: Evaluate, workers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    out = tmp_path / "out"
    asked = (workers, f"--humaneval-plan={tmp_path / 'plan.toml'}", f"--humaneval-output={out}")
    added = ("--humaneval-limit=2", "--humaneval-max-tokens=99", "--humaneval-min-pass-at-1=minimal=0.1")
    files = [tmp_path / "page.html", tmp_path / "summary.md"]
    written = (f"--humaneval-html={files[0]}", f"--humaneval-markdown={files[1]}")
    result = evaluate(*asked, *added, *written, strategy="minimal,minimal_v2")
    told = [
        "hypothesis it adds",
        "not as planned: minimal: 3 problems were planned, but 2 have a verdict",
        "exploratory, since it was not planned: strategy minimal_v2",
        "exploratory, since it was not planned: max-tokens 99 of minimal",
        "exploratory, since it was not planned: the gate on a pass@1 of at least 0.1 of minimal",
    ]
    result.stdout.fnmatch_lines([f"plan      {tmp_path / 'plan.toml'} (sha256 *)", *told])
    plan = json.loads((out / "run.json").read_text())["plan"]
    assert plan["sha256"] == hashlib.sha256(PLAN.encode()).hexdigest()
    assert plan["exploratory"] == [line.partition("planned: ")[2] for line in told if line.startswith("exploratory")]
    page, summary = (file.read_text() for file in files)
    assert [one for one in plan["exploratory"] if f"Exploratory: {one}." not in page] == []
    assert [one for one in told if one not in summary] == []
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [one for one in told if one not in shown] == []


def test_a_plan_that_cannot_be_read_ends_the_run_before_it_starts(refused: Evaluate) -> None:
    refused("--humaneval-plan=nowhere.toml").stderr.fnmatch_lines(["*--humaneval-plan: *nowhere.toml: cannot be read*"])


def test_what_was_added_in_a_run_is_told_whatever_it_was(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    out = tmp_path / "out"
    asked = (f"--humaneval-plan={tmp_path / 'plan.toml'}", f"--humaneval-output={out}")
    evaluate(*asked, "--humaneval-rewrite=comments", "--humaneval-max-drop=0.1")
    plan = json.loads((out / "run.json").read_text())["plan"]
    assert (plan["deviations"], plan["exploratory"]) == ([], ["rewrite comments", "the gate on a drop of 0.1"])


def test_early_stopping_that_was_not_planned_is_told(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('strategies = ["chat", "minimal"]\n')
    out = tmp_path / "out"
    asked = (f"--humaneval-plan={tmp_path / 'plan.toml'}", f"--humaneval-output={out}")
    evaluate(*asked, "--humaneval-stop=decided", strategy="minimal,chat")
    plan = json.loads((out / "run.json").read_text())["plan"]
    assert (plan["deviations"], plan["exploratory"]) == ([], ["stopping early"])

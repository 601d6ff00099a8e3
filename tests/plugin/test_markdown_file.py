"""The summary in Markdown: --humaneval-markdown, and GitHub's step summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from mini import Evaluate, distributed

WRONG = {"Mini/0": "    return a - b\n"}


def test_the_summary_is_written_where_asked_for(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "summary.md"
    result = evaluate(workers, f"--humaneval-markdown={file}", script=WRONG)
    result.stdout.fnmatch_lines([f"the summary is in {file}"])
    text = file.read_text()
    assert "| minimal | 0.667 | 0.208 to 0.939 | 2 | 1 | 0 | 0 |" in text
    assert "- `Mini/0` `minimal` assertion: `add(1, 2) == 3, got -1`\n" in text


@distributed
def test_a_step_on_github_gets_it_appended_once(
    evaluate: Evaluate, workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "step"
    file.write_text("what was there\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    evaluate(workers, script=WRONG)
    assert file.read_text().startswith("what was there\n\n## HumanEval\n")
    assert file.read_text().count("## HumanEval") == 1


def test_a_step_summary_that_cannot_be_written_is_a_warning(
    evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    result = evaluate("-n0")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["warning: GITHUB_STEP_SUMMARY: * cannot be written (*"])


def test_a_file_that_cannot_be_written_is_told_before_anything_is_generated(refused: Evaluate, tmp_path: Path) -> None:
    result = refused(f"--humaneval-markdown={tmp_path}")
    result.stderr.fnmatch_lines(["*--humaneval-markdown: * cannot be written (*); choose another file"])

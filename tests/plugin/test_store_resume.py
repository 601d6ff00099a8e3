"""Nothing that was generated is generated again, unless asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import RIGHT, WHEN_TWO_ARE_JUDGED, Evaluate, distributed, row_of


@distributed
def test_a_repeated_run_answers_from_the_store_and_says_so(evaluate: Evaluate, workers: str) -> None:
    first = evaluate(workers)
    first.stdout.fnmatch_lines(["engine    3 generated in *"])
    second = evaluate(workers)
    second.assert_outcomes(passed=3)
    second.stdout.fnmatch_lines(["engine    3 answered from the store"])


def test_rates_and_seconds_are_those_of_this_run(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    """What the first run took is none of the second's; of the third, the new answer alone."""
    script = {
        task: {"text": right, "completion_tokens": 40, "delay": 1.0 if task == "Mini/10" else 0.2}
        for task, right in RIGHT.items()
    }
    first = row_of(evaluate(workers, "-k", "not first", script=script), "minimal")
    assert first["tokens"] == "80"
    again = row_of(evaluate(workers, "-k", "not first", script=script), "minimal")
    assert again["tokens"] == "80", "of the answers, whoever generated them"
    assert not {"tok/s", "s"} & again.keys()
    third = evaluate(workers, f"--humaneval-output={tmp_path / 'out'}", script=script)
    row = row_of(third, "minimal")
    assert (row["tokens"], float(row["s"]) >= 1.0) == ("120", True)
    assert float(row["tok/s"]) == pytest.approx(40 / float(row["s"]), rel=0.1, abs=0.6), "of 40 new ones"
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [one["generation_seconds"] > 0 for one in rows] == [False, False, True]


def test_no_cache_generates_anew(evaluate: Evaluate, workers: str) -> None:
    evaluate(workers)
    evaluate(workers, "--humaneval-no-cache").stdout.fnmatch_lines(["engine    3 generated in *"])


@distributed
def test_a_run_that_broke_off_resumes(pytester: pytest.Pytester, evaluate: Evaluate, workers: str) -> None:
    pytester.makeconftest(WHEN_TWO_ARE_JUDGED)
    script = {"Mini/10": {"exit": 1, "after": str(pytester.path / "two")}}
    broken = evaluate(workers, script=script)
    broken.assert_outcomes(passed=2, errors=1)
    resumed = evaluate(workers, "-k", "add or shout", script=script)
    resumed.stdout.fnmatch_lines(["engine    2 answered from the store"])


def test_a_corrupt_store_is_set_aside_with_a_message(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    evaluate(workers)
    (tmp_path / "cache" / "generations.sqlite").write_bytes(b"not a database" * 500)
    result = evaluate(workers)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["engine    3 generated in *", "note: *generations.sqlite*"])


def test_a_store_that_cannot_be_written_loses_nothing_of_the_run(
    evaluate: Evaluate, workers: str, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "generations.sqlite").symlink_to("/dev/full")
    evaluate(workers).assert_outcomes(passed=3)

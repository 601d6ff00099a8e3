"""Problems that cannot be judged here."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from mini import PROBLEMS, Evaluate, distributed

from pytest_humaneval.plugin.engine_settings import STORE

BROKEN = {
    "task_id": "Mini/99",
    "prompt": "def twice(x):\n",
    "entry_point": "twice",
    "canonical_solution": "    return x\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}


def dataset(folder: Path) -> str:
    file = folder / "broken.jsonl"
    file.write_text("".join(json.dumps(problem) + "\n" for problem in [*PROBLEMS, BROKEN]))
    return f"--humaneval-dataset={file}"


@distributed
def test_a_problem_that_cannot_be_judged_stops_the_run_by_name(
    evaluate: Evaluate, workers: str, tmp_path: Path
) -> None:
    """The engine may load meanwhile; it generates nothing, and no item runs."""
    result = evaluate(workers, dataset(tmp_path), "-v", f"--humaneval-cache-dir={tmp_path / 'cache'}")
    result.stderr.fnmatch_lines(
        ["*1 of 4 problems cannot be judged here*", "  Mini/99: assertion: *", "*--humaneval-skip-broken-problems*"]
    )
    assert result.ret == 4
    result.assert_outcomes()
    with closing(sqlite3.connect(tmp_path / "cache" / STORE)) as store:
        assert store.execute("select count(*) from generations").fetchone() == (0,)


def test_it_is_left_out_and_counted_where_the_user_asks(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    result = evaluate(workers, dataset(tmp_path), "--humaneval-skip-broken-problems")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["note: 1 problem cannot be judged here and is left out: Mini/99"])

"""The line that every run leaves in the history, and the switch that leaves none."""

from __future__ import annotations

from pathlib import Path

import pytest
from mini import Evaluate

from pytest_humaneval.results.history import FILE, read

WRONG = "    return a - b\n"


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_every_run_leaves_a_line_for_each_strategy(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    evaluate(workers, script={"Mini/0": WRONG}, strategy="minimal,minimal_v2")
    first, second = read(tmp_path / "cache")
    assert (first.strategy, second.strategy) == ("minimal", "minimal_v2")
    assert (first.problems, first.samples, first.errors, first.sampling) == (3, 3, 0, "greedy, up to 768 tokens")
    assert first.pass_at_1 == pytest.approx(2 / 3)
    assert first.passes() == {"Mini/0": {0: False}, "Mini/1": {0: True}, "Mini/10": {0: True}}


def test_the_switch_leaves_none(evaluate: Evaluate, pytester: pytest.Pytester, tmp_path: Path) -> None:
    (pytester.path / "pytest.ini").write_text("[pytest]\nhumaneval_no_history = true\n")
    assert evaluate("-n0").ret == 0
    assert not (tmp_path / "cache" / FILE).exists()


def test_a_history_that_cannot_be_written_is_a_note(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE).write_text("something else" * 100)
    result = evaluate("-n0")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["note: this run was not added to */history.sqlite: *"])

"""The table of docs/adaptive.md is what its raw results give."""

from __future__ import annotations

from pathlib import Path

from benchmarks.adaptive_choice import kept, line

PAGE = Path(__file__).parents[2] / "docs" / "adaptive.md"


def test_the_page_shows_what_the_draws_of_the_validation_split_give() -> None:
    rows = kept()
    shown = PAGE.read_text().splitlines()
    assert line(rows, "post_v1", "most agreed", 2) in shown
    assert f"{len({row.task_id for row in rows})} problems" in " ".join(shown)

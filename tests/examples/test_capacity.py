"""docs/capacity.md says what the raw results give."""

from __future__ import annotations

from pathlib import Path

from benchmarks import capacity_on_paper
from benchmarks.capacity import controller, facts, table

PAGE = Path(__file__).parents[2] / "docs" / "capacity.md"


def test_the_page_has_the_figures_of_the_results() -> None:
    page = PAGE.read_text()
    assert facts() in page
    assert controller() in page
    assert table(samples=200, problems=164, strategies=28) in page
    assert capacity_on_paper.totals(10**8) in page
    assert capacity_on_paper.table(10**8, each=200) in page

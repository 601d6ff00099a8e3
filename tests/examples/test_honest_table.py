"""The README's table says what the raw results give."""

from __future__ import annotations

from pathlib import Path

from benchmarks.engine_measure import read_result
from benchmarks.honest_table import batches, finished, sharing, table
from benchmarks.postprocessors import sentence

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_has_the_figures_of_the_results() -> None:
    found = finished()
    page = README.read_text()
    assert table(found.values()) in page
    assert sharing(found) in " ".join(page.split())
    assert batches(found) in page


def test_the_readme_says_what_post_processing_is_worth() -> None:
    measured = read_result("postprocessors.json")
    assert sentence(measured) in " ".join(README.read_text().split())

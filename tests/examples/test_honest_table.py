"""docs/results.md says what the raw results give, and README.md what docs/results.md does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from documentation import DOCS, README

from benchmarks import adaptive_table, honest_table, mbpp_table, robustness_table
from benchmarks.engine_measure import read_result
from benchmarks.honest_table import batches, finished, sharing, table, without_folders
from benchmarks.postprocessors import sentence

PAGE = DOCS / "results.md"
SHOWN = (0, 1, 2, 3, 4, 6, 7)  # the columns that README.md has


def test_the_page_has_the_figures_of_the_results() -> None:
    found = finished()
    page = PAGE.read_text()
    assert table(found.values()) in page
    assert sharing(found) in " ".join(page.split())
    assert batches(found) in page


@pytest.mark.parametrize(("bench", "page"), [(mbpp_table, PAGE), (adaptive_table, DOCS / "adaptive.md")])
def test_other_tables_are_those_of_their_results_too(bench: ModuleType, page: Path) -> None:
    found = finished(bench.FOLDER, bench.GROUPS)
    text = page.read_text()
    assert table(found.values()) in text
    assert batches(found, bench.FOLDER.name) in text


def test_the_page_on_rewrites_has_the_figures_of_the_results() -> None:
    assert robustness_table.table(robustness_table.rows()) in (DOCS / "robustness.md").read_text()


@pytest.mark.parametrize("bench", [honest_table, mbpp_table, adaptive_table, robustness_table])
def test_results_do_not_say_where_things_lay(bench: ModuleType) -> None:
    records = [record.read_text() for record in bench.FOLDER.glob("*/run.json")]
    assert records
    assert [record for record in records if without_folders(record) != record] == []


def test_of_an_absolute_path_its_last_part_is_left() -> None:
    repository = DOCS.parent
    text = f'["--output={repository}/benchmarks/x", "/a/b.c/rows.gz, rewritten", "5/8", "http://host/v1/x", "a/b"]'
    assert without_folders(text) == (
        '["--output=benchmarks/x", "rows.gz, rewritten", "5/8", "http://host/v1/x", "a/b"]'
    )


def test_the_page_says_what_post_processing_is_worth() -> None:
    measured = read_result("postprocessors.json")
    assert sentence(measured) in " ".join(PAGE.read_text().split())


def test_the_rows_of_the_readme_are_those_of_the_page() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines()]
    whole = {tuple(row[column] for column in SHOWN) for row in rows if len(row) > max(SHOWN)}
    table = README.read_text().partition("## The honest table")[2].partition("## ")[0]
    shown = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in table.splitlines() if "| `" in line]
    assert len(shown) > 5
    assert set(shown) <= whole

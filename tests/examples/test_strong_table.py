"""docs/results.md has the figures under stronger tests that the raw verdicts give."""

from __future__ import annotations

import json

from documentation import DOCS

from benchmarks.honest_table import finished
from benchmarks.strong_remade import RESULT, rows_of, totals
from benchmarks.strong_table import FOLDER, lines_of, read_rejected, table
from pytest_humaneval.dataset import shipped

PAGE = " ".join((DOCS / "results.md").read_text().split())


def test_the_page_has_the_figures_of_the_verdicts() -> None:
    outcomes = [outcome for results in finished().values() for outcome in results.outcomes]
    assert table(lines_of(outcomes, read_rejected())) in (DOCS / "results.md").read_text()


def test_the_page_says_what_validation_and_speed_came_to() -> None:
    validation, speed = (json.loads((FOLDER / name).read_text()) for name in ("validation.json", "speed.json"))
    rejected, passed = len(validation["rejected"]), validation["programs_that_pass"]
    assert f"{rejected} of {passed} held-out programs" in PAGE
    assert f"{speed['ratio_median']} times" in PAGE


def test_the_page_says_how_a_file_made_anew_compares() -> None:
    remade, file = json.loads(RESULT.read_text()), shipped.path_of("humaneval-strong")
    assert file is not None
    assert remade["shipped"] == totals(rows_of(file))
    before, now, both = remade["shipped"], remade["remade"], remade["rejected_by_both"]
    alone = remade["rejected_by_shipped_alone"]
    assert both + len(alone) == len(read_rejected())
    assert remade["rejected_by_remade_alone"] == []
    assert (before["problems"], before["mutants"]) == (now["problems"], now["mutants"])
    for text in (
        f"hypothesis {remade['hypothesis']}, Python {remade['python']}",
        f"{now['inputs']:,} inputs for the same {now['problems']} problems",
        f"where the shipped one has {before['inputs']:,}",
        f"{remade['inputs_in_both']:,} are in both",
        f"rejects {both} of the {both + len(alone)} samples that the shipped one rejects, and no other",
        f"Of {now['mutants']:,} changed canonical solutions it rejects {now['mutants_rejected']:,}, the shipped one "
        f"{before['mutants_rejected']:,}",
    ):
        assert text in PAGE

"""docs/results.md has the figures under stronger tests that the raw verdicts give."""

from __future__ import annotations

import json

from documentation import DOCS

from benchmarks.honest_table import finished
from benchmarks.strong_table import FOLDER, lines_of, read_rejected, table

PAGE = " ".join((DOCS / "results.md").read_text().split())


def test_the_page_has_the_figures_of_the_verdicts() -> None:
    outcomes = [outcome for results in finished().values() for outcome in results.outcomes]
    assert table(lines_of(outcomes, read_rejected())) in (DOCS / "results.md").read_text()


def test_the_page_says_what_validation_and_speed_came_to() -> None:
    validation, speed = (json.loads((FOLDER / name).read_text()) for name in ("validation.json", "speed.json"))
    rejected, passed = len(validation["rejected"]), validation["programs_that_pass"]
    assert f"{rejected} of {passed} held-out programs" in PAGE
    assert f"{speed['ratio_median']} times" in PAGE

"""A dataset with stronger tests: two figures everywhere, and the first is that of the dataset without them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from mini import PROBLEMS, Evaluate, distributed, row_of

STRONG = "def check(candidate):\n    assert candidate(-5, 3) == -2\n"
# Right for what the plain test asks, wrong for the stronger one.
NEARLY = {"Mini/0": "    return a + b if a > -5 else b - a\n"}


@pytest.fixture
def strong(mini: Path) -> None:
    """The first problem has a stronger test, the others have none."""
    first, *rest = PROBLEMS
    rows = [{**first, "strong_test": STRONG}, *rest]
    mini.write_text("".join(json.dumps(row) + "\n" for row in rows))


@distributed
@pytest.mark.usefixtures("strong")
def test_both_figures_are_everywhere(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    xml, output, page, markdown = (tmp_path / name for name in ("out.xml", "out", "page.html", "summary.md"))
    files = (f"--junitxml={xml}", f"--humaneval-output={output}", f"--humaneval-html={page}")
    result = evaluate(workers, *files, f"--humaneval-markdown={markdown}", script=NEARLY)
    result.assert_outcomes(passed=3)  # by the plain test
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["strong@1"]) == ("1.000", "0.667")
    told = "add(-5, 3) is 8, expected -2"
    result.stdout.fnmatch_lines(
        ["strong: the stronger tests reject 1 of 3 samples that passed (2 met none):", f"  Mini/0 minimal: {told}"]
    )
    properties = {one.get("name"): one.get("value") for one in ElementTree.parse(xml).iter("property")}
    assert (properties["minimal.pass@1"], properties["minimal.strong@1"]) == ("1.000000", "0.666667")
    assert properties["counterexample"] == told.replace("add", "candidate")
    assert "| minimal | 1.000 | 0.439 to 1.000 | 0.667 | 0.208 to 0.939 | 3 |" in markdown.read_text()
    assert '<th scope="col">strong@1</th>' in page.read_text()
    rows = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    assert [(row["passed"], row["strong_kind"]) for row in rows] == [(True, "assertion"), (True, ""), (True, "")]


@pytest.mark.usefixtures("strong")
def test_a_canonical_solution_that_fails_the_stronger_test_stops_the_run(evaluate: Evaluate, mini: Path) -> None:
    rows = [{**PROBLEMS[0], "strong_test": STRONG.replace("-2", "7")}, *PROBLEMS[1:]]
    mini.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = evaluate()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*Mini/0: by its stronger test: assertion: *"])


def test_a_dataset_without_stronger_tests_has_one_figure(evaluate: Evaluate) -> None:
    result = evaluate(script=NEARLY)
    result.stdout.no_fnmatch_line("*strong@*")

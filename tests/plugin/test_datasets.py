"""Several datasets in one run: figures, comparisons, files and XML keep them apart; pooled where that is asked for."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from mini import Evaluate, distributed

from pytest_humaneval.testing import PROBLEMS

RIGHT = {one.task_id.replace("Mini", "Other"): one.canonical_solution for one in PROBLEMS}
WRONG = {"Other/0 minimal": "    return 0\n"}


def read_rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def under(heading: str, lines: Sequence[str], strategy: str) -> list[str]:
    """The cells of a strategy's first row below a heading."""
    rest = lines[lines.index(heading) :]
    return next(line for line in rest if line.startswith(f"{strategy} ")).split()


@distributed
def test_every_figure_is_of_one_dataset(
    evaluate: Evaluate, mini: Path, other: Path, tmp_path: Path, workers: str
) -> None:
    out, xml = tmp_path / "out", tmp_path / "x.xml"
    result = evaluate(
        workers, f"--humaneval-dataset={mini},{other}", f"--humaneval-output={out}", f"--junitxml={xml}",
        script=RIGHT | WRONG, strategy="chat,minimal",
    )  # fmt: skip
    lines = result.outlines
    assert under("mini: 3 problems", lines, "minimal")[1] == "1.000"
    assert under("other: 3 problems", lines, "minimal")[1] == "0.667"
    assert "minus minimal" in result.stdout.str()
    assert "pooled" not in result.stdout.str()
    run = json.loads((out / "run.json").read_text())
    assert [(one["name"], one["problems"]) for one in run["datasets"]] == [("mini", 3), ("other", 3)]
    assert [(row["dataset"], row["strategy"], row["passed"]) for row in run["strategies"]] == [
        ("mini", "chat", 3), ("mini", "minimal", 3), ("other", "chat", 3), ("other", "minimal", 2),
    ]  # fmt: skip
    compared = {name: one["pairs"]["comparisons"][0]["better"] for name, one in run["by_dataset"].items()}
    assert compared == {"mini": 0, "other": 1}
    for file in ("results.jsonl", "samples.jsonl"):
        assert {(row["task_id"][:4], row["dataset"]) for row in read_rows(out / file)} == {
            ("Mini", "mini"), ("Othe", "other"),
        }  # fmt: skip
    suite = {one.get("name"): one.get("value") for one in ElementTree.parse(xml).findall(".//testsuite/properties/*")}
    assert (suite["mini.minimal.pass@1"], suite["other.minimal.pass@1"]) == ("1.000000", "0.666667")
    assert "minimal.pass@1" not in suite


def test_pooled_figures_are_there_where_they_are_asked_for(
    evaluate: Evaluate, mini: Path, other: Path, tmp_path: Path
) -> None:
    page, markdown = tmp_path / "page.html", tmp_path / "summary.md"
    result = evaluate(
        "-n0", f"--humaneval-dataset={mini},{other}", "--humaneval-pool", "--humaneval-min-pass-at-1=0.8",
        f"--humaneval-html={page}", f"--humaneval-markdown={markdown}", script=RIGHT | WRONG,
    )  # fmt: skip
    heading = "pooled: 6 problems of all these datasets, each counted once"
    assert under(heading, result.outlines, "minimal")[1] == "0.833"
    assert "minimal on pooled: pass@1 of at least 0.8: holds" in result.stdout.str()
    assert result.ret == 0
    for label in ("minimal on mini", "minimal on other", "minimal on pooled"):
        assert label in page.read_text()
    assert "### other\\: 3 problems" in markdown.read_text()


def test_gates_ask_each_dataset_that_is_not_pooled(evaluate: Evaluate, mini: Path, other: Path) -> None:
    result = evaluate(
        "-n0", f"--humaneval-dataset={mini},{other}", "--humaneval-min-pass-at-1=0.8", script=RIGHT | WRONG
    )
    result.stdout.fnmatch_lines(["gate * minimal on mini: * holds: *", "gate * minimal on other: * DOES NOT HOLD: *"])
    assert result.ret == 10


def test_a_former_run_on_one_dataset_is_compared_with_that_one(
    evaluate: Evaluate, mini: Path, other: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    evaluate("-n0", f"--humaneval-dataset={mini}", f"--humaneval-output={before}")
    result = evaluate(
        "-n0", f"--humaneval-dataset={mini},{other}", f"--humaneval-baseline={before}", script=RIGHT | WRONG
    )
    result.stdout.fnmatch_lines(
        ["minimal unchanged: 3 passed*", "other: 3 problems", "note: the baseline has no result on other"]
    )


def test_reliability_changes_and_a_gate_on_a_drop_are_of_each_dataset(
    evaluate: Evaluate, mini: Path, other: Path, tmp_path: Path
) -> None:
    before, page = tmp_path / "before", tmp_path / "page.html"
    both = ("-n0", f"--humaneval-dataset={mini},{other}", "--humaneval-num-samples=2", "--humaneval-temperature=0.8")
    evaluate(*both, f"--humaneval-output={before}", script=RIGHT)
    result = evaluate(
        *both, f"--humaneval-baseline={before}", "--humaneval-max-drop=0.5", f"--humaneval-html={page}",
        script=RIGHT | WRONG,
    )  # fmt: skip
    told = result.stdout.str()
    assert told.count("pass^2") == 2
    result.stdout.fnmatch_lines(
        ["mini: 3 problems", "strategy  answers *", "other: 3 problems", "*causes of 2 wrong answers*", "*answers *"]
    )
    for name in ("mini", "other"):
        assert f"minimal on {name}: a drop of less than 0.5 against the baseline: " in told
        assert f"minimal on {name}" in page.read_text()
    assert result.ret == 11  # three problems are too few to say


def test_a_limit_is_for_each_dataset(evaluate: Evaluate, mini: Path, other: Path) -> None:
    result = evaluate("--collect-only", "-q", f"--humaneval-dataset={mini},{other}", "--humaneval-limit=1")
    result.stdout.fnmatch_lines(["*Mini/0-add-minimal?", "*Other/0-add-minimal?"])
    result.stdout.no_fnmatch_line("*/1-shout*")


def test_equal_ids_end_the_run_before_it_starts(refused: Evaluate, mini: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    again.write_text(mini.read_text())
    refused(f"--humaneval-dataset={mini},{again}").stderr.fnmatch_lines(
        ["ERROR: --humaneval-dataset: mini and again both have a problem Mini/0; *"]
    )


def test_datasets_are_listed(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--humaneval-list-datasets")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["humaneval *OpenAI's HumanEval*", "*164 problems in *(sha256 1d49078ba3e2)"])


def test_the_table_says_that_a_prompt_shows_a_part_of_its_test(evaluate: Evaluate, mini: Path, tmp_path: Path) -> None:
    task = {"text": "Double a number.", "code": "def double(n): return n * 2", "task_id": 11}
    asserts = ["assert double(2) == 4", "assert double(0) == 0"]
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(task | {"test_list": asserts}) + "\n")
    script = {"MBPP/11": "def double(n):\n    return n + n\n"}
    result = evaluate(
        "-n0", f"--humaneval-dataset={mini},mbpp:assertions", f"--humaneval-data-dir={tmp_path}", script=script,
        strategy="minimal,best_of",
    )  # fmt: skip
    result.stdout.fnmatch_lines(
        ["problems *1 of mbpp:test:assertions (sha256 *); prompts show 2 assertions of their test"]
    )
    lines = result.outlines
    assert under("mini: 3 problems", lines, "minimal")[4] == "prompt"
    assert under("mbpp:test:assertions: 1 problem", lines, "minimal")[4:6] == ["2", "assertions"]
    assert under("mbpp:test:assertions: 1 problem", lines, "best_of")[4] == "examples"


@distributed
def test_evalplus_gives_two_figures(evaluate: Evaluate, tmp_path: Path, workers: str) -> None:
    row = {
        "task_id": "HumanEval/0", "prompt": "def half(n):\n", "entry_point": "half", "contract": "", "atol": 0,
        "canonical_solution": "    return n / 2\n", "base_input": [[4], [6]], "plus_input": [[-3]],
    }  # fmt: skip
    (tmp_path / "plus.jsonl").write_text(json.dumps(row) + "\n")
    result = evaluate(
        workers, f"--humaneval-dataset=humaneval+={tmp_path}/plus.jsonl", strategy="chat,minimal",
        script={"* chat": "    return n / 2\n", "* minimal": "    return abs(n) / 2\n"},
    )  # fmt: skip
    head = next(line for line in result.outlines if line.startswith("strategy ")).split()
    rows = {line.split()[0]: line.split() for line in result.outlines if line.startswith(("chat ", "minimal "))}
    assert "strong@1" in head
    assert (rows["chat"][1], rows["minimal"][1]) == ("1.000", "1.000")
    result.stdout.fnmatch_lines(["*HumanEval/0 minimal: half(-3)*expected -1.5*"])


@pytest.fixture
def gaps(tmp_path: Path) -> Path:
    """The three problems with a gap in the middle of the last line."""
    file = tmp_path / "gaps.jsonl"
    rows = [asdict(replace(one, canonical_solution="    ret", suffix=one.canonical_solution[7:])) for one in PROBLEMS]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@distributed
def test_a_gap_is_filled_and_judged_with_what_follows(
    evaluate: Evaluate, gaps: Path, tmp_path: Path, workers: str
) -> None:
    out = tmp_path / "out"
    options = (workers, f"--humaneval-dataset={gaps}", f"--humaneval-output={out}", f"--humaneval-html={out}/page.html")
    script = dict.fromkeys(("Mini/0", "Mini/1"), "    ret") | {"Mini/10": "    yield "}
    result = evaluate(*options, script=script, strategy="fim")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*the code after the gap*", "*urn items*"])
    asked = [row["text"] for row in read_rows(out / "prompts.jsonl")]
    assert all(text.startswith("<|fim_prefix|>def ") and "<|fim_suffix|>urn " in text for text in asked)
    judged = evaluate(
        f"--humaneval-replay={out}/samples.jsonl", "--humaneval-script=", f"--humaneval-dataset={gaps}",
        strategy="fim",
    )  # fmt: skip
    judged.assert_outcomes(passed=2, failed=1)


def test_a_strategy_that_does_not_show_what_follows_a_gap_is_refused(refused: Evaluate, gaps: Path) -> None:
    refused(f"--humaneval-dataset={gaps}", strategy="chat,fim").stderr.fnmatch_lines(
        ["*--strategy: chat would not show the model the code that follows the gap in Mini/0;*"]
    )

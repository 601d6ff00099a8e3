"""Beside other plugins that report, and under the options by which people set pytest's own output."""

from __future__ import annotations

import json
import re

import pytest
from mini import Evaluate, distributed, row_of

WRONG = {"Mini/0": "    return a - b\n"}
COLOUR = re.compile(r"\x1b\[")


@pytest.fixture(autouse=True)
def plugins() -> None:
    """All that are installed, as users have them."""


@distributed
def test_pytest_html_shows_the_failures(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    result = evaluate(workers, "--html=other.html", "--self-contained-html", "--humaneval-html=ours.html", script=WRONG)
    result.assert_outcomes(passed=2, failed=1)
    assert "the verdict: assertion" in (pytester.path / "other.html").read_text()
    assert "HumanEval report" in (pytester.path / "ours.html").read_text()


@distributed
def test_pytest_json_report_has_every_item(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    evaluate(workers, "--json-report", "--json-report-file=out.json", script={**WRONG, "Mini/1": {"error": "broken"}})
    report = json.loads((pytester.path / "out.json").read_text())
    verdicts = {
        dict(kv for one in test["user_properties"] for kv in one.items())["verdict"] for test in report["tests"]
    }
    assert verdicts == {"assertion", "error", "passed"}


@distributed
def test_pytest_reportlog_has_every_item(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    evaluate(workers, "--report-log=out.jsonl", script=WRONG)
    rows = [json.loads(line) for line in (pytester.path / "out.jsonl").read_text().splitlines()]
    calls = [row for row in rows if row.get("when") == "call"]
    assert sorted(dict(row["user_properties"])["verdict"] for row in calls) == ["assertion", "passed", "passed"]


@distributed
@pytest.mark.parametrize("option", ["--reruns=3", "--force-reruns=3", "mark"])
def test_pytest_rerunfailures_runs_an_evaluated_item_once(
    evaluate: Evaluate, workers: str, option: str, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.flaky(reruns=3)
        def test_it(problem, completion, check_correctness, tmp_path_factory):
            times = tmp_path_factory.getbasetemp() / problem.entry_point
            again, _ = times.exists(), times.touch()
            assert again or check_correctness(problem, completion).passed

        def test_of_something_else(tmp_path_factory):
            times = tmp_path_factory.getbasetemp() / "else"
            again, _ = times.exists(), times.touch()
            assert again
        """
    )
    options = [option] if option != "mark" else []
    result = evaluate(workers, "test_mine.py", *options, script=WRONG)
    again = 1 if options else 0
    result.assert_outcomes(passed=2 + again, failed=2 - again)
    assert (f"{again} rerun" in result.stdout.str()) == bool(again)
    assert row_of(result, "minimal")["pass@1"] == "0.667"


@distributed
def test_copies_of_pytest_repeat_are_no_samples(evaluate: Evaluate, workers: str) -> None:
    pytest.importorskip("pytest_repeat")
    result = evaluate(workers, "--count=3", script=WRONG)
    result.assert_outcomes(passed=6, failed=3)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["interval"], row["passed"]) == ("0.667", "[0.208,0.939]", "2")
    result.stdout.fnmatch_lines(["further tests: 6 on samples that are counted already, outside pass@k*"])


@pytest.mark.parametrize(
    "options", [["-q"], ["-v"], ["-vv", "--no-header"], ["-rA"], ["--tb=short"], ["--tb=no", "-q"]]
)
def test_the_table_is_there_whatever_pytest_is_told_to_show(
    evaluate: Evaluate, workers: str, options: list[str]
) -> None:
    result = evaluate(workers, *options, script=WRONG)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["interval"], row["passed"], row["failed"]) == ("0.667", "[0.208,0.939]", "2", "1")


def test_r_a_names_every_item_and_repeats_no_completion(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "-rA", script=WRONG)
    result.stdout.fnmatch_lines(["PASSED test_humaneval.py::test_humaneval[[]Mini/1-shout-minimal[]]"])
    result.stdout.fnmatch_lines(["FAILED test_humaneval.py::test_humaneval[[]Mini/0-add-minimal[]] - assertion: *"])
    assert result.stdout.str().count("return a - b") == 1


def test_colour_is_there_when_asked_for_and_only_then(
    evaluate: Evaluate, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert COLOUR.search(evaluate(workers, "--color=yes", script=WRONG).stdout.str())
    assert not COLOUR.search(evaluate(workers, "--color=no", script=WRONG).stdout.str())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(evaluate(workers, script=WRONG).stdout.str())


def test_a_narrow_terminal_gets_tables_unwrapped_and_numbers_to_the_right(
    evaluate: Evaluate, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    result = evaluate(workers, script=WRONG, strategy="minimal,chat")
    lines = [line for line in result.outlines if re.match(r"(strategy|chat|minimal)  ", line)]
    heads = [at for at, line in enumerate(lines) if line.startswith("strategy ")]
    tables = [lines[at:end] for at, end in zip(heads, [*heads[1:], len(lines)], strict=True)]
    assert tables
    for head, *rows in tables:  # those of pass@1, then the comparison of chat with minimal
        assert [row.split()[0] for row in rows] in (["chat", "minimal"], ["chat"])
        assert {len(line) for line in rows} == {len(head)}
        assert len(head) <= 60
        assert all(line[-1] != " " for line in (head, *rows))
    columns = " ".join(head for head, *_ in tables)
    assert all(name in columns for name in ("pass@1", "passed", "errors", "tokens"))

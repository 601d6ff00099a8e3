"""Many failing items: a line for each, and the table where people look."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from mini import ADD, Evaluate, row_of

from pytest_humaneval.plugin.failure_list import FEW

MANY = FEW + 3
WRONG = "    return a - b\n"
FULL = "--- Mini/?, minimal: the problem ---"
LINE = "Mini/0 minimal assertion: add(1, 2) == 3, got -1"


@pytest.fixture
def many(tmp_path: Path) -> str:
    """An option: a file with the first problem of the three so many times."""
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({**ADD, "task_id": f"Mini/{number}"}) + "\n" for number in range(MANY)))
    return f"--humaneval-dataset={file}"


def wrong(**others: Any) -> dict[str, Any]:
    answers = {f"Mini/{number}": WRONG for number in range(MANY)}
    return answers | {task.replace("_", "/"): answer for task, answer in others.items()}


def titles(result: pytest.RunResult) -> list[str]:
    """The sections, without what the last line of a run says of its time."""
    found = (re.fullmatch(r"=+ (.*?) =+", line) for line in result.outlines)
    return [re.sub(r" in [\d.]+s.*", "", match[1]) for match in found if match]


def test_each_gets_one_line_and_the_table_is_last(evaluate: Evaluate, workers: str, many: str) -> None:
    result = evaluate(workers, many, script=wrong(Mini_1="    return [][0]\n"))
    assert titles(result)[1:] == [f"{MANY} FAILURES", "HumanEval", f"{MANY} failed"]
    lines = [line for line in result.outlines if line.startswith("Mini/")]
    assert lines[:2] == [LINE, "Mini/1 minimal exception: add: IndexError: list index out of range, line 1"]
    assert [line.split()[0] for line in lines] == [f"Mini/{number}" for number in range(MANY)]
    result.stdout.no_fnmatch_line(FULL)
    result.stdout.no_fnmatch_line("FAILED *")
    assert row_of(result, "minimal")["failed"] == str(MANY)


@pytest.mark.parametrize("options", [["-v"], ["--tb=short"], ["--tb=auto"]], ids=" ".join)
def test_in_full_when_asked_for_and_the_table_still_last(
    evaluate: Evaluate, workers: str, many: str, options: list[str]
) -> None:
    result = evaluate(workers, many, *options, script=wrong())
    assert titles(result)[1:] == ["FAILURES", "short test summary info", "HumanEval", f"{MANY} failed"]
    assert result.stdout.str().count(": the problem ---") == MANY
    assert LINE not in result.outlines


def test_an_ini_file_asks_too(evaluate: Evaluate, many: str, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = --tb=long\n")
    assert "FAILURES" in titles(evaluate("-n0", many, script=wrong()))


def test_a_handful_is_shown_in_full(evaluate: Evaluate, workers: str, many: str) -> None:
    right = {f"Mini/{number}": "    return a + b\n" for number in range(FEW, MANY)}
    result = evaluate(workers, many, script=wrong() | right)
    assert titles(result)[1:] == [
        "FAILURES", "short test summary info", "HumanEval", f"{FEW} failed, {MANY - FEW} passed",
    ]  # fmt: skip
    assert result.stdout.str().count(": the problem ---") == FEW


def test_the_first_failure_of_x_is_shown_in_full(evaluate: Evaluate, many: str) -> None:
    result = evaluate("-n0", many, "-x", script=wrong())
    assert result.stdout.str().count(": the problem ---") == 1


def test_the_user_s_r_is_obeyed(evaluate: Evaluate, workers: str, many: str) -> None:
    result = evaluate(workers, many, "-rf", script=wrong())
    assert titles(result)[1:] == [f"{MANY} FAILURES", "short test summary info", "HumanEval", f"{MANY} failed"]
    assert sum(line.startswith("FAILED ") for line in result.outlines) == MANY


@pytest.mark.parametrize("options", [["--no-summary"], ["--tb=no", "-rN"]], ids=" ".join)
def test_nothing_but_the_table_when_asked_for(evaluate: Evaluate, workers: str, many: str, options: list[str]) -> None:
    result = evaluate(workers, many, *options, script=wrong())
    assert titles(result)[1:] == ["HumanEval", f"{MANY} failed"]
    assert LINE not in result.outlines


def test_many_errors_are_a_line_each_after_the_first(evaluate: Evaluate, workers: str, many: str) -> None:
    broken = {f"Mini/{number}": {"error": "broken\nas a log says"} for number in range(MANY)}
    result = evaluate(workers, many, script=broken)
    shown = ["ERRORS", f"{MANY - 1} MORE ERRORS", "short test summary info", "HumanEval", f"{MANY} errors"]
    assert titles(result)[1:] == shown
    assert result.stdout.str().count("ERROR at setup of") == 1
    assert sum(bool(re.match(r"Mini/\d minimal error: ", line)) for line in result.outlines) == MANY - 1


def test_tests_of_the_user_s_own_are_shown_as_pytest_shows_them(
    evaluate: Evaluate, workers: str, many: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        "def test_functional_correctness(problem, completion, check_correctness):\n"
        "    assert check_correctness(problem, completion).passed\n"
        "def test_of_mine():\n    assert 1 == 2\n"
    )
    result = evaluate(workers, many, ".", script=wrong())
    assert titles(result)[1:] == [
        "FAILURES", f"{MANY} FAILURES", "short test summary info", "HumanEval", f"{MANY + 1} failed",
    ]  # fmt: skip
    assert sum(line.startswith("FAILED ") for line in result.outlines) == 1
    result.stdout.fnmatch_lines(["*assert 1 == 2"])


def test_the_files_have_everything(evaluate: Evaluate, workers: str, many: str, tmp_path: Path) -> None:
    evaluate(workers, many, "--junitxml=out.xml", f"--humaneval-output={tmp_path / 'out'}", script=wrong())
    failures = ElementTree.parse("out.xml").getroot().findall(".//failure")
    assert len(failures) == MANY
    assert failures[0].get("message") == "assertion: add(1, 2) == 3, got -1"
    assert all(": the problem ---" in (one.text or "") and "return a - b" in (one.text or "") for one in failures)
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert all(row["detail"].startswith("assert candidate(1, 2) == 3\narguments: 1, 2\n") for row in rows)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_the_terminal(evaluate: Evaluate, many: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = evaluate("-n0", many, script=wrong(Mini_1="    return list(range(a, 90 * b))\n"))
    lines = [line for line in result.outlines if line.startswith("Mini/")]
    assert len(lines) == MANY
    assert len(lines[1]) == columns
    assert max(map(len, lines)) == columns


def test_the_kind_is_coloured_where_pytest_colours(evaluate: Evaluate, workers: str, many: str) -> None:
    result = evaluate(workers, many, "--color=yes", script=wrong())
    assert LINE.replace("assertion:", "\x1b[31massertion:\x1b[0m") in result.outlines

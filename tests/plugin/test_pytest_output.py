"""Under the options by which people set pytest's own output."""

from __future__ import annotations

import re

import pytest
from mini import Evaluate, row_of

WRONG = {"Mini/0": "    return a - b\n"}
COLOUR = re.compile(r"\x1b\[")


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

from __future__ import annotations

import pytest

from pytest_humaneval.results.headline import columns, cut, cut_middle, headline

WRONG = "assert candidate([1, 2]) == [2, 1], 'reversed'\narguments: [1, 2]\nexpected: [2, 1]\ngot: [1, 2]"
RAISED = "line 12 of the completion: return items[9]\nIndexError: list index out of range"


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        ("assertion", WRONG, "f([1, 2]) == [2, 1], got [1, 2]"),
        (
            "assertion",
            "assert candidate(x) == y\narguments: 3\nexpected: 4\ngot: None",
            "f(x) == y, expected 4, got None",
        ),
        (
            "assertion",
            "assert abs(poly(xs)) < 0.1\narguments: [1]\nexpected: 0.1\ngot: None\nTypeError: must be a number",
            "f: abs(poly(xs)) < 0.1, got None, TypeError: must be a number",
        ),
        ("assertion", f"assert candidate('{'x' * 9} ...\ngot: 1", "f('xxxxxxxxx ..., got 1"),  # cut, so no statement
        ("exception", RAISED, "f: IndexError: list index out of range, line 12"),
        ("exception", "line 3 of the completion: raise Mine\nMine: ", "f: Mine, line 3"),
        ("exception", "in the prompt: import nothing\nImportError: no", "f: ImportError: no, in the prompt"),
        (
            "syntax error",
            "line 2 of the completion: return (\nSyntaxError: '(' was never closed",
            "f: SyntaxError: '(' was never closed, line 2",
        ),
        ("timed out", "more than 3 s", "f: more than 3 s"),
        ("refused", "", "f"),
        ("error", "EngineError: gone\nits log", "EngineError: gone"),
        ("exception", "\x1b[2Jgone", r"f: \x1b[2Jgone"),
    ],
)
def test_a_verdict_in_a_line(kind: str, detail: str, told: str) -> None:
    assert str(headline(kind, detail, "f")) == told


def test_an_assertion_keeps_its_call_what_it_expects_and_what_came() -> None:
    assert headline("assertion", WRONG, "turned").within(30) == "turned([1…= [2, 1], got [1, 2]"


def test_an_exception_keeps_its_type_and_loses_its_line_last() -> None:
    told = headline("exception", RAISED, "f")
    assert told.within(40) == "f: IndexError: list index out …, line 12"
    assert told.within(16) == "f: IndexError: …"


@pytest.mark.parametrize("width", range(50))
@pytest.mark.parametrize("detail", [WRONG, RAISED, WRONG.replace("[1, 2]", "'中文字符中文字符'")])
def test_no_line_is_wider_than_it_may_be(detail: str, width: int) -> None:
    for kind in ("assertion", "exception"):
        assert columns(headline(kind, detail, "entry_point").within(width)) <= width


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert [columns("ab"), columns("中"), columns("e\u0301")] == [2, 2, 1]
    assert cut("中文字", 5) == "中文…"
    assert cut_middle("abcdefg", 5) == "ab…fg"

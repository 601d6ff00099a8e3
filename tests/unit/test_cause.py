from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.report.remarks import remark_lines
from pytest_humaneval.results import cause
from pytest_humaneval.results.cause import cause_of
from pytest_humaneval.results.rows import rows_of

PROBLEM = Problem("T/0", "def f(x):\n", "f", "", "")
values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-9, 9), st.just(10**400), st.floats(-9, 9), st.just(None), st.text("ab", max_size=3)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner, inner)),
    max_leaves=4,
)


def compared(expected: object, got: object) -> str:
    detail = f"assert candidate(1) == {expected!r}\narguments: 1\nexpected: {expected!r}\ngot: {got!r}"
    return cause_of(Outcome("T/0", "chat", 0, "assertion", detail, completion="    return x\n"), PROBLEM)


@given(values, values)
def test_a_cause_of_two_values_is_the_same_the_other_way_round(one: object, other: object) -> None:
    assert other is None or one is None or compared(one, other) == compared(other, one)


@given(values)
def test_what_is_equal_differs_in_nothing(value: object) -> None:
    assert value is None or compared(value, value) == ""


@pytest.mark.parametrize(
    ("expected", "got", "found"),
    [
        (True, False, ""),
        (3, 5, ""),
        (3, 4, cause.OFF_BY_ONE),
        ("abc", "ab", cause.OFF_BY_ONE),
        ([1, 5], [1, 6], cause.OFF_BY_ONE),
        ([1, 5], [5, 1], cause.ORDER),
        ([1, 2], (1, 2), cause.TYPE),
        (1, True, cause.TYPE),
        (None, -1, cause.TYPE),
        (0, None, cause.NONE),
        (10**400, 1.5, ""),
        (2, 2.4, cause.ROUNDING),
        (2, 3.4, ""),
        ([0.5, 2], [0.501, 2], cause.ROUNDING),
        (float("1e308"), 3, ""),
        ({"a": 1}, {"a": 2}, ""),
    ],
)
def test_how_two_values_differ(expected: object, got: object, found: str) -> None:
    assert compared(expected, got) == found


def test_a_result_of_another_shape_differs_in_none_of_these() -> None:
    """HumanEval/87 expects pairs, and some answers have whole numbers in their places."""
    assert compared([(0, 0), (1, 4)], [0, 1]) == compared([0, 1], [(0, 0), (1, 4)]) == ""


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "assert candidate(1) == [1, ... 9]\ngot: [1 ... 9]",
        "assert candidate(1) == 'cut in the mid\nexpected: 1\ngot: 2",
        "for x in range(3):\n    pass\nexpected: 1\ngot: 2",
        "assert all(candidate(x) == x for x in y)\ngot: 2",
        "assert candidate(1) == 1\nexpected: object\ngot: <object>",
    ],
)
def test_what_cannot_be_read_has_no_cause(detail: str) -> None:
    assert cause_of(Outcome("T/0", "chat", 0, "assertion", detail, completion="    return x\n"), PROBLEM) == ""


def test_what_passed_and_what_is_an_error_have_none() -> None:
    for kind in ("passed", "error"):
        assert cause_of(Outcome("T/0", "chat", 0, kind, "NameError: name 'a' is not defined"), PROBLEM) == ""


def test_they_are_counted_for_each_strategy_with_how_many_show_none() -> None:
    causes = [cause.NONE, cause.ORDER, cause.ORDER, ""]
    outcomes = [Outcome(f"T/{n}", "chat", 0, "assertion", cause=one) for n, one in enumerate(causes)]
    (row,) = rows = rows_of([*outcomes, Outcome("T/9", "chat", 0, "passed")], (1,))
    assert row.causes == {cause.NONE: 1, cause.ORDER: 2}
    told = "chat: causes of 4 wrong answers: 2 order only, 1 returns None, 1 none of these"
    assert told in remark_lines(rows, 160)

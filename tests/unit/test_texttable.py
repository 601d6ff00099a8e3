from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.report.texttable import Column, duration, folded, text_table, wrapped

words = st.text("abcdef0123456789", min_size=1, max_size=12)


def test_names_are_to_the_left_and_numbers_to_the_right() -> None:
    assert text_table(Column("name", ["a", "long one"]), [Column("n", ["1", "200"])], 80) == [
        "name        n",
        "a           1",
        "long one  200",
    ]


@given(st.lists(st.tuples(words, st.booleans()), min_size=1, max_size=8), st.integers(20, 100))
def test_no_line_is_wider_than_the_terminal_unless_one_column_is(heads: list[tuple[str, bool]], width: int) -> None:
    columns = [Column(head, ["1", "22"], glued) for head, glued in heads]
    lines = text_table(Column("", ["a", "b"]), columns, width)
    shown = " ".join(lines).split()
    assert sorted(shown) == sorted(
        [head for head, _ in heads] + ["1", "22"] * len(heads) + ["a", "b"] * (len(lines) + 1 >> 2)
    )
    if not any(glued for _, glued in heads):
        assert max(map(len, lines)) <= width


def test_prose_is_wrapped_and_paths_stay_whole() -> None:
    path = "a-folder/" * 6
    assert wrapped(f"results are in {path}", 30, "note  ") == ["note  results are in", f"      {path}"]
    assert wrapped("", 30) == []


def test_task_ids_are_folded_into_ranges() -> None:
    assert folded([f"HumanEval/{number}" for number in (3, 7, 8, 9, 12)], 100) == "HumanEval/3, 7-9, 12"
    assert folded(["A/1", "A/2", "B/2", "B/3", "odd", "B/4"], 100) == "A/1-2, B/2-3, odd, B/4"
    assert folded(["A/01", "A/02"], 100) == "A/01, A/02"
    assert folded([], 100) == ""


def test_a_long_list_says_how_many_more_there_are() -> None:
    task_ids = [f"HumanEval/{number}" for number in range(0, 40, 2)]
    assert folded(task_ids, 30) == "HumanEval/0, 2, 4, 6, 8, 10 and 14 more"
    assert folded(task_ids, 1) == "HumanEval/0 and 19 more"


@given(st.sets(st.integers(0, 60), min_size=1).map(sorted), st.integers(1, 200))
def test_folding_loses_no_id(numbers: list[int], longest: int) -> None:
    text, _, more = folded([f"T/{number}" for number in numbers], longest).partition(" and ")
    named = 0
    for piece in text.removeprefix("T/").split(", "):
        first, _, last = piece.partition("-")
        named += int(last or first) - int(first) + 1
    assert named + int(more.removesuffix(" more") or 0) == len(numbers)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said

from __future__ import annotations

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_humaneval.cluster.totals import DENSE, Figures, Marks
from pytest_humaneval.outcome import KINDS, Outcome
from pytest_humaneval.report.analysis import comparisons_between, comparisons_of
from pytest_humaneval.results.rows import rows_of

numbers = st.one_of(st.integers(0, 50), st.integers(DENSE - 2, DENSE + 2), st.integers(10**12, 10**12 + 2))


@settings(max_examples=30)  # a number just below DENSE makes a million places to look at
@given(st.lists(st.tuples(numbers, st.booleans()), max_size=20))
def test_marks_are_a_dict_of_numbers(pairs: list[tuple[int, bool]]) -> None:
    marks, plain = Marks(), dict(pairs)
    for number, value in pairs:
        marks.put(number, value)
    assert dict(marks) == plain
    assert len(marks) == len(plain)
    assert all((number in marks) == (number in plain) for number in (0, 49, DENSE, 10**12, -1))


def test_marks_of_dense_numbers_take_a_byte_each() -> None:
    marks = Marks()
    for number in range(100_000):
        marks.put(number, number % 2 == 0)
    assert sys.getsizeof(marks._dense) < 120_000


outcomes = st.builds(
    Outcome,
    st.sampled_from(["T/0", "T/1", "T/2"]),
    st.sampled_from(["chat", "minimal"]),
    st.integers(0, 3),
    st.sampled_from(KINDS),
)


@given(st.lists(outcomes, min_size=1, unique_by=lambda one: one.item))
def test_figures_are_those_of_the_outcomes_themselves(given_ones: list[Outcome]) -> None:
    figures = Figures()
    for outcome in given_ones:
        figures.add(outcome)
    assert figures.rows((1, 10)) == rows_of(given_ones, (1, 10))
    assert comparisons_between(figures.passes()) == comparisons_of(given_ones)
    assert figures.errors == sum(one.error for one in given_ones)

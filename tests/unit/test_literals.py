from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_humaneval.dataset.literals import read_arguments, read_literal

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(values)
def test_a_value_is_read_back_from_its_repr_whatever_follows_it(value: object) -> None:
    text = repr(value)
    assert read_literal(f"{text}\nand so on]") == (value, len(text))


@given(st.lists(values, max_size=3))
def test_arguments_are_read_back_from_a_call(arguments: list[object]) -> None:
    text = ", ".join(map(repr, arguments))
    assert read_arguments(f"{text}) == 3") == (tuple(arguments), len(text) + 1)


@pytest.mark.parametrize("text", ["", "x", "n + 1", "Truely", "3rd", "1.5.2", "[1, 2", "'open", "-", "[a, b]"])
def test_what_is_no_literal_is_none(text: str) -> None:
    assert read_literal(text) is None


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [("5.", 5.0, ""), ("12, 3", 12, ", 3"), ("'a)b')", "a)b", ")"), ("[[1], [2]] ok", [[1], [2]], " ok")],
)
def test_a_literal_ends_where_it_ends(text: str, value: object, rest: str) -> None:
    read = read_literal(text)
    assert read is not None
    assert (read[0], text[read[1] :]) == (value, rest)


@pytest.mark.parametrize("text", ["n)", "a, 3)", "f(2))", "1, 2", ""])
def test_arguments_that_are_no_literals_are_none(text: str) -> None:
    assert read_arguments(text) is None


@example("01")
@example("1__0")
@given(st.text(max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    read_literal(text)
    read_arguments(text)

"""How the text of an option becomes its value."""

from __future__ import annotations

import argparse
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.option import argument, count, counts, key_and_value, least, number, share


@given(st.floats())
def test_a_share_is_a_number_from_0_to_1_and_nothing_else(value: float) -> None:
    if 0 <= value <= 1:
        assert share(repr(value)) == value
    else:  # nan and the infinities too
        with pytest.raises(InputError, match="is not a number from 0 to 1"):
            share(repr(value))


@given(st.text())
def test_any_text_is_a_count_or_a_calm_error(text: str) -> None:
    with contextlib.suppress(InputError):  # and no other
        assert count(text) >= 1


@given(st.lists(st.integers(1, 10**9), min_size=1))
def test_numbers_by_comma(numbers: list[int]) -> None:
    assert counts(",".join(map(str, numbers))) == tuple(numbers)


def test_shares_of_all_and_of_some() -> None:
    assert least("0.4, chat = 0.5") == (("", 0.4), ("chat", 0.5))


@pytest.mark.parametrize("text", ["--dtype=float32", "dtype=float32"])
def test_a_key_has_its_dashes_or_not(text: str) -> None:
    assert key_and_value(text) == ("dtype", "float32")


@pytest.mark.parametrize("text", ["dtype", "=2", "--=2", ""])
def test_what_has_no_key_or_no_value(text: str) -> None:
    with pytest.raises(InputError, match="is not KEY=VALUE"):
        key_and_value(text)


def test_argparse_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=argument(number(int, 1, 65535, "a port")))
    with pytest.raises(SystemExit):
        parser.parse_args(["--port=http"])
    assert "argument --port: 'http' is not a port" in capsys.readouterr().err

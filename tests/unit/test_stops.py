from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval import FUNCTION_END
from pytest_humaneval.engine.stops import cut_at_stop, essential_stops

texts = st.text("ab\n", max_size=30)
stop_lists = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=6)


def test_a_stop_that_begins_with_another_one_is_not_essential() -> None:
    assert essential_stops(["\ndef main(", "\nclass ", "\ndef ", "\nclass "]) == ["\nclass ", "\ndef "]


def test_the_default_stops_need_one_less() -> None:
    assert set(FUNCTION_END) - set(essential_stops(FUNCTION_END)) == {"\ndef main("}


def test_text_ends_before_the_first_stop_in_it() -> None:
    assert cut_at_stop("    return 1\n\nclass A:\n\ndef f", ["\ndef ", "\nclass "]) == ("    return 1\n", True)


def test_text_without_a_stop_is_whole() -> None:
    assert cut_at_stop("    return 1\n", ["\ndef "]) == ("    return 1\n", False)
    assert cut_at_stop("    return 1\n", []) == ("    return 1\n", False)


@given(texts, stop_lists)
def test_essential_stops_cut_where_all_of_them_would(text: str, stops: list[str]) -> None:
    assert cut_at_stop(text, essential_stops(stops)) == cut_at_stop(text, stops)


@given(texts, stop_lists)
def test_a_cut_text_is_the_longest_beginning_that_holds_no_stop(text: str, stops: list[str]) -> None:
    cut, found = cut_at_stop(text, stops)
    assert text.startswith(cut)
    assert not any(stop in cut for stop in stops)
    assert found == (cut != text)
    if found:
        assert any(text[len(cut) :].startswith(stop) for stop in stops)


# As a strategy's stops are: each begins a line. Then no two of them overlap in a text, and what one server knows and
# cuts never hides the beginning of another one.
line_starts = st.lists(st.text("ab", max_size=3).map("\n{}".format), max_size=6)


@given(texts, line_starts, st.integers(0, 6))
def test_cutting_after_a_server_that_knew_some_stops_changes_nothing(text: str, stops: list[str], known: int) -> None:
    by_server, _ = cut_at_stop(text, stops[:known])
    assert cut_at_stop(by_server, stops)[0] == cut_at_stop(text, stops)[0]

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.printable import printable


@given(st.text(st.characters(), max_size=100))
def test_printable_text_can_be_encoded_and_put_into_xml(text: str) -> None:
    safe = printable(text)
    safe.encode()
    ElementTree.fromstring(f"<a>{escape(safe)}</a>")


@given(st.text(st.characters(), max_size=100))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_control_characters_and_surrogates_become_escapes() -> None:
    assert printable("a\x00b\x1b[2J\ud800\n\té€") == "a\\x00b\\x1b[2J\\ud800\n\té€"


def test_the_middle_of_a_long_text_is_left_out() -> None:
    assert printable("a" * 50 + "b" * 50, 10) == "aaaaa\n... 90 characters left out ...\nbbbbb"

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.text.printable import counted, one_line, printable


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error title=a::b", "\\x3a:error title=a::b"),
        ("a\n \t::add-mask::b", "a\n \t\\x3a:add-mask::b"),
        ("\u3000::warning::b", "\u3000\\x3a:warning::b"),
        ("##vso[task.complete result=Succeeded;]", "\\x23#vso[task.complete result=Succeeded;]"),
        ("a ##[error]b", "a \\x23#[error]b"),
        ("###[group]", "#\\x23#[group]"),
        ("##teamcity[buildStatus text='a']", "\\x23#teamcity[buildStatus text='a']"),
        ("section_start:1:name\r\x1b[0K", "\\x73ection_start:1:name\\r\\x1b[0K"),
        ("travis_fold:start:a", "\\x74ravis_fold:start:a"),
        ("a\n--- the verdict: passed ---", "a\n\\x2d-- the verdict: passed ---"),
        ("+++ a", "\\x2b++ a"),
        ("~~~ a", "\\x7e~~ a"),
        ("^^^ +++", "\\x5e^^ +++"),
        ("wrong\rPASSED", "wrong\\rPASSED"),
        ("a\x85b\u2028c", "a\\x85b\\u2028c"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("user\u202e\u2066", "user\\u202e\\u2066"),
        ("a\u200bb\ufeff\xad", "a\\u200bb\\ufeff\\xad"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_nothing_that_a_terminal_or_a_ci_obeys_stays_as_it_is(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text", ["x[::2]", "std::sort", "# [1]", "a -- b", "---", "    return a\n\n# é\n", "\n  \n", "##"]
)
def test_what_nobody_obeys_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_the_cut_makes_no_line_that_is_obeyed() -> None:
    assert "\n::" not in printable("a" * 50 + "::error::" + "b" * 41, 100)
    assert "\n::" not in printable("a" * 150 + "::error::" + "b" * 41, 100)


def test_one_line_stays_one() -> None:
    assert one_line("a\n\tb\r::error::") == "a\\n\\tb\\r::error::"


@pytest.mark.parametrize(
    "text", ["\n" * 300_000, " " * 300_000, "#" * 300_000, "##a" * 100_000, (" " * 500 + "\n") * 600]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    started = time.process_time()
    printable(text)
    assert time.process_time() - started < 3


def test_errors_that_quote_what_others_wrote_can_be_printed() -> None:
    assert str(EngineError("the server said\n::error::a\r\x1b[2J")) == "the server said\n\\x3a:error::a\\r\\x1b[2J"
    assert str(InputError("plain, as it is: 'é'")) == "plain, as it is: 'é'"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 samples are"), (1, "1 sample is"), (2, "2 samples are"), (13009, "13,009 samples are")]
)
def test_a_count_takes_its_noun_with_it_and_marks_thousands(number: int, text: str) -> None:
    assert counted(number, "sample is", "samples are") == text

"""The data in the page: complete, small, and harmless."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from sample_results import PROBLEMS, asked, baseline, outcome, results

from pytest_humaneval.report.page.page_data import page_data, shown
from pytest_humaneval.report.page.summary import summaries
from pytest_humaneval.report.page.write import render
from pytest_humaneval.results.read import Results


def unpacked(texts: str) -> list[str]:
    listed: list[str] = json.loads(gzip.decompress(base64.b64decode(texts)))
    return listed


def data_of(given_results: Results, before: Results | None = None) -> tuple[dict[str, Any], list[str]]:
    made = page_data(given_results, PROBLEMS, summaries(given_results, before), before, asked())
    return made.index, unpacked(made.texts)


def test_every_outcome_is_there_with_its_texts() -> None:
    index, texts = data_of(results())
    cells = index["cells"]
    found = {
        (index["problems"][p]["id"], index["strategies"][s], index["kinds"][k], texts[c], texts[d])
        for p, s, k, c, d in zip(
            cells["problem"], cells["strategy"], cells["kind"], cells["completion"], cells["detail"], strict=True
        )
    }
    assert found == {(one.task_id, one.strategy, one.kind, one.completion, one.detail) for one in results().outcomes}


def test_each_text_is_kept_once() -> None:
    _, texts = data_of(results())
    assert len(texts) == len(set(texts))


def test_causes_are_indexed_and_none_is_the_first() -> None:
    some = (outcome("Mini/0", "chat", "assertion", cause="off by one"), outcome("Mini/1", "chat", "assertion"))
    index, _ = data_of(Results(some))
    assert index["causes"] == ["", "off by one"]
    assert index["cells"]["cause"] == [1, 0]


def test_what_the_baseline_said_stands_beside() -> None:
    index, _ = data_of(results(), baseline())
    cells = index["cells"]
    before = [None if at < 0 else index["kinds"][at] for at in cells["before"]]
    assert before == [None, None, None, "passed", "assertion", "passed"]


def test_a_problem_that_the_dataset_lacks_is_shown_all_the_same() -> None:
    index, _ = data_of(Results((outcome("Other/7", "chat", "passed"),)))
    assert [one["id"] for one in index["problems"]] == ["Mini/0", "Mini/1", "Mini/10", "Other/7"]


def test_characters_that_hide_or_reorder_are_made_visible() -> None:
    assert shown("a\u202eb\x1b[31m\x00\ud800") == r"a\u202eb\x1b[31m\x00\ud800"
    assert shown("tab\tline\nünïcode 漢字") == "tab\tline\nünïcode 漢字"


class Elements(HTMLParser):
    """The elements of a page, and what its data blocks hold."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.data: dict[str, str] = {}
        self._in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self._in = dict(attrs).get("id") or "" if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.data[self._in] = self.data.get(self._in, "") + data


def elements(page: str) -> Elements:
    parser = Elements()
    parser.feed(page)
    return parser


def page_of(word: str) -> Elements:
    """A page in which every text that a run can have is ``word``; without figures, which have tests of their own."""
    one = outcome("Mini/0", "chat", "assertion", generation=word, completion=word, detail=word)
    run = {"identity": {"model": f"m{word}"}, "gates": {"answer": f"a{word}"}}
    with patch("pytest_humaneval.report.page.write.figures", return_value={}):
        return elements(render(Results((one,), run, word), PROBLEMS, None, {}))


PLAIN = page_of("plain").names


@settings(max_examples=50)
@given(st.one_of(st.text(), st.sampled_from(["</script>", "<!--<script>", "]]>", "</title><b>", "'\"><i>", "&lt;"])))
def test_no_text_adds_an_element_or_breaks_the_data(text: str) -> None:
    hostile = page_of(text)
    assert hostile.names == PLAIN
    json.loads(hostile.data["index"])
    assert shown(text) in unpacked(hostile.data["texts"])

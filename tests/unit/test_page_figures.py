"""The figures: matplotlib's, in the page's colours, with nothing that the page's policy forbids."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import pytest
from sample_results import baseline, outcome, results

from pytest_humaneval.outcome import KINDS
from pytest_humaneval.report.page.figures import figures
from pytest_humaneval.report.page.summary import kinds_of, summaries
from pytest_humaneval.results.read import Results


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """Every figure of results with a baseline, in both widths."""
    rows = summaries(results(), baseline())
    found = figures(rows, kinds_of(results().outcomes))
    return {f"{name} {kind}": getattr(one, kind) for name, one in found.items() for kind in ("wide", "narrow")}


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter("text")]


def test_every_figure_names_the_strategies(drawn: dict[str, str]) -> None:
    assert {name.split()[0] for name in drawn} == {"pass", "kinds", "tokens", "latency"}
    for svg in drawn.values():
        assert {"minimal", "chat"} <= set(texts(svg))


def test_pass_at_1_is_written_beside_the_bars(drawn: dict[str, str]) -> None:
    assert {"0.667", "0.333"} <= set(texts(drawn["pass narrow"]))


def test_the_counts_of_each_kind_are_written_into_the_bars_and_explained(drawn: dict[str, str]) -> None:
    assert {"passed", "assertion", "exception", "timed out", "2", "1"} <= set(texts(drawn["kinds wide"]))


def test_colours_are_the_page_s_and_styles_are_attributes(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert not re.search(r"style=|<style|#0[0-9a-f]{5}\b", svg)
        assert re.search(r'fill="var\(--[a-z]+', svg)


def test_ids_are_the_figure_s_own_and_every_reference_has_one(drawn: dict[str, str]) -> None:
    ids = [name for svg in drawn.values() for name in re.findall(r' id="([^"]+)"', svg)]
    used = [name for svg in drawn.values() for name in re.findall(r'(?:href="|url\()#([^")]+)', svg)]
    assert len(ids) == len(set(ids))
    assert set(used) == set(ids)


def test_a_figure_is_the_same_every_time() -> None:
    rows = summaries(results(), None)
    assert figures(rows, KINDS)["pass"] == figures(rows, KINDS)["pass"]


def test_a_user_s_settings_of_matplotlib_change_nothing_and_stay() -> None:
    rows = summaries(results(), None)
    plain = figures(rows, KINDS)["pass"]
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path"}):
        assert figures(rows, KINDS)["pass"] == plain
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", ["$x^2$", "<b>", "漢字", "a" * 80, "_"])
def test_any_name_of_a_strategy_can_be_drawn(name: str) -> None:
    row = summaries(Results((outcome("Mini/0", "chat", "passed"),)), None)[0]
    named = replace(row, row=replace(row.row, strategy=name))
    svg = figures([named], ["passed"])["pass"].narrow
    assert any(text == name or (text.endswith("…") and name.startswith(text[:-1])) for text in texts(svg))


def test_figures_without_data_are_left_out() -> None:
    blank = outcome("Mini/0", "chat", "passed")
    row = summaries(Results((blank,)), None)[0]
    without = replace(row, tokens=[], seconds=[])
    assert set(figures([without], ["passed"])) == {"pass", "kinds"}

"""The figures, in the page's colours, with nothing that the page's policy forbids."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from sample_results import baseline, outcome, results

from pytest_humaneval.outcome import KINDS
from pytest_humaneval.report.page.figures import figures
from pytest_humaneval.report.page.summary import kinds_of, summaries
from pytest_humaneval.report.page.svg import ticks_up_to
from pytest_humaneval.results.read import Results


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """Every figure of results with a baseline, in both widths."""
    rows = summaries(results(), baseline())
    found = figures(rows, kinds_of(results().outcomes))
    return {f"{name} {kind}": getattr(one, kind) for name, one in found.items() for kind in ("wide", "narrow")}


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


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
        assert not re.search(r"style=|<style| id=|#", svg)
        assert re.search(r'fill="var\(--[a-z]+', svg)
        assert {"none"} >= set(re.findall(r'(?:fill|stroke)="(?!var\()([^"]+)', svg))


def test_a_figure_is_the_same_every_time() -> None:
    rows = summaries(results(), None)
    assert figures(rows, KINDS)["pass"] == figures(rows, KINDS)["pass"]


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


def rects(svg: str) -> list[dict[str, float]]:
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
    return [{name: float(one.attrib[name]) for name in ("x", "y", "width", "height")} for one in found]


def test_a_bar_ends_where_the_axis_has_its_value(drawn: dict[str, str]) -> None:
    svg = ElementTree.fromstring(drawn["pass wide"])
    ticks = {one.text: float(one.attrib["x"]) for one in svg.iter("{http://www.w3.org/2000/svg}text")}
    best, other = rects(drawn["pass wide"])
    for bar, value in ((best, 0.667), (other, 0.333)):  # two of three, and one of three
        assert bar["x"] + bar["width"] == pytest.approx(ticks["0"] + (ticks["0.2"] - ticks["0"]) * value / 0.2, abs=0.5)
    assert best["y"] < other["y"]


def test_nothing_lies_outside_of_the_figure(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        _, _, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
        for one in rects(svg):
            assert 0 <= one["x"] <= one["x"] + one["width"] <= width
            assert 0 <= one["y"] <= one["y"] + one["height"] <= height


@pytest.mark.parametrize(
    ("limit", "ticks"),
    [
        (164.0, [0, 50, 100, 150]),
        (7.0, [0, 2, 4, 6]),
        (0.9, [0, 0.5]),
        (1.0, [0, 0.5, 1]),
        (3000.0, [0, 1000, 2000, 3000]),
        (0.0, [0]),
    ],
)
def test_an_axis_has_round_numbers(limit: float, ticks: list[float]) -> None:
    assert ticks_up_to(limit, 4) == ticks

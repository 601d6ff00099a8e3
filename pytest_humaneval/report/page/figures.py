"""The figures of the page, drawn by matplotlib: strategies are rows, in one order everywhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_humaneval.outcome import KINDS
from pytest_humaneval.report.page.summary import Summary
from pytest_humaneval.report.page.svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 72  # of an inch; matplotlib's SVG is in points, and the page shows a point as a pixel
WIDE, NARROW = 860, 350  # pixels; a phone gets the narrow drawing, so that its letters keep their size
ROW, AXIS, LEGEND_ROW = 22, 26, 20  # pixels of height: for each strategy, the axis below, each row of the legend above
LETTER = 6.9  # pixels of width of a letter of a strategy's name, about: the browser takes a font of its own
FEW = 4  # up to so many strategies get a histogram each, more a box each

# Drawn in these, shown in the page's own colours (page.css), which change with light and dark.
INK, FAINT, PAPER, BAR, MARK = "#010101", "#020202", "#030303", "#040404", "#050505"
COLOURS = {INK: "--ink", FAINT: "--line", PAPER: "--paper", BAR: "--bar", MARK: "--mark"}


def colour_of(kind: str) -> str:
    """The colour that stands for a kind of verdict while drawing."""
    return f"#0600{KINDS.index(kind) if kind in KINDS else len(KINDS):02x}"


KIND_COLOURS = {colour_of(kind): f"--kind-{place}" for place, kind in enumerate((*KINDS, "other"))}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in both widths, as SVG."""

    wide: str
    narrow: str


def figures(summaries: Sequence[Summary], kinds: Sequence[str]) -> dict[str, Drawing]:
    """Every figure by name: ``pass``, ``kinds``, ``tokens``, ``latency``; the last two only where known."""
    rows = list(reversed(summaries))  # matplotlib counts upwards
    count = len(summaries)
    drawings = {
        "pass": _drawing("pass", f"pass@1 of {count} strategies with 95 % intervals", rows, draw_pass_at_1),
        "kinds": _drawing(
            "kinds", f"kinds of verdict of {count} strategies", rows, lambda axes, rows: draw_kinds(axes, rows, kinds)
        ),
    }
    if any(row.tokens for row in rows):
        drawings["tokens"] = _spread("tokens", "tokens of each generation", rows, lambda row: row.tokens)
    if any(second > 0 for row in rows for second in row.seconds):
        drawings["latency"] = _spread(
            "latency", "seconds from submission to the last token", rows, lambda row: row.seconds
        )
    return drawings


def draw_pass_at_1(axes: Axes, rows: Sequence[Summary]) -> None:
    """A bar for each strategy with its interval, its value in figures, and a mark where the baseline was."""
    places = range(len(rows))
    values = [row.pass_at_1 or 0.0 for row in rows]
    intervals = [row.interval or (value, value) for row, value in zip(rows, values, strict=True)]
    axes.barh(places, values, height=0.66, color=BAR)
    axes.hlines(places, *zip(*intervals, strict=True), color=INK, linewidth=1.4)
    for ends in zip(*intervals, strict=True):
        axes.vlines(ends, [place - 0.16 for place in places], [place + 0.16 for place in places], color=INK)
    for place, row, value, (_, high) in zip(places, rows, values, intervals, strict=True):
        text = "n/a" if row.pass_at_1 is None else f"{value:.3f}"
        axes.text(max(high, value) + 0.012, place, text, va="center", ha="left", color=INK)
    if marked := {place: row.baseline for place, row in zip(places, rows, strict=True) if row.baseline is not None}:
        axes.scatter([*marked.values()], [*marked], s=30, marker="D", facecolor=PAPER, edgecolor=MARK, linewidth=1.8,
                     zorder=4)  # fmt: skip
    axes.set_xlim(0, max(high for _, high in intervals) * (1 + 50 / _pixels(axes)) + 0.01)
    axes.set_xticks([tick / 10 for tick in range(0, 11, 2) if tick / 10 <= axes.get_xlim()[1]])


def draw_kinds(axes: Axes, rows: Sequence[Summary], kinds: Sequence[str]) -> None:
    """A stacked bar for each strategy; a segment says its count where there is room."""
    from matplotlib.patches import Patch

    left = [0] * len(rows)
    most = max([sum(row.kinds.values()) for row in rows])
    wide = _pixels(axes)
    room = most * 18 / wide
    for kind in kinds:
        counts = [row.kinds.get(kind, 0) for row in rows]
        axes.barh(range(len(rows)), counts, left=left, height=0.8, color=colour_of(kind), edgecolor=PAPER, linewidth=1)
        for place, count in enumerate(counts):
            if count >= room:
                axes.text(left[place] + count / 2, place, str(count), va="center", ha="center", color=PAPER, fontsize=9)
        left = [before + count for before, count in zip(left, counts, strict=True)]
    axes.set_xlim(0, most)
    axes.legend(
        handles=[Patch(facecolor=colour_of(kind), label=kind) for kind in kinds],
        loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=_legend_columns(wide), frameon=False,
        handlelength=0.9, handleheight=0.9, columnspacing=1.2, borderpad=0.2,
    )  # fmt: skip


def _pixels(axes: Axes) -> float:
    """The width of the drawing inside the axes."""
    return axes.bbox.width / axes.figure.dpi * POINTS


def _legend_columns(pixels: float) -> int:
    return max(2, int(pixels / 110))


def _spread(name: str, title: str, rows: Sequence[Summary], values: Callable[[Summary], Sequence[float]]) -> Drawing:
    def draw(axes: Axes, rows: Sequence[Summary]) -> None:
        lists = [list(values(row)) or [float("nan")] for row in rows]
        if len(rows) <= FEW:
            _histograms(axes, lists)
        else:
            axes.boxplot(
                lists, orientation="horizontal", positions=range(len(rows)), widths=0.62, whis=(0, 100),
                patch_artist=True, boxprops={"facecolor": BAR, "edgecolor": BAR}, capwidths=0.32,
                medianprops={"color": INK, "linewidth": 2.4}, whiskerprops={"color": INK}, capprops={"color": INK},
            )  # fmt: skip
        axes.set_xlim(left=0)

    return _drawing(name, title, rows, draw)


def _histograms(axes: Axes, lists: Sequence[Sequence[float]]) -> None:
    """A histogram on each row's line, all to one scale."""
    import numpy

    edges = numpy.linspace(0, max(max(values) for values in lists) or 1, 33)
    counted = [numpy.histogram(values, edges)[0] for values in lists]
    most = max(int(counts.max()) for counts in counted) or 1
    for place, counts in enumerate(counted):
        axes.bar(edges[:-1], 0.86 * counts / most, numpy.diff(edges), place - 0.42, align="edge", color=BAR,
                 edgecolor=PAPER, linewidth=0.5)  # fmt: skip


def _drawing(
    name: str, title: str, rows: Sequence[Summary], draw: Callable[[Axes, Sequence[Summary]], None]
) -> Drawing:
    return Drawing(*(_draw(name, title, rows, draw, kind) for kind in ("wide", "narrow")))


def _draw(
    name: str, title: str, rows: Sequence[Summary], draw: Callable[[Axes, Sequence[Summary]], None], kind: str
) -> str:
    from matplotlib.figure import Figure

    width = WIDE if kind == "wide" else NARROW
    row = ROW if len(rows) > FEW else 3 * ROW if name in ("tokens", "latency") else 2 * ROW
    left = min(0.42 * width, LETTER * max(len(row.label) for row in rows) + 10)
    kinds = len({kind for row in rows for kind in row.kinds})
    top = LEGEND_ROW * -(-kinds // _legend_columns(width - left)) if name == "kinds" else 4
    height = top + row * len(rows) + AXIS
    with _our_style(f"{name}-{kind}"):
        figure = Figure(figsize=(width / POINTS, height / POINTS))
        # Placed by hand: matplotlib's own layout draws everything twice, to measure letters the page does not use.
        axes = figure.add_axes((left / width, AXIS / height, 1 - (left + 8) / width, row * len(rows) / height))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color=FAINT, linewidth=1)
        axes.set_axisbelow(True)
        draw(axes, rows)
        axes.set_yticks(range(len(rows)), [_shortened(row.label, int((left - 10) / LETTER)) for row in rows])
        axes.set_ylim(-0.5, len(rows) - 0.5)
        for artist in (*axes.patches, *axes.lines, *axes.collections):
            artist.set_clip_on(False)  # nothing lies outside, and the file is half as large
        return inline_svg(figure, COLOURS | KIND_COLOURS, title, f"{name}-{kind}")


def _shortened(name: str, letters: int) -> str:
    return name if len(name) <= letters else name[: letters - 1] + "…"


@contextmanager
def _our_style(salt: str) -> Iterator[None]:
    """Draw with matplotlib as it comes, whatever a user's matplotlibrc says; a name with ``$`` is no formula."""
    import matplotlib

    settings: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": salt, "text.parse_math": False, "font.size": 11,
        "text.color": INK, "axes.edgecolor": FAINT, "xtick.color": INK, "ytick.color": INK, "axes.labelcolor": INK,
        "ytick.left": False, "xtick.bottom": False, "figure.facecolor": "none", "axes.facecolor": "none",
    }  # fmt: skip
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that its font lacks: the browser has another
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield

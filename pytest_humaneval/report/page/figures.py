"""The figures of the page: strategies are rows, in one order everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from pytest_humaneval.outcome import KINDS
from pytest_humaneval.report.page.summary import Summary
from pytest_humaneval.report.page.svg import Frame, element, line, text, ticks_up_to
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import three_decimals

WIDE, NARROW = 860, 350  # pixels; a phone gets the narrow drawing, so that its letters keep their size
ROW, LEGEND_ROW = 22, 20  # pixels of height: for each strategy, and each row of the legend above
LETTER = 6.9  # pixels of width of a letter of a strategy's name, about: the browser takes a font of its own
FEW = 4  # up to so many strategies get a histogram each, more a box each
BINS = 32  # of a histogram
READABLE = 18  # pixels of a segment of a bar that says its count

INK, PAPER, BAR, MARK = "var(--ink)", "var(--paper)", "var(--bar)", "var(--mark)"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in both widths, as SVG."""

    wide: str
    narrow: str


def figures(summaries: Sequence[Summary], kinds: Sequence[str]) -> dict[str, Drawing]:
    """Every figure by name: ``pass``, ``kinds``, ``tokens``, ``latency``; the last two only where known."""
    count = counted(len(summaries), "strategy", "strategies")
    drawings = {
        "pass": _both(lambda kind: _pass_at_1(summaries, f"pass@1 of {count} with 95 % intervals", kind)),
        "kinds": _both(lambda kind: _kinds(summaries, kinds, f"kinds of verdict of {count}", kind)),
    }
    tokens = [[float(count) for count in row.tokens] for row in summaries]
    if any(tokens):
        drawings["tokens"] = _both(lambda kind: _spread(summaries, tokens, "tokens of each generation", kind))
    seconds = [row.seconds for row in summaries]
    if any(second > 0 for values in seconds for second in values):
        title = "seconds from submission to the last token"
        drawings["latency"] = _both(lambda kind: _spread(summaries, seconds, title, kind))
    return drawings


def colour_of(kind: str) -> str:
    """The page's colour that stands for a kind of verdict."""
    return f"var(--kind-{KINDS.index(kind) if kind in KINDS else len(KINDS)})"


def _both(draw: Callable[[str], str]) -> Drawing:
    return Drawing(draw("wide"), draw("narrow"))


def _frame(rows: Sequence[Summary], kind: str, limit: float, row: float, legend: int = 0) -> Frame:
    """``legend`` is the number of its entries."""
    width = WIDE if kind == "wide" else NARROW
    left = min(0.42 * width, LETTER * max(len(row.label) for row in rows) + 10)
    names = [_shortened(row.label, int((left - 10) / LETTER)) for row in rows]
    frame = Frame(width, left, 4.0, row, names, limit)
    return Frame(width, left, LEGEND_ROW * -(-legend // _columns(frame)), row, names, limit) if legend else frame


def _row_height(rows: Sequence[Summary], few: int) -> int:
    return ROW if len(rows) > FEW else few * ROW


def _pass_at_1(rows: Sequence[Summary], title: str, kind: str) -> str:
    """A bar for each strategy with its interval, its value in figures, and a mark where the baseline was."""
    values = [row.pass_at_1 or 0.0 for row in rows]
    intervals = [row.interval or (value, value) for row, value in zip(rows, values, strict=True)]
    height = _row_height(rows, 2)
    room = _frame(rows, kind, 1.0, height).room
    frame = _frame(rows, kind, max(high for _, high in intervals) * (1 + 50 / room) + 0.01, height)
    parts = []
    for place, (row, value, (low, high)) in enumerate(zip(rows, values, intervals, strict=True)):
        middle = frame.y(place)
        parts.append(frame.bar(place, 0, value, 0.66, BAR))
        parts.append(line(frame.x(low), middle, frame.x(high), middle, INK, 1.4))
        for end in (low, high):
            parts.append(line(frame.x(end), frame.y(place, 0.34), frame.x(end), frame.y(place, 0.66), INK, 1.4))
        parts.append(text(frame.x(max(high, value)) + 7, middle, three_decimals(row.pass_at_1), "start"))
        if row.baseline is not None:
            parts.append(_diamond(frame.x(row.baseline), middle))
    return frame.svg(title, kind, [tick / 10 for tick in range(0, 11, 2) if tick / 10 <= frame.limit], parts)


def _diamond(x: float, y: float) -> str:
    place = f"M{x:.2f} {y - 5:.2f}l5 5l-5 5l-5-5z"
    return element("path", d=place, fill=PAPER, stroke=MARK, stroke_width=1.8)


def _kinds(rows: Sequence[Summary], kinds: Sequence[str], title: str, kind: str) -> str:
    """A stacked bar for each strategy; a segment says its count where there is room."""
    most = max(sum(row.kinds.values()) for row in rows)
    frame = _frame(rows, kind, float(most), _row_height(rows, 2), legend=len(kinds))
    parts = _legend(frame, kinds)
    for place, row in enumerate(rows):
        begin = 0
        for name in kinds:
            count = row.kinds.get(name, 0)
            if count:
                parts.append(frame.bar(place, begin, begin + count, 0.8, colour_of(name), stroke=PAPER))
            if count and frame.x(count) - frame.x(0) >= READABLE:
                middle = frame.x(begin + count / 2)
                parts.append(text(middle, frame.y(place), str(count), "middle", fill=PAPER, size=9))
            begin += count
    return frame.svg(title, kind, _ticks(frame), parts)


def _columns(frame: Frame) -> int:
    """Of the legend."""
    return max(2, int(frame.room / 110))


def _legend(frame: Frame, kinds: Sequence[str]) -> list[str]:
    parts, columns = [], _columns(frame)
    for number, kind in enumerate(kinds):
        x, y = frame.left + number % columns * frame.room / columns, (number // columns + 0.5) * LEGEND_ROW
        parts.append(element("rect", x=x, y=y - 5, width=10, height=10, fill=colour_of(kind)))
        parts.append(text(x + 15, y, kind, "start"))
    return parts


def _spread(rows: Sequence[Summary], lists: Sequence[Sequence[float]], title: str, kind: str) -> str:
    """How the values of each strategy lie: a histogram of few, a box of many."""
    most = max(max(values, default=0.0) for values in lists) or 1.0
    frame = _frame(rows, kind, most, _row_height(rows, 3))
    parts = _histograms(frame, lists) if len(rows) <= FEW else _boxes(frame, lists)
    return frame.svg(title, kind, _ticks(frame), parts)


def _histograms(frame: Frame, lists: Sequence[Sequence[float]]) -> list[str]:
    """A histogram on each row's line, all to one scale."""
    width = frame.limit / BINS
    counted = [[0] * BINS for _ in lists]
    for counts, values in zip(counted, lists, strict=True):
        for value in values:
            counts[min(int(value / width), BINS - 1)] += 1
    most = max(map(max, counted)) or 1
    parts = []
    for place, counts in enumerate(counted):
        for number, count in enumerate(counts):
            if count:
                height, foot = 0.86 * count / most * frame.row, frame.y(place, 0.93)
                x, pixels = frame.x(number * width), frame.x(width) - frame.left
                rect = {"x": x, "y": foot - height, "width": pixels, "height": height}
                parts.append(element("rect", **rect, fill=BAR, stroke=PAPER, stroke_width=0.5))
    return parts


def _boxes(frame: Frame, lists: Sequence[Sequence[float]]) -> list[str]:
    """The middle half of the values as a box with the median in it, and lines to the least and the largest."""
    parts = []
    for place, values in enumerate(lists):
        if not values:
            continue
        least, largest = min(values), max(values)
        lower, median, upper = quantiles(values, method="inclusive") if len(values) > 1 else [values[0]] * 3
        for begin, end in ((least, lower), (upper, largest)):
            parts.append(line(frame.x(begin), frame.y(place), frame.x(end), frame.y(place), INK))
        parts.append(frame.bar(place, lower, upper, 0.62, BAR))
        for value, height, width in ((least, 0.32, 1.0), (largest, 0.32, 1.0), (median, 0.62, 2.4)):
            ends = (frame.y(place, 0.5 - height / 2), frame.y(place, 0.5 + height / 2))
            parts.append(line(frame.x(value), ends[0], frame.x(value), ends[1], INK, width))
    return parts


def _ticks(frame: Frame) -> list[float]:
    return ticks_up_to(frame.limit, 7 if frame.width == WIDE else 4)


def _shortened(name: str, letters: int) -> str:
    return name if len(name) <= letters else name[: letters - 1] + "…"

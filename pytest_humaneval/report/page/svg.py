"""SVG inside the page: elements as text, and the frame of a figure with a row for each strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

AXIS = 26  # pixels below the rows, for the axis
RIGHT = 14  # pixels that stay free to the right of the axis' end
TICKS = (1, 2, 5, 10)  # a step of an axis is one of these, times a power of ten


def element(tag: str, text: str = "", /, **attributes: object) -> str:
    """``<tag>``; underscores in names of attributes are hyphens, numbers have two decimals at most."""
    given = "".join(f' {name.replace("_", "-")}="{escape(_shown(value))}"' for name, value in attributes.items())
    return f"<{tag}{given}>{escape(text)}</{tag}>" if text else f"<{tag}{given}/>"


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1.0) -> str:
    """From one point to another."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width)


def text(x: float, y: float, what: str, anchor: str, *, fill: str = "var(--ink)", size: int = 11) -> str:
    """Letters whose middle is at ``y``; ``anchor`` says which end of them is at ``x``."""
    return element("text", what, x=x, y=y + 0.35 * size, text_anchor=anchor, font_size=size, fill=fill)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things lie, in pixels: names to the left, rows downwards, an axis from 0 to ``limit`` below them."""

    width: int
    left: float
    top: float
    row: float
    names: Sequence[str]
    limit: float

    @property
    def bottom(self) -> float:
        """Of the last row."""
        return self.top + self.row * len(self.names)

    @property
    def room(self) -> float:
        """The width of the drawing itself."""
        return self.width - self.left - RIGHT

    def x(self, value: float) -> float:
        """Where a value lies."""
        return self.left + value / self.limit * self.room

    def y(self, place: int, share: float = 0.5) -> float:
        """Where in a row something lies: 0 is its upper end, 1 its lower one."""
        return self.top + (place + share) * self.row

    def bar(self, place: int, begin: float, end: float, height: float, fill: str, **more: object) -> str:
        """From one value to another; ``height`` is its share of the row's."""
        size = {"width": max(self.x(end) - self.x(begin), 0.0), "height": height * self.row}
        return element("rect", x=self.x(begin), y=self.y(place, 0.5 - height / 2), **size, fill=fill, **more)

    def svg(self, title: str, kind: str, ticks: Sequence[float], parts: Sequence[str]) -> str:
        """The whole figure; ``title`` is what a screen reader says."""
        inside = [
            *(line(self.x(tick), self.top, self.x(tick), self.bottom, "var(--line)") for tick in ticks),
            *parts,
            line(self.left, self.bottom, self.left + self.room, self.bottom, "var(--line)"),
            *(text(self.x(tick), self.bottom + 13, f"{tick:g}", "middle") for tick in ticks),
            *(text(self.left - 7, self.y(place), name, "end") for place, name in enumerate(self.names)),
        ]
        box = f"0 0 {self.width} {_shown(self.bottom + AXIS)}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img"'
        return f'{head} aria-label="{escape(title)}" class="{kind}">{"".join(inside)}</svg>'


def ticks_up_to(limit: float, most: int) -> list[float]:
    """Round numbers from 0 to ``limit``, at most so many and one more."""
    if limit <= 0:
        return [0.0]
    power = 10.0 ** floor(log10(limit / most))
    step = next(size * power for size in TICKS if size * power * most >= limit * (1 - 1e-9))
    return [round(number * step, 10) for number in range(int(limit / step + 1e-9) + 1)]


def _shown(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

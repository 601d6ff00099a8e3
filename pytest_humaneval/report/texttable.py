"""Tables of text that fit a terminal: numbers to the right, and nothing is ever wrapped."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GAP = "  "
TINY = 40
MANY_DIGITS = 19  # of a number in a task id: Python refuses to read thousands


def terminal_width() -> int:
    """Columns of the terminal, as pytest reckons: 80 where there is none, or where it claims to be tiny."""
    width = shutil.get_terminal_size(fallback=(80, 24)).columns
    return width if width >= TINY else 80


def duration(seconds: float) -> str:
    """A time as people say it: ``42 s``, ``3 min 05 s``, ``2 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


@dataclass(frozen=True, slots=True)
class Column:
    """A head and a cell for each row; ``glued`` columns stay beside the one to their left. Words stand to the left."""

    head: str
    cells: Sequence[str]
    glued: bool = False
    words: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (self.head, *self.cells)))

    def cell(self, number: int) -> str:
        """What stands in a row, the head in row -1, as wide as the column."""
        text = self.head if number < 0 else self.cells[number]
        return text.ljust(self.width) if self.words else text.rjust(self.width)


def text_table(names: Column, columns: Sequence[Column], width: int) -> list[str]:
    """The names to the left, the columns to the right; those that do not fit go below, under the names once more."""
    lines: list[str] = []
    for part in _parts(columns, width - names.width):
        if lines:
            lines.append("")
        for number in range(-1, len(names.cells)):
            cells = [(names.head if number < 0 else names.cells[number]).ljust(names.width)]
            cells += [column.cell(number) for column in part]
            lines.append(GAP.join(cells).rstrip())
    return lines


def _parts(columns: Sequence[Column], width: int) -> list[list[Column]]:
    groups: list[list[Column]] = []
    for column in columns:
        if column.glued and groups:
            groups[-1].append(column)
        else:
            groups.append([column])
    parts: list[list[Column]] = []
    for group in groups:
        if parts and sum(len(GAP) + column.width for column in (*parts[-1], *group)) <= width:
            parts[-1] += group
        else:
            parts.append(list(group))
    return parts


def wrapped(text: str, width: int, head: str = "", hang: int = 2) -> list[str]:
    """Prose in lines of at most ``width``, the first after ``head``, the others as far in; paths stay whole."""
    indent = " " * (len(head) or hang)
    return textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def folded(task_ids: Sequence[str], longest: int) -> str:
    """Task ids in few characters: ``HumanEval/3, 7-9, 12 and 20 more``; at least one is named."""
    pieces = _ranges(task_ids)
    shown: list[str] = []
    length = named = 0
    for piece, count in pieces:
        length += len(piece) + 2
        if shown and length > longest:
            return f"{', '.join(shown)} and {len(task_ids) - named} more"
        shown.append(piece)
        named += count
    return ", ".join(shown)


def _ranges(task_ids: Iterable[str]) -> list[tuple[str, int]]:
    """Runs of consecutive numbers, with how many ids each stands for; a prefix is said where it changes."""
    runs: list[tuple[str, int, int]] = []  # prefix, first, last; -1 for ids without a number
    for task_id in task_ids:
        prefix, slash, number = task_id.rpartition("/")
        if not (slash and number.isdecimal() and len(number) < MANY_DIGITS and str(int(number)) == number):
            runs.append((task_id, -1, -1))
        elif runs and runs[-1][0] == prefix + slash and runs[-1][2] == int(number) - 1 >= 0:
            runs[-1] = (prefix + slash, runs[-1][1], int(number))
        else:
            runs.append((prefix + slash, int(number), int(number)))
    pieces, said = [], ""
    for prefix, first, last in runs:
        if first < 0:
            pieces.append((prefix, 1))
            said = ""
            continue
        numbers = str(first) if first == last else f"{first}-{last}"
        pieces.append((numbers if prefix == said else prefix + numbers, last - first + 1))
        said = prefix
    return pieces

"""Changes of source code by place, so that every character that is not meant stays as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pytest_humaneval.text.syntax import tree_of


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """``text`` in place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


def edited(source: str, edits: Iterable[Edit]) -> str:
    """``source`` with all edits made, none of which overlap."""
    parts, place = [], 0
    for edit in sorted(set(edits)):
        parts += [source[place : edit.start], edit.text]
        place = edit.end
    return "".join([*parts, source[place:]])


def within(edits: Iterable[Edit], start: int, end: int) -> list[Edit]:
    """The edits of one part of a text, by places in that part."""
    return [
        Edit(edit.start - start, edit.end - start, edit.text)
        for edit in edits
        if start <= edit.start and edit.end <= end
    ]


# The same program is looked at by many rewrites, none of which changes its tree.
@lru_cache(maxsize=1024)
def parsed(source: str) -> ast.Module | None:
    """The syntax tree, not to be changed; None where it is no Python."""
    return tree_of(source)


@dataclass(frozen=True, slots=True)
class Places:
    """Places in a text, of the lines and UTF-8 columns that a syntax tree has."""

    source: str
    lines: tuple[int, ...]  # where each begins

    @classmethod
    def of(cls, source: str) -> Places:
        starts = [0]
        for line in source.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return cls(source, tuple(starts))

    def at(self, line: int, column: int) -> int:
        start = self.lines[line - 1]
        if self.source.isascii():
            return start + column
        return start + len(self.source[start : self.lines[line]].encode()[:column].decode())

    def start(self, node: ast.AST) -> int:
        """Where a node begins."""
        return self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Where a node ends."""
        return self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

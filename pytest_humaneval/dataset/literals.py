"""Python literals in running text: the arguments of a call, the value behind an arrow."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

CLOSERS = {"(": ")", "[": "]", "{": "}", "'": "'", '"': '"'}
WORD = re.compile(r"[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?(?![\w.]*\w)|(True|False|None)\b")
LONGEST = 2_000  # characters looked through for the end of a literal
NOT_LITERAL = (SyntaxError, ValueError, RecursionError, MemoryError, TypeError)


def read_literal(text: str) -> tuple[object, int] | None:
    """The literal that ``text`` begins with and where it ends; None when it begins with none.

    A number, True, False, None, or whatever stands between quotes or brackets.
    """
    if match := WORD.match(text):
        try:
            return _value(match[0]), match.end()
        except NOT_LITERAL:  # 01, 1_
            return None
    for end in _ends(text, CLOSERS.get(text[:1], ""), start=1):
        try:
            return _value(text[:end]), end
        except NOT_LITERAL:
            continue
    return None


def read_arguments(text: str) -> tuple[tuple[object, ...], int] | None:
    """The arguments of a call and the place behind it, if they are literals; ``text`` begins behind its bracket."""
    for end in _ends(text, ")"):
        try:
            return _value(f"({text[: end - 1]},)" if text[: end - 1].strip() else "()"), end
        except NOT_LITERAL:
            continue
    return None


def _ends(text: str, closer: str, start: int = 0) -> Iterator[int]:
    """The places behind each ``closer``, from ``start``."""
    if closer:
        yield from (match.end() for match in re.compile(re.escape(closer)).finditer(text[:LONGEST], start))


def _value(source: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(source)

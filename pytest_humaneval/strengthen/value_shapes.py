"""Properties of single values that inputs may have in common: whether a text is balanced, whether rows are even."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

SIZED = (str, list, tuple, dict, set, frozenset)
PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("<", ">"))


def is_whole(value: float) -> bool:
    """Whether a number has no fraction."""
    return isinstance(value, int) or value.is_integer()


def has_leading_zero(text: str) -> bool:
    """Whether a number in it is written with a zero that says nothing, as in ``'09/6'``."""
    return re.search(r"(?<![\d.])0\d", text) is not None


def digits_mask(text: str) -> str:
    """The same with every digit for itself."""
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]+", "a", text))


def cells(rows: Sequence[Any]) -> list[Any]:
    """What is in all rows together."""
    return [cell for row in rows if isinstance(row, (list, tuple)) for cell in row]


def has_even_rows(rows: Sequence[Any]) -> bool:
    """Whether all rows are of one length."""
    return len({len(each) for each in rows if isinstance(each, SIZED)}) <= 1


def is_square(rows: Sequence[Any]) -> bool:
    """Whether there are as many rows as columns."""
    return all(len(each) == len(rows) for each in rows if isinstance(each, (list, tuple)))


def is_whole_range(numbers: Sequence[Any]) -> bool:
    """Whether these are 1, 2, ... in any order."""
    try:
        return sorted(numbers) == list(range(1, len(numbers) + 1))
    except TypeError:
        return False


def mask(text: str) -> str:
    """The form of a text: runs of letters and of digits are one each."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", text))


def is_balanced(text: str) -> bool:
    """Whether every bracket is closed, and none before it is opened."""
    for left, right in PAIRS:
        depth = 0
        for each in text:
            depth += (each == left) - (each == right)
            if depth < 0:
                return False
        if depth:
            return False
    return True


def is_trimmed(text: str) -> bool:
    """Whether blanks stand between words only, one each."""
    return text == " ".join(text.split())


def is_sorted(values: Sequence[Any]) -> bool:
    """Whether none is larger than the next; False where they cannot be compared."""
    try:
        return all(first <= second for first, second in pairwise(values))
    except TypeError:
        return False


def is_distinct(values: Iterable[Any]) -> bool:
    """Whether no two are written alike."""
    texts = [repr(each) for each in values]
    return len(set(texts)) == len(texts)

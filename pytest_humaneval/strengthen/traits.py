"""What the values at one place of all known inputs have in common.

A trait is either firm (types, a fixed vocabulary, balanced brackets) or may be given up where programs agree on the
answer and the docstring does not ask for it (emptiness, signs, order, ...).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_humaneval.strengthen.value_shapes import (
    PAIRS,
    SIZED,
    cells,
    digits_mask,
    has_even_rows,
    has_leading_zero,
    is_balanced,
    is_distinct,
    is_sorted,
    is_square,
    is_trimmed,
    is_whole,
    is_whole_range,
    mask,
)

FIRM = "firm"
EMPTY, SHORT, LONG = "empty", "short", "long"
ZERO, NEGATIVE, SMALL, LARGE, WHOLE = "zero", "negative", "small", "large", "whole"
ORDER, REPEATS, CHARACTERS, SPACES, MASK = "order", "repeats", "characters", "spaces", "mask"

FEW = 3  # known inputs that a relation has to hold for before it is one
MOST_WORDS = 14  # of a fixed vocabulary
OPEN_CLASS = 4  # different letters from which on any letter of the class will do


@dataclass
class Traits:
    """Of the values at one place."""

    types: set[type] = field(default_factory=set)
    lowest: float = float("inf")
    highest: float = float("-inf")
    zero: bool = False
    whole: bool = True  # floats without a fraction
    whole_floats: bool = False  # any float without a fraction
    shortest: float = float("inf")
    longest: float = float("-inf")
    ascending: bool = True
    descending: bool = True
    distinct: bool = True
    even_rows: bool = True  # elements of one length
    square: bool = True  # as many rows as there are columns
    distinct_cells: bool = True  # in all rows together
    whole_range: bool = True  # these are 1, 2, ... in any order
    balanced: bool = True
    trimmed: bool = True  # no blank at an end, no two in a row
    leading_zeros: bool = False  # any number such as 007
    characters: set[str] = field(default_factory=set)
    words: dict[str, int] = field(default_factory=dict)
    masks: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Take a known value into account."""
        self.types.add(type(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
            self.zero = self.zero or value == 0
            self.whole = self.whole and is_whole(value)
            self.whole_floats = self.whole_floats or (isinstance(value, float) and is_whole(value))
        if isinstance(value, SIZED):
            self.shortest, self.longest = min(self.shortest, len(value)), max(self.longest, len(value))
        if isinstance(value, (list, tuple)):
            self.ascending = self.ascending and is_sorted(value)
            self.descending = self.descending and is_sorted(value[::-1])
            self.distinct = self.distinct and is_distinct(value)
            self._add_rows(value)
        if isinstance(value, str):
            self._add_text(value)

    def _add_rows(self, rows: Sequence[Any]) -> None:
        self.even_rows = self.even_rows and has_even_rows(rows)
        self.square = self.square and is_square(rows)
        self.distinct_cells = self.distinct_cells and is_distinct(cells(rows))
        self.whole_range = self.whole_range and is_whole_range(cells(rows))

    def _add_text(self, text: str) -> None:
        self.balanced = self.balanced and is_balanced(text)
        self.trimmed = self.trimmed and is_trimmed(text)
        self.leading_zeros = self.leading_zeros or has_leading_zero(text)
        self.characters.update(text)
        self.masks.add(mask(text))
        self.texts.add(text)
        for word in text.split():
            self.words[word] = self.words.get(word, 0) + 1

    @property
    def has_vocabulary(self) -> bool:
        """Whether the same few words come again and again, as in ``'three one five'``."""
        count = sum(self.words.values())
        return 0 < len(self.words) <= MOST_WORDS and count >= 10 and count >= 2.5 * len(self.words)

    @property
    def is_masked(self) -> bool:
        """Whether texts are of few forms: dates, ``'5 apples and 6 oranges'``."""
        return (
            len(self.texts) >= FEW
            and len(self.masks) * 2 <= len(self.texts)
            and any(len(masked) > 2 for masked in self.masks)
        )

    @property
    def is_structured(self) -> bool:
        """Whether texts have parts: words, brackets, forms. An empty one may have one empty part, or none."""
        brackets = any(left in self.characters for left, _ in PAIRS)
        return brackets or self.has_vocabulary or self.is_masked or any(len(text.split()) > 1 for text in self.texts)

    def allows(self, character: str) -> bool:
        """Whether a text may have it: one that was seen, or one of a class of which several were."""
        if character in self.characters:
            return True
        for is_class in (str.islower, str.isupper, str.isdigit):
            if is_class(character):
                return sum(map(is_class, self.characters)) >= OPEN_CLASS
        return False

    def can_be_read_in_two_ways(self, value: Any) -> bool:
        """Whether right programs differ about what a value is, where no known one asks them."""
        if isinstance(value, str):  # int("09") is a number, and 09 in Python's own syntax is none
            return has_leading_zero(value) and not self.leading_zeros
        if isinstance(value, float) and int in self.types:  # among integers and fractions: is 5.0 an integer?
            return is_whole(value) and not self.whole_floats
        return False

    def broken_by(self, value: Any) -> Iterator[str]:
        """The traits that a value does not share."""
        if type(value) not in self.types:
            yield FIRM
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield from self._broken_by_number(value)
        elif isinstance(value, SIZED):
            yield from self._broken_by_size(len(value))
            if not value and self.shortest and self.is_structured:
                yield FIRM
        if isinstance(value, (list, tuple)):
            yield from self._broken_by_list(value)
        if isinstance(value, str) and str in self.types:
            yield from self._broken_by_text(value)

    def _broken_by_number(self, value: float) -> Iterator[str]:
        if value == 0 and not self.zero and not self.lowest < 0 < self.highest:
            yield ZERO
        elif value < 0 <= self.lowest:
            yield NEGATIVE
        elif value < self.lowest:
            yield SMALL
        elif value > self.highest:
            yield LARGE
        if isinstance(value, float) and self.whole and not is_whole(value):
            yield WHOLE

    def _broken_by_size(self, length: int) -> Iterator[str]:
        if length < self.shortest:
            yield SHORT if length else EMPTY
        elif length > self.longest:
            yield LONG

    def _broken_by_list(self, value: Sequence[Any]) -> Iterator[str]:
        if (self.ascending and not is_sorted(value)) or (self.descending and not is_sorted(value[::-1])):
            yield ORDER
        if self.distinct and not is_distinct(value):
            yield REPEATS
        if any(isinstance(each, (list, tuple)) for each in value):
            inside = cells(value)
            kept = (
                (self.even_rows, has_even_rows(value)),
                (self.square, is_square(value)),
                (self.distinct_cells, is_distinct(inside)),
                (self.whole_range, is_whole_range(inside)),
            )
            if any(known and not holds for known, holds in kept):
                yield FIRM

    def _broken_by_text(self, text: str) -> Iterator[str]:
        if self.has_vocabulary and not set(text.split()) <= self.words.keys():
            yield FIRM
        if any(left in self.characters for left, _ in PAIRS) and self.balanced and not is_balanced(text):
            yield FIRM
        if not all(map(self.allows, text)):
            letters = any(each.isalpha() for each in self.characters)
            yield CHARACTERS if letters and sum(map(str.isalpha, self.characters)) >= OPEN_CLASS else FIRM
        if self.trimmed and not is_trimmed(text):
            yield SPACES
        if self.is_masked and digits_mask(text) not in map(digits_mask, self.texts):  # mm-dd-yyyy is not m-d-yyyy
            yield MASK

"""What all known inputs of a problem have in common: an input that breaks it may be one that nobody has to handle.

Values are looked at by place: an argument, the elements of it, their elements. A trait is either firm (types, relations
between arguments, a fixed vocabulary, balanced brackets) or may be given up where programs agree on the answer and the
docstring does not ask for it (emptiness, signs, order, ...).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Arguments = tuple[Any, ...]
Place = tuple[int | str, ...]

FIRM = "firm"
EMPTY, SHORT, LONG = "empty", "short", "long"
ZERO, NEGATIVE, SMALL, LARGE, WHOLE = "zero", "negative", "small", "large", "whole"
ORDER, REPEATS, CHARACTERS, SPACES, MASK = "order", "repeats", "characters", "spaces", "mask"

SIZED = (str, list, tuple, dict, set, frozenset)
FEW = 3  # known inputs that a relation has to hold for before it is one
MOST_WORDS = 14  # of a fixed vocabulary
OPEN_CLASS = 4  # different letters from which on any letter of the class will do
PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("<", ">"))


@dataclass
class Traits:
    """Of the values at one place."""

    types: set[type] = field(default_factory=set)
    lowest: float = float("inf")
    highest: float = float("-inf")
    zero: bool = False
    whole: bool = True  # floats without a fraction
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
        if isinstance(value, SIZED):
            self.shortest, self.longest = min(self.shortest, len(value)), max(self.longest, len(value))
        if isinstance(value, (list, tuple)):
            self.ascending = self.ascending and _is_sorted(value)
            self.descending = self.descending and _is_sorted(value[::-1])
            self.distinct = self.distinct and _is_distinct(value)
            self._add_rows(value)
        if isinstance(value, str):
            self._add_text(value)

    def _add_rows(self, rows: Sequence[Any]) -> None:
        self.even_rows = self.even_rows and has_even_rows(rows)
        self.square = self.square and is_square(rows)
        self.distinct_cells = self.distinct_cells and _is_distinct(cells(rows))
        self.whole_range = self.whole_range and is_whole_range(cells(rows))

    def _add_text(self, text: str) -> None:
        self.balanced = self.balanced and is_balanced(text)
        self.trimmed = self.trimmed and is_trimmed(text)
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
        if (self.ascending and not _is_sorted(value)) or (self.descending and not _is_sorted(value[::-1])):
            yield ORDER
        if self.distinct and not _is_distinct(value):
            yield REPEATS
        if any(isinstance(each, (list, tuple)) for each in value):
            inside = cells(value)
            kept = (
                (self.even_rows, has_even_rows(value)),
                (self.square, is_square(value)),
                (self.distinct_cells, _is_distinct(inside)),
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


class Domain:
    """What a problem's known inputs have in common."""

    def __init__(self, known: Sequence[Arguments]) -> None:
        self.known = known
        self.sizes = {len(arguments) for arguments in known}
        self.traits: defaultdict[Place, Traits] = defaultdict(Traits)
        for arguments in known:
            for place, value in places(arguments):
                self.traits[place].add(value)
        self.relations = [relation for relation in _relations(max(self.sizes, default=0)) if self._holds(relation)]

    def broken_by(self, arguments: Arguments) -> set[str]:
        """The traits that an input does not share; empty for one that is as the known ones are."""
        if len(arguments) not in self.sizes:
            return {FIRM}
        reasons = {FIRM for relation in self.relations if not _true(relation, arguments)}
        for place, value in places(arguments):
            if place in self.traits:
                broken = set(self.traits[place].broken_by(value))
                # What is made of 0 or of negative numbers is often a matter of taste: gcd(6, -1), term 0 of a sequence.
                reasons.update({FIRM} if len(place) == 1 and broken & {ZERO, NEGATIVE, SMALL} else broken)
            else:  # elements of what was always empty
                reasons.add(FIRM)
        return reasons

    def _holds(self, relation: Relation) -> bool:
        held = [_true(relation, arguments) for arguments in self.known]
        return len(held) >= FEW and all(held)


class Answers:
    """The answers to the known inputs: one of another kind may be what is answered where there is no answer."""

    def __init__(self, known: Iterable[Any]) -> None:
        values = list(known)
        numbers = [each for each in values if _kind(each) is float]
        self._kinds = {_kind(each) for each in values}
        self._negative = any(each < 0 for each in numbers)
        self._zero = self._negative or 0 in numbers

    def are_like(self, value: Any) -> bool:
        """Whether a value is of a kind that was met, and no first None, 0 or -1."""
        if _kind(value) not in self._kinds:
            return False
        return _kind(value) is not float or value > 0 or (self._negative if value < 0 else self._zero)


Relation = Callable[[Arguments], bool]


def places(arguments: Arguments) -> Iterator[tuple[Place, Any]]:
    """Every value of an input with its place."""
    for number, value in enumerate(arguments):
        yield from _below((number,), value)


def is_numbers(arguments: Arguments) -> bool:
    """Whether an input is numbers alone, and lists of them."""
    return all(type(value) in (int, float, bool, list, tuple) for _, value in places(arguments))


def is_whole(value: float) -> bool:
    """Whether a number has no fraction."""
    return isinstance(value, int) or value.is_integer()


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


def _kind(value: Any) -> type:
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)


def _below(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    yield place, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _below((*place, "key"), key)
            yield from _below((*place, "value"), item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _below((*place, "item"), item)


def _relations(count: int) -> Iterator[Relation]:
    """Between two arguments: lengths, order, places."""
    for first in range(count):
        for second in range(count):
            if first == second:
                continue
            yield _of(first, second, lambda a, b: len(a) == len(b) and isinstance(a, SIZED))
            yield _of(first, second, lambda a, b: _number(a) <= _number(b))
            yield _of(first, second, lambda a, b: _number(a) < _number(b))
            yield _of(first, second, lambda a, b: _number(a) != _number(b))
            yield _of(first, second, lambda a, b: 0 <= a < len(b))
            yield _of(first, second, lambda a, b: 0 <= a <= len(b))
            yield _of(first, second, lambda a, b: 1 <= a <= len(b))
            yield _of(first, second, lambda a, b: a in b)
            yield _of(first, second, lambda a, b: len(a) <= len(b))
            yield _of(first, second, lambda a, b: len(a) + 1 == len(b))
            yield _of(first, second, lambda a, b: (type(a) is type(b)) and isinstance(a, (int, float)))


def _of(first: int, second: int, holds: Callable[[Any, Any], bool]) -> Relation:
    return lambda arguments: holds(arguments[first], arguments[second])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value


def _true(relation: Relation, arguments: Arguments) -> bool:
    try:
        return bool(relation(arguments))
    except (TypeError, IndexError, ValueError, AttributeError):
        return False


def _is_sorted(values: Sequence[Any]) -> bool:
    try:
        return all(first <= second for first, second in pairwise(values))
    except TypeError:
        return False


def _is_distinct(values: Iterable[Any]) -> bool:
    texts = [repr(each) for each in values]
    return len(set(texts)) == len(texts)

"""What all known inputs of a problem have in common: an input that breaks it may be one that nobody has to handle.

Values are looked at by place: an argument, the elements of it, their elements. Their traits are in traits.py; beside
these stand relations between arguments, which are firm, and what the answers have in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pytest_humaneval.strengthen.traits import FEW, FIRM, NEGATIVE, SMALL, ZERO, Traits
from pytest_humaneval.strengthen.value_shapes import SIZED

Arguments = tuple[Any, ...]
Place = tuple[int | str, ...]
Relation = Callable[[Arguments], bool]


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

    def can_be_read_in_two_ways(self, arguments: Arguments) -> bool:
        """Whether an input has a value such as ``'09'`` or 5.0 that the known ones leave open: it condemns nobody.

        Apart from ``broken_by``, by which strategies choose what candidates are compared on: that harms nobody.
        """
        known = ((self.traits[place], value) for place, value in places(arguments) if place in self.traits)
        return any(traits.can_be_read_in_two_ways(value) for traits, value in known)

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

    def broken_by(self, value: Any) -> set[str]:
        """The traits that a value does not share: what was never answered, such as a first None, 0 or -1, is firm.

        A first negative number beside -1 is no way of saying that there is no answer.
        """
        if _kind(value) not in self._kinds:
            return {FIRM}
        if _kind(value) is not float or value > 0 or (self._negative if value < 0 else self._zero):
            return set()
        return {FIRM} if value in (0, -1) else {NEGATIVE}


def places(arguments: Arguments) -> Iterator[tuple[Place, Any]]:
    """Every value of an input with its place."""
    for number, value in enumerate(arguments):
        yield from _below((number,), value)


def is_numbers(arguments: Arguments) -> bool:
    """Whether an input is numbers alone, and lists of them."""
    return all(type(value) in (int, float, bool, list, tuple) for _, value in places(arguments))


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

"""The part of hypothesis' strategies that inputs are drawn by, on ``random.Random`` alone: for those who draw in a run.

hypothesis draws better (it also shrinks), but not the same everywhere: what it draws depends on its release, and on the
constants in those loaded modules that are nobody's package. A strategy is to see the same inputs in every installation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MOST_TRIES = 4  # times the elements wanted: of few that are unique there may not be enough


class Values:
    """What can be drawn; the methods are hypothesis'."""

    def __init__(self, make: Callable[[Random], Any]) -> None:
        self.make = make

    def map(self, change: Callable[[Any], Any]) -> Values:
        return Values(lambda random: change(self.make(random)))

    def flatmap(self, of: Callable[[Any], Values]) -> Values:
        return Values(lambda random: of(self.make(random)).make(random))


def just(value: Any) -> Values:
    """``value`` each time."""
    return Values(lambda random: value)


def none() -> Values:
    """None each time."""
    return just(None)


def booleans() -> Values:
    """Either."""
    return Values(lambda random: random.random() < 0.5)


def integers(low: int, high: int) -> Values:
    """From ``low`` to ``high``, both included."""
    return Values(lambda random: random.randint(low, high))


def floats(low: float, high: float, *, allow_nan: bool, allow_infinity: bool) -> Values:
    """From ``low`` to ``high``; never infinite."""
    return Values(lambda random: random.uniform(low, high))


def sampled_from(values: Sequence[Any]) -> Values:
    """One of these."""
    return Values(lambda random: random.choice(values))


def one_of(*values: Any) -> Values:
    """What one of these draws; a list of them will do."""
    choices: Sequence[Values] = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return Values(lambda random: random.choice(choices).make(random))


def tuples(*values: Values) -> Values:
    """One of each."""
    return Values(lambda random: tuple(each.make(random) for each in values))


def text(alphabet: str, *, min_size: int, max_size: int) -> Values:
    """Letters of ``alphabet``."""
    return lists(sampled_from(alphabet), min_size=min_size, max_size=max_size).map("".join)


def lists(items: Values, *, min_size: int, max_size: int, unique_by: Callable[[Any], Any] | None = None) -> Values:
    """With ``unique_by`` it may be shorter than ``min_size``, where there are not so many different ones."""

    def make(random: Random) -> list[Any]:
        size = random.randint(min_size, max_size)
        if unique_by is None:
            return [items.make(random) for _ in range(size)]
        drawn = [items.make(random) for _ in range(size * MOST_TRIES)]
        return list({unique_by(each): each for each in drawn}.values())[:size]

    return Values(make)


def dictionaries(keys: Values, values: Values, *, min_size: int, max_size: int) -> Values:
    """With different keys."""
    pairs = lists(tuples(keys, values), min_size=min_size, max_size=max_size, unique_by=lambda pair: repr(pair[0]))
    return pairs.map(dict)


def shared(values: Values, *, key: str) -> Values:
    """The same value wherever ``key`` comes again while one input is drawn."""

    def make(random: Random) -> Any:
        kept: dict[str, Any] = random.__dict__.setdefault("shared", {})  # one generator an input
        if key not in kept:
            kept[key] = values.make(random)
        return kept[key]

    return Values(make)


def composite(make: Callable[[Callable[[Values], Any]], Any]) -> Callable[[], Values]:
    """What a function makes that is given what draws."""
    return lambda: Values(lambda random: make(lambda values: values.make(random)))

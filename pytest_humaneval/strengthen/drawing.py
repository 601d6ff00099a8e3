"""Draws more inputs: from the annotations and the known values, and mutations of the known inputs.

By hypothesis, seeded, so that the same problem has the same inputs with the same release of it; or, within a run,
where nothing but the problem may decide, by ``plain_values``.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from contextvars import ContextVar
from random import Random
from typing import Any

from pytest_humaneval.strengthen import plain_values
from pytest_humaneval.strengthen.domain import Arguments, Domain, Place
from pytest_humaneval.strengthen.seeded_examples import examples_of
from pytest_humaneval.strengthen.traits import Traits

Values = Any  # hypothesis' SearchStrategy[Any], or plain_values.Values
DrawFn = Callable[[Values], Any]

LONGEST = 12  # elements that are drawn beyond what is known
FAR = 4  # times the largest known number
PUNCTUATION = " .,!?-_"
MOST_CHARACTERS = 400  # of an input, written down

_LIBRARY: ContextVar[Any] = ContextVar("_LIBRARY")  # what strategies are made of, while they are


def drawn(problem_key: str, domain: Domain, count: int) -> list[Arguments]:
    """Up to three times ``count`` different inputs, and the known ones first."""
    _LIBRARY.set(importlib.import_module("hypothesis.strategies"))
    kinds = enumerate((_close, _wide, _mutated))
    return _different(domain, [examples_of(make(domain), _seed(problem_key, number), count) for number, make in kinds])


def plainly_drawn(problem_key: str, domain: Domain, count: int) -> list[Arguments]:
    """The same without hypothesis, and without what is beyond the known: nothing but ``domain`` and key decide."""
    _LIBRARY.set(plain_values)
    kinds: tuple[Any, ...] = (_close(domain), _mutated(domain))
    seeds = [f"{problem_key} {number}" for number in range(count)]
    return _different(domain, [[values.make(Random(seed)) for seed in seeds] for values in kinds])


def _different(domain: Domain, batches: list[list[Arguments]]) -> list[Arguments]:
    """The known inputs, then those of the batches, each once; without those that nobody wants to read."""
    inputs: dict[str, Arguments] = {repr(each): each for each in domain.known}
    for arguments in (each for batch in batches for each in batch):
        text = repr(arguments)
        if len(text) <= MOST_CHARACTERS:
            inputs.setdefault(text, arguments)
    return list(inputs.values())


def _seed(key: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{key} {number}".encode()).digest()[:8], "big")


def _close(domain: Domain) -> Values:
    """Values like the known ones, place by place."""
    return _tuples(domain, _like)


def _wide(domain: Domain) -> Values:
    """Of the same types, but beyond what is known."""
    return _tuples(domain, _beyond)


def _tuples(domain: Domain, of: Callable[[Domain, Place], Values]) -> Values:
    st = _LIBRARY.get()

    return st.one_of([st.tuples(*(of(domain, (number,)) for number in range(size))) for size in sorted(domain.sizes)])


def _like(domain: Domain, place: Place) -> Values:
    return _values(domain, place, _like, wide=False)


def _beyond(domain: Domain, place: Place) -> Values:
    st = _LIBRARY.get()

    return st.one_of(_values(domain, place, _beyond, wide=True), _values(domain, place, _beyond, wide=False))


def _values(domain: Domain, place: Place, of: Callable[[Domain, Place], Values], *, wide: bool) -> Values:
    """What hypothesis draws for a place: one of the types that are known there."""
    st = _LIBRARY.get()

    traits = domain.traits[place]
    made = [
        _of_type(kind, domain, place, of, wide=wide) for kind in sorted(traits.types, key=lambda kind: kind.__name__)
    ]
    return st.one_of([strategy for strategy in made if strategy is not None] or [st.none()])


def _of_type(
    kind: type, domain: Domain, place: Place, of: Callable[[Domain, Place], Values], *, wide: bool
) -> Values | None:
    st = _LIBRARY.get()

    traits = domain.traits[place]
    if kind is bool:
        return st.booleans()
    if kind is int:
        return _integers(traits, wide=wide)
    if kind is float:
        return _floats(traits, wide=wide)
    if kind is str:
        return _texts(traits, wide=wide)
    low = 0 if wide else int(traits.shortest)
    high = int(traits.longest) + (LONGEST if wide else 2)
    if kind is dict:
        if (*place, "key") not in domain.traits:
            return st.just({})
        return st.dictionaries(of(domain, (*place, "key")), of(domain, (*place, "value")), min_size=low, max_size=high)
    if kind in (list, tuple, set, frozenset):
        return _containers(kind, domain, place, of, low, high)
    return st.none() if kind is type(None) else None


def _containers(
    kind: type, domain: Domain, place: Place, of: Callable[[Domain, Place], Values], low: int, high: int
) -> Values:
    st = _LIBRARY.get()

    traits, inner = domain.traits[place], (*place, "item")
    if inner not in domain.traits:
        return st.just(kind())
    items = of(domain, inner)
    if list in domain.traits[inner].types and traits.even_rows and domain.traits[inner].shortest < float("inf"):
        items = st.shared(st.integers(0, int(domain.traits[inner].longest)), key=str(place)).flatmap(
            lambda length: items_of(length, domain, inner, of)
        )
    if kind is tuple and traits.shortest == traits.longest:
        low = high = int(traits.longest)  # a tuple of a fixed form
    lists = st.lists(items, min_size=low, max_size=high)
    if traits.distinct:
        lists = st.one_of(lists, st.lists(items, min_size=low, max_size=high, unique_by=repr))
    if traits.ascending or traits.descending:
        lists = lists.map(lambda values: _ordered(values, backwards=not traits.ascending))
    return lists if kind is list else lists.map(kind)


def items_of(length: int, domain: Domain, place: Place, of: Callable[[Domain, Place], Values]) -> Values:
    """Rows of one length."""
    st = _LIBRARY.get()

    inner = (*place, "item")
    return st.lists(of(domain, inner), min_size=length, max_size=length) if inner in domain.traits else st.just([])


def _ordered(values: list[Any], *, backwards: bool) -> list[Any]:
    try:
        return sorted(values, reverse=backwards)
    except TypeError:
        return values


def _integers(traits: Traits, *, wide: bool) -> Values:
    st = _LIBRARY.get()

    low, high = int(min(traits.lowest, traits.highest)), int(max(traits.lowest, traits.highest))
    if low > high or float("inf") in (abs(traits.lowest), abs(traits.highest)):
        low, high = 0, 10
    if not wide:
        small = st.integers(low, min(high, low + 20))
        return st.one_of(small, st.integers(low, high))
    return st.one_of(
        st.integers(-5, 5), st.integers(low - 10, high + 10), st.integers(-FAR * max(high, 10), FAR * max(high, 10))
    )


def _floats(traits: Traits, *, wide: bool) -> Values:
    st = _LIBRARY.get()

    low, high = (traits.lowest, traits.highest) if traits.lowest <= traits.highest else (0.0, 10.0)
    if wide:
        low, high = -FAR * max(1.0, abs(high)), FAR * max(1.0, abs(high))
    rounded = st.floats(low, high, allow_nan=False, allow_infinity=False)
    places = (0,) if traits.whole and not wide else (0, 1, 2)
    return st.tuples(rounded, st.sampled_from(places)).map(lambda pair: round(pair[0], pair[1]) + 0.0)


def _texts(traits: Traits, *, wide: bool) -> Values:
    st = _LIBRARY.get()

    known = sorted(traits.texts)
    characters = "".join(sorted(traits.characters))
    alphabet = characters + "".join(each for each in "abcdeiouzABCEZ0159" if traits.allows(each))
    if wide:
        alphabet += "".join(PUNCTUATION) + "aZ5"
    low, high = (0, int(traits.longest) + LONGEST) if wide else (int(traits.shortest), int(traits.longest) + 2)
    made = [st.text(alphabet or "a", min_size=min(low, 40), max_size=min(high, 40))]
    if traits.words and any(len(text.split()) > 1 for text in known):
        word = st.sampled_from(sorted(traits.words))
        most = max(len(text.split()) for text in known)
        made.append(st.lists(word, min_size=0 if wide else 1, max_size=most + 2).map(" ".join))
    if len(traits.characters) <= 6 and characters:  # brackets, binary digits: short ones tell most
        made.append(st.text(characters, min_size=min(low, 8), max_size=8))
    made.append(st.sampled_from(known or [""]))
    return st.one_of(made)


def _mutated(domain: Domain) -> Values:
    """A known input with one to three things changed."""
    st = _LIBRARY.get()

    def mutate(draw: DrawFn) -> Arguments:
        arguments: Arguments = draw(st.sampled_from(list(domain.known)))
        for _ in range(draw(st.integers(1, 3))):
            number = draw(st.integers(0, max(0, len(arguments) - 1)))
            if arguments:
                changed = _change(draw, arguments[number], domain, (number,))
                arguments = (*arguments[:number], changed, *arguments[number + 1 :])
        return arguments

    return st.composite(mutate)()


def _change(draw: DrawFn, value: Any, domain: Domain, place: Place) -> Any:
    st = _LIBRARY.get()

    if isinstance(value, bool) or value is None:
        return draw(_like(domain, place))
    if isinstance(value, (int, float)):
        return draw(st.sampled_from([value + 1, value - 1, -value, value * 2, type(value)(0), type(value)(value // 2)]))
    if isinstance(value, (str, list, tuple)) and len(value):
        at = draw(st.integers(0, len(value) - 1))
        return _change_sequence(draw, value, at, domain, place)
    return draw(_like(domain, place))


def _change_sequence(draw: DrawFn, value: Any, at: int, domain: Domain, place: Place) -> Any:
    st = _LIBRARY.get()

    piece: Any = value[at : at + 1]
    rest: Any = value[:at] + value[at + 1 :]
    ways: list[Callable[[], Any]] = [
        lambda: rest,  # drop
        lambda: value[:at] + piece + value[at:],  # double
        lambda: value[::-1],
        lambda: value[: at + 1],
        lambda: value[at:],
        lambda: rest[:1] + piece + rest[1:],  # move
        lambda: value + value[: at + 1],
    ]
    if isinstance(value, str):
        ways += [
            value.upper,
            value.lower,
            value.swapcase,
            lambda: value[:at] + draw(_texts(domain.traits[place], wide=False))[:1] + value[at:],
        ]
    elif (inner := (*place, "item")) in domain.traits:
        ways += [lambda: type(value)([*value[:at], _change(draw, value[at], domain, inner), *value[at + 1 :]])] * 3
        ways.append(lambda: type(value)([*value[:at], draw(_like(domain, inner)), *value[at:]]))
    return ways[draw(st.integers(0, len(ways) - 1))]()

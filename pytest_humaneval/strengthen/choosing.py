"""Chooses few inputs that tell most: those that wrong programs fail on, then those that differ most from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.strengthen.agreement import Case
from pytest_humaneval.strengthen.domain import places
from pytest_humaneval.strengthen.running import AGREES, UNKNOWN
from pytest_humaneval.strengthen.value_shapes import SIZED

TIMES = 3  # inputs that shall fail each wrong program: another one may be wrong in half of its ways
WEIGHT = 4  # of a program that passes the plain test, against a mutant


@dataclass(frozen=True, slots=True)
class Suspect:
    """A program and what it makes of each case; ``weight`` says how much it matters that it is found."""

    marks: str
    weight: int = 1


def chosen(cases: Sequence[Case], suspects: Sequence[Suspect], most: int) -> list[Case]:
    """At most ``most`` of the cases, the ones that reject something first."""
    numbers = _telling(cases, suspects, most)
    left = [number for number in range(len(cases)) if number not in set(numbers)]
    seen: Counter[str] = Counter(feature for number in numbers for feature in _features(cases[number]))
    features = {number: list(_features(cases[number])) for number in left}
    while left and len(numbers) < most:
        best = max(left, key=lambda number: (_news(features[number], seen), -_size(cases[number]), -number))
        seen.update(features[best])
        numbers.append(best)
        left.remove(best)
    return [cases[number] for number in numbers]


def _telling(cases: Sequence[Case], suspects: Sequence[Suspect], most: int) -> list[int]:
    """Greedily: the case that adds most rejections still wanted; of equals the smaller one."""
    wanted = dict.fromkeys(range(len(suspects)), TIMES)
    fails = [
        {s for s, suspect in enumerate(suspects) if suspect.marks[c] not in AGREES + UNKNOWN} for c in range(len(cases))
    ]
    numbers: list[int] = []
    left = [number for number in range(len(cases)) if fails[number]]

    def gain(number: int) -> tuple[int, int, int]:
        worth = sum(suspects[place].weight * wanted[place] for place in fails[number] if wanted[place])
        return worth, -_size(cases[number]), -number

    while left and len(numbers) < most:
        best = max(left, key=gain)
        if not gain(best)[0]:
            break
        for place in fails[best]:
            wanted[place] = max(0, wanted[place] - 1)
        numbers.append(best)
        left.remove(best)
    return numbers


def _news(features: Sequence[str], seen: Counter[str]) -> float:
    return sum(1 / (1 + seen[feature]) ** 2 for feature in features)


def _size(case: Case) -> int:
    return len(repr(case.arguments))


def _features(case: Case) -> Iterator[str]:
    """What makes an input different from others, coarsely."""
    yield f"expected {case.expected[:40]}"
    yield f"broken {sorted(case.broken)}"
    for place, value in places(case.arguments):
        yield f"{place} {_kind(value)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, (int, float)):
        return f"{type(value).__name__} {value if abs(value) < 4 else (value > 0, len(str(abs(value))), value % 2)}"
    if isinstance(value, SIZED):
        repeats = isinstance(value, (list, tuple, str)) and len({repr(element) for element in value}) < len(value)
        return f"{type(value).__name__} {min(len(value), 6)} {repeats}"
    return type(value).__name__

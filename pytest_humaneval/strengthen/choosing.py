"""Chooses few inputs that tell most: those that wrong programs fail on, then those that differ most from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.strengthen.agreement import Case
from pytest_humaneval.strengthen.batches import AGREES, UNKNOWN
from pytest_humaneval.strengthen.traits import SIZED, places

TIMES = 3  # inputs that shall fail each wrong program: another one may be wrong in half of its ways
WEIGHT = 4  # of a program that passes the plain test, against a mutant


@dataclass(frozen=True, slots=True)
class Suspect:
    """A program and what it makes of each case; ``weight`` says how much it matters that it is found."""

    marks: str
    weight: int = 1


def chosen(cases: Sequence[Case], suspects: Sequence[Suspect], most: int) -> list[Case]:
    """At most ``most`` of the cases, the ones that reject something first."""
    found = _telling(cases, suspects, most)
    left = [number for number in range(len(cases)) if number not in set(found)]
    seen: Counter[str] = Counter(feature for number in found for feature in _features(cases[number]))
    features = {number: list(_features(cases[number])) for number in left}
    while left and len(found) < most:
        best = max(left, key=lambda number: (_news(features[number], seen), -_size(cases[number]), -number))
        seen.update(features[best])
        found.append(best)
        left.remove(best)
    return [cases[number] for number in found]


def _telling(cases: Sequence[Case], suspects: Sequence[Suspect], most: int) -> list[int]:
    """Greedily: the case that adds most rejections still wanted; of equals the smaller one."""
    wanted = dict.fromkeys(range(len(suspects)), TIMES)
    fails = [{s for s, one in enumerate(suspects) if one.marks[c] not in AGREES + UNKNOWN} for c in range(len(cases))]
    found: list[int] = []
    left = [number for number in range(len(cases)) if fails[number]]

    def gain(number: int) -> tuple[int, int, int]:
        worth = sum(suspects[one].weight * wanted[one] for one in fails[number] if wanted[one])
        return worth, -_size(cases[number]), -number

    while left and len(found) < most:
        best = max(left, key=gain)
        if not gain(best)[0]:
            break
        for one in fails[best]:
            wanted[one] = max(0, wanted[one] - 1)
        found.append(best)
        left.remove(best)
    return found


def _news(features: Sequence[str], seen: Counter[str]) -> float:
    return sum(1 / (1 + seen[one]) ** 2 for one in features)


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
        repeats = isinstance(value, (list, tuple, str)) and len({repr(one) for one in value}) < len(value)
        return f"{type(value).__name__} {min(len(value), 6)} {repeats}"
    return type(value).__name__

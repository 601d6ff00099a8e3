"""What is simpler than an input, step by step."""

from __future__ import annotations

from typing import Any

from pytest_humaneval.strengthen.domain import Arguments, places
from pytest_humaneval.strengthen.value_shapes import SIZED


def size(value: Any) -> tuple[int, float]:
    """How much there is to look at: characters, then the sum of all numbers."""
    numbers = (each for _, each in places((value,)) if isinstance(each, (int, float)))
    return len(repr(value)), sum(map(abs, numbers))


def smaller(arguments: Arguments) -> list[Arguments]:
    """What is one step simpler."""
    inputs = []
    for number, value in enumerate(arguments):
        for other in _simpler(value):
            inputs.append((*arguments[:number], other, *arguments[number + 1 :]))
    return inputs


def _simpler(value: Any) -> list[Any]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        numbers = [
            type(value)(0),
            type(value)(1),
            value // 2,
            value - 1 if value > 0 else value + 1,
            -value if value < 0 else value,
        ]
        return [number for number in numbers if abs(number) <= abs(value) and number != value]
    if isinstance(value, dict):
        return [{key: item for key, item in value.items() if key != left_out} for left_out in list(value)[:8]]
    if not isinstance(value, SIZED) or isinstance(value, (set, frozenset)):
        return []
    return [shorter for shorter in _shorter(value) if size(shorter) < size(value)]


def _shorter(value: Any) -> list[Any]:
    half = len(value) // 2
    cut = [value[:half], value[half:], *(value[:at] + value[at + 1 :] for at in range(min(len(value), 10)))]
    if not isinstance(value, str):
        for at, item in enumerate(value[:6]):
            cut += [type(value)([*value[:at], other, *value[at + 1 :]]) for other in _simpler(item)[:3]]
    return cut

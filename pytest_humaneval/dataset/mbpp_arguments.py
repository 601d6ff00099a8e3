"""What JSON cannot say of MBPP+'s arguments: where tuples, sets and complex numbers stand, by task as in EvalPlus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Arguments = list[Any]


def restored(number: int, arguments: Arguments) -> Arguments:
    """The arguments of one call, with the types that the task's function takes."""
    return next((restore(arguments) for tasks, restore in _BY_TASK if number in tasks), arguments)


def _each(restore: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    """Every argument."""
    return lambda arguments: [restore(argument) for argument in arguments]


def _at(place: int, restore: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    """The argument at one place."""
    return lambda arguments: [restore(argument) if at == place else argument for at, argument in enumerate(arguments)]


def _tuples(value: Any) -> list[Any]:
    """A list of tuples."""
    return [tuple(element) for element in value]


def _tuple_of_tuples(value: Any) -> tuple[Any, ...]:
    return tuple(map(tuple, value))


def _all_tuples(value: Any) -> Any:
    return tuple(map(_all_tuples, value)) if isinstance(value, list) else value


def _tuple_with_tuples(value: Any) -> tuple[Any, ...]:
    """A tuple; the lists in it as well."""
    return tuple(tuple(element) if isinstance(element, list) else element for element in value)


def _sets(value: Any) -> list[Any]:
    """A list of sets. What is empty is a dict: the task asks whether all are."""
    return [set(element) if isinstance(element, list) and element else {} for element in value]


def _values_as_tuples(value: Any) -> dict[Any, Any]:
    return {key: tuple(element) for key, element in value.items()}


_BY_TASK: tuple[tuple[frozenset[int], Callable[[Arguments], Arguments]], ...] = (
    (
        frozenset(
            (2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809)
        ),
        _each(tuple),
    ),
    (frozenset([63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780]), _each(_tuples)),
    (frozenset([75, 413, 444, 753]), _at(0, _tuples)),
    (frozenset([106, 750]), _at(1, tuple)),
    (frozenset([115]), _at(0, _sets)),
    (frozenset([124]), lambda arguments: [float(arguments[0]), complex(arguments[1])]),
    (frozenset([250, 307, 405, 446, 617, 720, 763, 808]), _at(0, tuple)),
    (frozenset([259, 401, 445]), _each(_tuple_of_tuples)),
    (frozenset([278]), _at(0, _tuple_with_tuples)),
    (frozenset([722]), _at(0, _values_as_tuples)),
    (frozenset([252]), _at(0, complex)),
    (frozenset([580, 615, 791]), _each(_all_tuples)),
)

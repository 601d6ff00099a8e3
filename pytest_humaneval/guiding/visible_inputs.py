"""Inputs to compare candidates by, from nothing but what a strategy sees: the signature and the docstring.

Known are the arguments of the docstring's examples; where there are none, a few plain values of the types that the
annotations name, or the docstring's words for a parameter. More are drawn from these as ``strengthen`` draws its own,
and kept are those that share the known inputs' traits, or give up only what hardly anybody would rule out and the
docstring does not speak of. What is right on them nobody knows: candidates are compared with each other.

What is drawn is a part of what a strategy is: a change here makes other strategies, which need other names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from pytest_humaneval.dataset.examples import Example, docstring_of, function_of, visible_examples
from pytest_humaneval.dataset.stated import shown_arguments, stated_examples
from pytest_humaneval.problem import Problem
from pytest_humaneval.strengthen.agreement import NATURAL
from pytest_humaneval.strengthen.domain import Arguments, Domain
from pytest_humaneval.strengthen.drawing import plainly_drawn
from pytest_humaneval.strengthen.promises import promised

DRAWS = 60  # of each of two kinds, to choose from
MOST_GIVEN_UP = 2  # traits of one input

NUMBERS, TEXTS = (1, 2, 3, 5, 8, 12), ("abc", "a", "hello", "Hello World", "abcabc", "level")
VALUES: dict[str, tuple[Any, ...]] = {
    "int": NUMBERS,
    "float": (1.0, 2.5, 3.0, 0.5, 10.25, 7.0),
    "bool": (True, False) * 3,
    "str": TEXTS,
    "list": ([1, 2, 3], [5], [3, 1, 2], [4, 4, 1, 7], [2, 9, 2], [10, 6, 8, 1, 3]),
}
WORDS = {
    r"integers?|whole numbers?|numbers?": "int",
    r"strings?|texts?|words?|sentences?": "str",
    r"lists?|arrays?|sequences?": "list",
}


@lru_cache(maxsize=512)
def all_examples(problem: Problem) -> tuple[Example, ...]:
    """The docstring's examples; where it has none in the form of calls, those that it states in words."""
    return visible_examples(problem.visible()) or stated_examples(problem.visible())


def drawn_inputs(problem: Problem, count: int) -> tuple[Arguments, ...]:
    """Up to ``count`` inputs beyond the known ones, the nearest to them first; the same for the same prompt."""
    return _inputs(replace(problem.visible(), task_id=""), count)


@lru_cache(maxsize=512)
def _inputs(problem: Problem, count: int) -> tuple[Arguments, ...]:
    shown = [each.arguments for each in all_examples(problem)]
    known = shown or shown_arguments(problem) or _typed(problem)
    if not known or not any(known):
        return ()
    domain, kept = Domain(known), promised(problem)
    drawn = plainly_drawn(repr(known), domain, DRAWS)[len(shown) :]
    judged = [(domain.broken_by(each), each) for each in drawn]
    allowed = [(len(broken), each) for broken, each in judged if broken <= NATURAL - kept]
    near = sorted((pair for pair in allowed if pair[0] <= MOST_GIVEN_UP), key=lambda pair: pair[0])
    return tuple(arguments for _, arguments in islice(near, count))


def _typed(problem: Problem) -> list[Arguments]:
    """Plain values of the types that annotations and docstring name; none where one parameter has none."""
    function = function_of(problem)
    if function is None:
        return []
    docstring = docstring_of(problem)
    columns = [_values(each, docstring) for each in (*function.args.posonlyargs, *function.args.args)]
    turned = [column[number:] + column[:number] for number, column in enumerate(columns)]  # not equal arguments
    return list(zip(*turned, strict=True)) if all(columns) else []


def _values(parameter: ast.arg, docstring: str) -> tuple[Any, ...]:
    if parameter.annotation is not None:
        return _of_annotation(parameter.annotation)
    kinds = (kind for words, kind in WORDS.items() if re.search(rf"\b({words})\s+{parameter.arg}\b", docstring, re.I))
    return VALUES.get(next(kinds, ""), ())


def _of_annotation(node: ast.expr) -> tuple[Any, ...]:
    """Of plain types and lists of them; none of anything else."""
    if isinstance(node, ast.Name):
        return VALUES.get(node.id.lower(), ())
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id.lower() == "list":
        inner = _of_annotation(node.slice)
        return tuple(list(_cycled(inner, len(each), at)) for at, each in enumerate(VALUES["list"])) if inner else ()
    return ()


def _cycled(values: tuple[Any, ...], count: int, begin: int) -> Iterable[Any]:
    return (values[(begin + number) % len(values)] for number in range(count))

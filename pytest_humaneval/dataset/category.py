"""What kind of problem a prompt poses, judged by its signature's type hints and its docstring.

Where a parameter has no hint, the docstring's examples show what it is, and where there are none, its words do. Names
say nothing: renaming the entry point or the task changes no category.
"""

from __future__ import annotations

import ast
import re
from enum import Enum
from functools import cache

from pytest_humaneval.dataset.examples import docstring_of, function_of
from pytest_humaneval.dataset.literals import read_arguments
from pytest_humaneval.problem import Problem


class Category(Enum):
    """The kinds of problems that strategies tell apart."""

    STRING = "string"
    LIST = "list"
    SORTING = "sorting"
    MATH = "math"
    OTHER = "other"


class _Kind(Enum):
    """What one argument is."""

    TEXT = "a string"
    TEXTS = "a list of strings"
    VALUES = "a list of anything else"
    NUMBER = "a number"
    UNKNOWN = "something else"


_LISTS = {_Kind.TEXTS, _Kind.VALUES}
_TEXTS = {_Kind.TEXT, _Kind.TEXTS}

# Asks for an order, and does not merely ask about one ("determine if the list is sorted").
_SORTS = re.compile(r"\b(re)?sort(s|ed|ing)?\b|\b(ascending|descending|increasing) order\b", re.IGNORECASE)
_ASKS = re.compile(r"\b(whether|determine if|check if|possible to)\b", re.IGNORECASE)
_RETURNS_TEXT = re.compile(r"\b(returns?|as) (the |a |an |it |result |resulting |equivalent )*string\b", re.IGNORECASE)
_WORDS = re.compile(
    r"\b(?P<TEXTS>(lists?|arrays?) of (\w+ )?(strings|words))\b"
    r"|\b(?P<VALUES>lists?|arrays?|grid|matrix)\b"
    r"|\b(?P<TEXT>strings?|words?|sentence|text)\b"
    r"|\b(?P<NUMBER>integers?|numbers?|float)\b",
    re.IGNORECASE,
)


@cache
def category(problem: Problem) -> Category:
    """The kind of ``problem``."""
    function = function_of(problem)
    if function is None:
        return Category.OTHER
    docstring = docstring_of(problem)
    prose = re.sub(rf"\b{re.escape(problem.entry_point)}\b", "", docstring)
    kinds = _parameters(function) or _examples(docstring, problem.entry_point) or _words(prose)
    if kinds & _LISTS and _SORTS.search(prose) and not _ASKS.search(prose):
        return Category.SORTING
    if kinds & _TEXTS or _returns_text(function, prose):
        return Category.STRING
    if kinds & _LISTS:
        return Category.LIST
    return Category.MATH if kinds == {_Kind.NUMBER} else Category.OTHER


def _parameters(function: ast.FunctionDef) -> set[_Kind]:
    """What the type hints say; nothing where there are none."""
    return {_hinted(each.annotation) for each in function.args.args if each.annotation is not None}


def _hinted(hint: ast.expr) -> _Kind:
    names = {node.id.lower() for node in ast.walk(hint) if isinstance(node, ast.Name)}
    if names & {"list", "sequence", "iterable", "tuple"}:
        return _Kind.TEXTS if "str" in names else _Kind.VALUES
    if "str" in names:
        return _Kind.TEXT
    return _Kind.NUMBER if names and names <= {"int", "float", "complex", "optional", "union"} else _Kind.UNKNOWN


def _returns_text(function: ast.FunctionDef, prose: str) -> bool:
    if function.returns is not None:
        return _hinted(function.returns) in _TEXTS
    return _RETURNS_TEXT.search(prose) is not None


def _examples(docstring: str, entry_point: str) -> set[_Kind]:
    """What the arguments are in the docstring's first call with literals; an empty list shows nothing."""
    for match in re.finditer(rf"\b{re.escape(entry_point)}\(", docstring):
        values, _ = read_arguments(docstring[match.end() :]) or ((), 0)
        if any(value != [] for value in values):
            return {_shown(value) for value in values}
    return set()


def _shown(value: object) -> _Kind:
    if isinstance(value, str):
        return _Kind.TEXT
    if isinstance(value, list):
        return _Kind.TEXTS if value and all(isinstance(each, str) for each in value) else _Kind.VALUES
    return _Kind.NUMBER if isinstance(value, int | float) else _Kind.UNKNOWN


def _words(prose: str) -> set[_Kind]:
    """What the docstring speaks of first."""
    match = _WORDS.search(prose)
    return {_Kind[match.lastgroup]} if match and match.lastgroup else set()

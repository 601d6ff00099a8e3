"""The prompt as a module of the oracle's own: what a test may use of it, and which classes it defines."""

from __future__ import annotations

import ast
import builtins
from contextlib import suppress
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

MOST_BROKEN_OFF = 100  # lines; the longest body of HumanEval has 38


class Stub(NamedTuple):
    """What a prompt defines.

    The class that the program completes, and that the entry point begins with, is not among its ``kinds``: what it does
    is the program's to say.
    """

    kinds: dict[str, type]  # the other classes by name: both sides have them
    is_class: bool  # whether the entry point is, or begins with, a class that the prompt defines
    root: str  # what a dotted entry point begins with, or an empty string


def put_stub_into(namespace: dict[str, Any], prompt: str, entry_point: str) -> Stub:
    """Run the prompt in a namespace; if it cannot be run, no program can: the child will say so."""
    code = _compiled(prompt)
    if code is not None:
        with suppress(Exception):
            exec(code, namespace)
    name = _first_name(entry_point)
    kinds = {each: value for each, value in namespace.items() if isinstance(value, type) and _is_own(value)}
    is_class = kinds.pop(name, None) is not None or name in _classes(prompt)
    return Stub(kinds, is_class, "" if name == entry_point else name)


def _is_own(kind: type) -> bool:
    """Whether the prompt has defined it: it has no name as a module, and namedtuple takes that for the main one."""
    return kind.__module__ in ("builtins", "__main__") and getattr(builtins, kind.__name__, None) is not kind


def _first_name(entry_point: str) -> str:
    position = next((at for at, letter in enumerate(entry_point) if letter in ".("), len(entry_point))
    return entry_point[:position]


@lru_cache(maxsize=1024)
def _parsed(prompt: str) -> ast.Module | None:
    """As a module: some tests call functions it defines. None when it does not compile without a body.

    Where it breaks off in the middle of a function, as before a gap, it is what stands before that.
    """
    lines = prompt.split("\n")
    for count in range(len(lines), max(0, len(lines) - MOST_BROKEN_OFF), -1):
        begun = "\n".join(lines[:count])
        for ending in ("\n", "    pass\n", "        pass\n"):
            with suppress(SyntaxError):
                return ast.parse(begun + ending, "<prompt>")
    return None


@lru_cache(maxsize=1024)
def _compiled(prompt: str) -> CodeType | None:
    tree = _parsed(prompt)
    return None if tree is None else compile(tree, "<prompt>", "exec", dont_inherit=True)


@lru_cache(maxsize=1024)
def _classes(prompt: str) -> frozenset[str]:
    """By name, also those that cannot be made without the program: a decorator may ask for its methods."""
    tree = _parsed(prompt)
    body = [] if tree is None else tree.body
    return frozenset(node.name for node in body if isinstance(node, ast.ClassDef))

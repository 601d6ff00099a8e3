"""Arguments that a program changes in place: whether a test would see it, and how the test's own objects follow."""

from __future__ import annotations

import ast
from collections import deque
from functools import lru_cache
from typing import Any

from ..wire.encoder import encode


@lru_cache(maxsize=1024)
def looks_again(test: str, entry_point: str) -> bool:
    """Whether the test may look at an argument after a call: one that is more than a value written on the spot.

    Only then is the child asked for its arguments, which costs time with every call.
    """
    nodes = list(ast.walk(ast.parse(test)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id in ("candidate", entry_point)]
    ours = [call for call in calls if call.func in named]
    if any(isinstance(node, (ast.Assign, ast.NamedExpr)) and node.value in named for node in nodes):
        return True  # it gets another name
    passed = [part for call in ours for part in (*call.args, *(each.value for each in call.keywords))]
    return any(isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) for part in passed for node in ast.walk(part))


class AmbiguousError(Exception):
    """A change by value that may have been made in two ways, of which a test could see the difference."""


def follow_all(pairs: list[tuple[Any, Any]]) -> None:
    """Make the first of each pair equal to the second; see :func:`follow`.

    Raises:
        AmbiguousError: as there, or one object is an argument twice: the child has two of it.
    """
    mutable = [id(own) for own, _ in pairs if _holds_mutable(own)]
    if len(set(mutable)) < len(mutable):
        raise AmbiguousError
    for own, now in pairs:
        follow(own, now)


def follow(own: Any, now: Any) -> None:
    """Make ``own`` equal to ``now`` in place; what it holds stays the same object wherever its value is still there.

    A program could do the same to the test's objects if they lived in one process, and no more than that.

    Raises:
        AmbiguousError: a container in it was either changed or replaced by another one.
    """
    if encode(own) == encode(now):
        return
    if isinstance(own, (list, deque)) and type(now) in (list, deque):
        members = _kept(list(own), list(now))
        own.clear()
        own.extend(members)
    elif isinstance(own, dict) and type(now) is dict:
        pairs = dict(zip(now, _kept(list(own.values()), list(now.values())), strict=True))
        own.clear()
        own.update(pairs)
    elif isinstance(own, set) and type(now) is set:
        own.clear()
        own.update(now)
    elif isinstance(own, bytearray) and type(now) is bytearray:
        own[:] = now
    elif _holds_mutable(own):
        raise AmbiguousError


def _kept(own: list[Any], now: list[Any]) -> list[Any]:
    """The members of ``now``, and in place of each an equal one of ``own`` as long as there are some."""
    there: dict[bytes, list[Any]] = {}
    for one in reversed(own):
        there.setdefault(encode(one), []).append(one)
    members, fresh = [], False
    for one in now:
        if equal := there.get(encode(one)):
            members.append(equal.pop())
        else:
            members.append(one)
            fresh = fresh or _holds_mutable(one)
    lost = any(_holds_mutable(one) for equal in there.values() for one in equal)
    if fresh and lost:
        raise AmbiguousError
    return members


def _holds_mutable(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (list, dict, set, bytearray, deque)):
            return True
        if isinstance(one, tuple):
            waiting += one
    return False

"""What a test needs beside results by value, found in its own text: each costs time with every call."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .test_tree import tree_of

_STEPPING = {"next", "islice", "takewhile", "anext", "aiter", "iter", "send", "throw", "close", "__next__", "__anext__"}
_CALLED = {  # names and attributes in a test, and what it wants if it has one of them
    "output": {"stdout", "stderr", "redirect_stdout", "redirect_stderr"},
    "input": {"stdin", "input"},
    "random": {"seed", "setstate"},
    "warnings": {"catch_warnings", "showwarning"},
    "files": {"open", "tempfile", "TemporaryDirectory", "NamedTemporaryFile", "mkdtemp", "mkstemp", "exists", "isfile",
              "write_text", "read_text", "write_bytes", "read_bytes", "listdir", "getcwd", "makedirs", "mkdir"},
}  # fmt: skip
_PATCHED = {  # and what it may name to ``mock.patch``
    "print": {"builtins.print"},
    "output": {"sys.stdout", "sys.stderr"},
    "input": {"builtins.input", "sys.stdin"},
}
Nodes = Mapping[type, list[Any]]
"""Of a test, by their type."""


@lru_cache(maxsize=1024)
def wants_of(test: str, entry_point: str, *, of_a_class: bool) -> frozenset[str]:
    """Words for what a test of ``entry_point`` wants.

    Raises:
        SyntaxError: it cannot be parsed.
    """
    nodes = defaultdict[type, list[Any]](list)
    for node in tree_of(test).nodes:
        nodes[type(node)].append(node)
    mentioned = {node.id for node in nodes[ast.Name]} | {node.attr for node in nodes[ast.Attribute]}
    mentioned |= {node.name for node in nodes[ast.alias]}
    quoted = {node.value for node in nodes[ast.Constant] if isinstance(node.value, str)}
    words = {word for word, names in _CALLED.items() if names & mentioned}
    words |= {word for word, patched in _PATCHED.items() if patched & quoted}
    if _STEPPING & mentioned or _steps(nodes, entry_point):
        words.add("steps")
    if of_a_class or _looks_again(nodes, entry_point) or any(map(_asks_who_is_who, nodes[ast.Compare])):
        words.add("arguments")
    return frozenset(words)


def _steps(nodes: Nodes, entry_point: str) -> bool:
    """Whether it may take less than all of what an iterator yields."""
    if any(isinstance(inner, (ast.Break, ast.Return)) for loop in nodes[ast.For] for inner in ast.walk(loop)):
        return True
    zips = [node for node in nodes[ast.Call] if _is_named(node.func, {"zip", "enumerate"})]
    return any(isinstance(part, ast.Call) and _is_named(part.func, {"candidate", entry_point})
               for call in zips for part in call.args)  # fmt: skip


def _asks_who_is_who(node: ast.Compare) -> bool:
    """Whether it compares two objects that are none of Python's constants by ``is``."""
    if not all(isinstance(sign, (ast.Is, ast.IsNot)) for sign in node.ops):
        return False
    return not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))


def _is_named(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _looks_again(nodes: Nodes, entry_point: str) -> bool:
    """Whether it may look at an argument after a call: one that is neither written on the spot nor a copy."""
    names = {"candidate", entry_point}
    if any(_is_named(node.value, names) for kind in (ast.Assign, ast.NamedExpr) for node in nodes[kind]):
        return True  # it gets another name
    calls = [node for node in nodes[ast.Call] if _is_named(node.func, names)]
    passed = [part for call in calls for part in (*call.args, *(each.value for each in call.keywords))]
    seen = [part for part in passed if not _is_copy(part)]
    return any(isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) for part in seen for node in ast.walk(part))


def _is_copy(node: ast.expr) -> bool:
    """Whether nobody else has it, nor anything in it."""
    match node:
        case ast.Call(ast.Name("deepcopy") | ast.Attribute(ast.Name("copy"), "deepcopy"), [_], []):
            return True
    return False

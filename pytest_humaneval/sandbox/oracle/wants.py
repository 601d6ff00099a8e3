"""What a test needs beside results by value, found in its own text: each costs time with every call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

_STEPPING = {"next", "islice", "takewhile", "anext", "aiter", "iter", "send", "throw", "close", "__next__", "__anext__"}
_CALLED = {  # names and attributes in a test, and what it wants if it has one of them
    "output": {"stdout", "stderr", "redirect_stdout", "redirect_stderr"},
    "input": {"stdin", "input"},
    "random": {"seed", "setstate"},
    "warnings": {"catch_warnings", "showwarning"},
    "files": {"open", "tempfile", "TemporaryDirectory", "NamedTemporaryFile", "mkdtemp", "mkstemp", "exists", "isfile",
              "write_text", "read_text", "write_bytes", "read_bytes", "listdir", "getcwd", "makedirs", "mkdir"},
}  # fmt: skip


@lru_cache(maxsize=1024)
def wants_of(test: str, entry_point: str, *, of_a_class: bool) -> frozenset[str]:
    """Words for what a test of ``entry_point`` wants.

    Raises:
        SyntaxError: it cannot be parsed.
    """
    nodes = list(ast.walk(ast.parse(test)))
    mentioned = {name for node in nodes for name in _mentioned(node)}
    words = {word for word, names in _CALLED.items() if names & mentioned}
    if any(isinstance(node, ast.Constant) and node.value == "builtins.print" for node in nodes):
        words.add("print")
    if any(isinstance(node, ast.Constant) and node.value in ("sys.stdout", "sys.stderr") for node in nodes):
        words.add("output")
    if any(isinstance(node, ast.Constant) and node.value in ("builtins.input", "sys.stdin") for node in nodes):
        words.add("input")
    if _steps(nodes, entry_point) or _STEPPING & mentioned:
        words.add("steps")
    if of_a_class or _looks_again(nodes, entry_point) or any(map(_asks_who_is_who, nodes)):
        words.add("arguments")
    return frozenset(words)


def _mentioned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.alias):
        yield node.name


def _steps(nodes: list[ast.AST], entry_point: str) -> bool:
    """Whether it may take less than all of what an iterator yields."""
    loops = [node for node in nodes if isinstance(node, ast.For)]
    if any(isinstance(inner, (ast.Break, ast.Return)) for loop in loops for inner in ast.walk(loop)):
        return True
    zips = [node for node in nodes if isinstance(node, ast.Call) and _is_named(node.func, {"zip", "enumerate"})]
    return any(isinstance(part, ast.Call) and _is_named(part.func, {"candidate", entry_point})
               for call in zips for part in call.args)  # fmt: skip


def _asks_who_is_who(node: ast.AST) -> bool:
    """Whether it compares two objects that are none of Python's constants by ``is``."""
    if not isinstance(node, ast.Compare) or not all(isinstance(sign, (ast.Is, ast.IsNot)) for sign in node.ops):
        return False
    return not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))


def _is_named(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _looks_again(nodes: list[ast.AST], entry_point: str) -> bool:
    """Whether it may look at an argument after a call: one that is more than a value written on the spot."""
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id in ("candidate", entry_point)]
    if any(isinstance(node, (ast.Assign, ast.NamedExpr)) and node.value in named for node in nodes):
        return True  # it gets another name
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.func in named]
    passed = [part for call in calls for part in (*call.args, *(each.value for each in call.keywords))]
    return any(isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) for part in passed for node in ast.walk(part))

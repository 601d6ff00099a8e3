"""Python source that somebody else wrote, as a syntax tree: parsed, never executed.

Such text can make Python raise more than SyntaxError: ValueError on NUL bytes and lone surrogates, RecursionError and
MemoryError on deep nesting. It can also warn, of escapes that are none for instance, and in a pytest run a warning is
shown to the user, or is an error.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of what is parsed or compiled within."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse(source: str) -> ast.Module:
    """The tree.

    Raises:
        one of ``NOT_PYTHON``: there is none.
    """
    with quiet():
        return ast.parse(source)


def tree_of(source: str) -> ast.Module | None:
    """The tree, or None where it is no Python."""
    try:
        return parse(source)
    except NOT_PYTHON:
        return None


def last_function(tree: ast.Module | None, name: str) -> ast.FunctionDef | None:
    """The function of this name that counts where several are defined at the top."""
    body = tree.body if tree is not None else []
    named = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name]
    return named[-1] if named else None

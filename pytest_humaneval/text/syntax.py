"""Python source that somebody else wrote, as a syntax tree: parsed, never executed.

Such text can make Python raise more than SyntaxError: ValueError on NUL bytes and lone surrogates, RecursionError and
MemoryError on deep nesting. It can also warn, of escapes that are none for instance, and in a pytest run a warning is
shown to the user, or is an error.
"""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

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


class Names(NamedTuple):
    """The names that source code gives a meaning at its top, and those that it takes from there or from the builtins.

    A function that declares a name global and assigns to it gives it a meaning; one that only reads it does not.
    """

    binds: frozenset[str]
    needs: frozenset[str]


def names_in(source: str) -> Names | None:
    """Its global names, or None where it is no Python."""
    try:
        with quiet():
            top = symtable.symtable(source, "<names>", "exec")
    except NOT_PYTHON:
        return None
    nested = [symbol for table in _nested(top) for symbol in table.get_symbols() if symbol.is_global()]
    binds = (symbol for symbol in (*top.get_symbols(), *nested) if symbol.is_assigned() or symbol.is_imported())
    # ``counter += 1`` counts as an assignment only, and needs it all the same.
    needs = (*(symbol for symbol in top.get_symbols() if symbol.is_referenced()), *nested)
    return Names(*(frozenset(symbol.get_name() for symbol in some) for some in (binds, needs)))


def _nested(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = list(table.get_children())
    while waiting:
        yield (child := waiting.pop())
        waiting += child.get_children()


def mentioned(tree: ast.AST) -> set[str]:
    """All names that stand anywhere in it, however they are used."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def last_function(tree: ast.Module | None, name: str) -> ast.FunctionDef | None:
    """The function of this name that counts where several are defined at the top."""
    body = tree.body if tree is not None else []
    named = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name]
    return named[-1] if named else None

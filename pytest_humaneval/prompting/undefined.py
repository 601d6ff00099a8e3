"""Names that a program uses and nowhere defines: it fails as soon as it comes there."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterator
from functools import lru_cache

from pytest_humaneval.problem import Problem
from pytest_humaneval.syntax import NOT_PYTHON, quiet

OF_EVERY_MODULE = {"__name__", "__doc__", "__file__", "__builtins__", "__debug__"}


@lru_cache(maxsize=4096)
def undefined_names(problem: Problem, code: str) -> frozenset[str]:
    """The names that ``code``, right after the problem's prompt, leaves undefined; none where it does not parse.

    Nothing is run. A name that is defined anywhere at the top, or declared global, counts as defined; after
    ``from x import *`` nobody can tell.
    """
    source = problem.program(code)
    try:
        with quiet():
            top = symtable.symtable(source, "<answer>", "exec")
    except NOT_PYTHON:
        return frozenset()
    if any(line.lstrip().startswith("from ") and line.rstrip().endswith("import *") for line in source.splitlines()):
        return frozenset()
    tables = list(_all(top))
    known = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    known |= {each.get_name() for table in tables for each in table.get_symbols() if each.is_declared_global()}
    used = {each.get_name() for table in tables for each in table.get_symbols() if _is_global(each, table is top)}
    return frozenset(used - known - set(dir(builtins)) - OF_EVERY_MODULE)


def _is_global(symbol: symtable.Symbol, at_top: bool) -> bool:
    return symbol.is_referenced() and (symbol.is_global() or at_top)


def _all(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all(child)

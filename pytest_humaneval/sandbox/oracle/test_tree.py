"""A test as a syntax tree, which more than one reader walks over."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import NamedTuple


class TestTree(NamedTuple):
    """A test's module, and all nodes of it."""

    module: ast.Module
    nodes: tuple[ast.AST, ...]


@lru_cache(maxsize=2)  # the two tests of one check: a tree takes many times the memory of its text
def tree_of(test: str) -> TestTree:
    """The tree of a test.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it cannot be parsed.
    """
    module = ast.parse(test)
    return TestTree(module, tuple(ast.walk(module)))

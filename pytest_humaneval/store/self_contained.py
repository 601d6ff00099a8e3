"""Whether a verdict depends on nothing but texts and installed packages; only then a digest has all that decides it."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache, lru_cache

from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import tree_of

# What can read a file, or import one, without an import statement.
VARYING = frozenset({"random", "secrets", "uuid", "time", "datetime"})  # what draws, or looks at a clock
READ = ("open", "read_text", "read_bytes", "__import__", "importlib", "runpy", "exec", "eval", "environ", "getenv")
READS = re.compile(rf"\b(?:{'|'.join(READ)})\b")


def is_self_contained(problem: Problem, completion: str) -> bool:
    """Whether tests and program import nothing of the user's own, such as a module beside the test, and read no file.

    Such a file may change while the texts that use it stay the same. Nor may they draw at random or look at a clock.
    What cannot be parsed counts as not self-contained.
    """
    texts = (problem.test, problem.strong_test, problem.program(completion))
    return all(_imports_known_things(text) for text in texts)


@lru_cache(maxsize=1024)
def _imports_known_things(text: str) -> bool:
    may_read, may_import = READS.search(text) is not None, "import" in text
    if not may_read and not may_import:
        return True
    tree = tree_of(text)
    if tree is None or (may_read and any(name in READ for name in _named(tree))):
        return False
    return all(map(_is_settled, _imported(tree)))


def _named(tree: ast.Module) -> Iterator[str]:
    """Whatever a program calls something, or may look up by its name; its prose is none of it."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(name) | ast.Attribute(attr=name) | ast.alias(name):
                yield from name.split(".")
            case ast.Constant(str(text)):
                yield text
            case ast.ImportFrom(module=str(module)):
                yield from module.split(".")


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@cache
def _is_settled(module: str) -> bool:
    """Whether a module says the same every time: Python's own, or one that lies where packages are installed.

    Not where a package is only linked to, as an editable one is.
    """
    if module in sys.stdlib_module_names:
        return module not in VARYING
    try:
        spec = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):
        return False
    folders = tuple(sysconfig.get_path(name) + "/" for name in ("purelib", "platlib"))
    return spec is not None and (spec.origin or "").startswith(folders)

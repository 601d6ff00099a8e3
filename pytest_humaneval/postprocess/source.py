"""Python source as the post-processing steps see it: compiled, never executed, and never an exception."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import NOT_PYTHON, Names, names_in, quiet, tree_of

STEPS_BACK = 100  # lines given up one error at a time; after that half of what is left goes, so the cost stays bounded
WORK = 300_000  # characters that are compiled before it comes to that all the same: a long text takes fewer steps
DEFAULT_INDENT = 4
UNKNOWN = Names(frozenset(), frozenset())

# Values that nobody can call.
DATA = (
    ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.ListComp | ast.SetComp
    | ast.DictComp | ast.GeneratorExp | ast.BinOp | ast.UnaryOp | ast.Compare
)  # fmt: skip
COMPOUND = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match

_DECORATOR = re.compile(r"\s*@[\w.]+\s*")


def fault(source: str) -> SyntaxError | None:
    """Why ``source`` is no program, with the line if the compiler knows it; None when it is one."""
    try:
        with quiet():
            compile(source, "<completion>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except NOT_PYTHON as error:
        return SyntaxError(str(error))
    return None


def compiles(source: str) -> bool:
    """Whether ``source`` is a whole program."""
    return fault(source) is None


def longest_prefix(before: str, text: str) -> str | None:
    """The most lines of ``text`` that compile behind ``before``; None when not even ``before`` alone does."""
    lines = text.split("\n")
    first = before.count("\n")  # text begins in the line of this index
    work = 0
    for step in range(len(lines) + STEPS_BACK):
        kept = "\n".join(lines)
        if (error := fault(before + kept)) is None:
            return kept
        if not lines:
            return None
        work += len(before) + len(kept)
        by_line = error.lineno and step < STEPS_BACK and work < WORK
        reached = (error.lineno or 0) - 1 - first if by_line else len(lines) // 2
        lines = _without_decorators(lines[: max(0, min(reached, len(lines) - 1))])
    return None


def _without_decorators(lines: list[str]) -> list[str]:
    """Without those at the end, where no program ends: to give up thousands line by line takes minutes."""
    end = len(lines)
    while end and _DECORATOR.fullmatch(lines[end - 1]) and not (end > 1 and lines[end - 2].endswith("\\")):
        end -= 1
    return lines[:end]


def is_answered(problem: Problem, text: str) -> bool:
    """Whether prompt and ``text`` compile to a program in which the entry point is more than a stub."""
    return any(
        statement.defines(problem.entry_point)
        for statement in statements(problem.prompt + text, naming=problem.entry_point)
    )


def body_indent(problem: Problem) -> str:
    """The indentation of the entry point's body in the prompt."""
    for node in _statements_in(problem.prompt):
        if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point:
            return " " * node.body[0].col_offset
    return " " * DEFAULT_INDENT


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement at module level (or several that share a line), its names bound there and its global names needed.

    ``start`` and ``end`` are its lines, from 0, ``end`` exclusive; decorators belong to it.
    """

    nodes: tuple[ast.stmt, ...]
    start: int
    end: int
    binds: frozenset[str]
    needs: frozenset[str]

    @property
    def imports(self) -> bool:
        """Whether it does nothing but import."""
        return all(isinstance(node, ast.Import | ast.ImportFrom) for node in self.nodes)

    def defines(self, name: str) -> bool:
        """Whether it gives ``name`` a meaning that can be called: no stub, no plain data, no result of calling it."""
        return name in self.binds and any(_defines(node, name) for node in self.nodes)


def statements(source: str, *, naming: str = "") -> list[Statement]:
    """The module-level statements of ``source`` in order; none when it isn't a program.

    With ``naming``, only those that may have to do with this name: to look into thousands takes seconds.
    """
    if not compiles(source):
        return []
    lines = source.split("\n")
    groups: list[tuple[list[ast.stmt], int, int]] = []
    for node in _statements_in(source):
        start = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1
        end = node.end_lineno or node.lineno
        if groups and start < groups[-1][2]:
            nodes, start, _ = groups.pop()
            groups.append(([*nodes, node], start, end))
        else:
            groups.append(([node], start, end))
    return [
        Statement(tuple(nodes), start, end, *(names_in("\n".join(lines[start:end])) or UNKNOWN))
        for nodes, start, end in groups
        if _may_name(naming, lines[start:end])
    ]


def _may_name(name: str, lines: list[str]) -> bool:
    """Whether the name may be among the words of these lines; letters beyond ASCII have more than one form."""
    return any(name in line or not line.isascii() for line in lines)


def root(node: ast.AST) -> str:
    """The name at the beginning of ``a.b[c](d)``; empty where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _defines(node: ast.stmt, name: str) -> bool:
    """Whether this statement, which binds ``name``, makes it something to call."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not all(map(_says_nothing, node.body))
    if isinstance(node, ast.Assign | ast.AnnAssign):
        plain = isinstance(node, ast.AnnAssign) or all(isinstance(target, ast.Name) for target in node.targets)
        is_data = node.value is None or (plain and isinstance(node.value, DATA))
        return not is_data and not _calls(node.value, name)
    if isinstance(node, COMPOUND):
        return any(_binds(each, name) and _defines(each, name) for each in _inner(node))
    return not isinstance(node, ast.AugAssign)


def _calls(value: ast.AST | None, name: str) -> bool:
    """Whether ``name`` is called for ``value``, as in ``total = total([1])``; later, in a lambda, does not count."""
    waiting = [value] if value is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and root(node.func) == name:
            return True
        waiting += [] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node)
    return False


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    """The simple statements and definitions within a compound one, but for those within definitions."""
    waiting: list[ast.AST] = [node]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, COMPOUND | ast.excepthandler | ast.match_case):
                waiting.append(child)
            elif isinstance(child, ast.stmt):
                yield child


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.Import | ast.ImportFrom):
        return any((alias.asname or alias.name.partition(".")[0]) == name for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(each, ast.Name) and each.id == name for target in targets for each in ast.walk(target))


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        return node.exc is not None and root(node.exc) == "NotImplementedError"
    return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)


def _statements_in(source: str) -> list[ast.stmt]:
    tree = tree_of(source)
    return tree.body if tree is not None else []

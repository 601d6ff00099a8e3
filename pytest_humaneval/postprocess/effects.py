"""What the statements of a program do when it is loaded, apart from giving names a meaning.

``memo[0] = 1`` fills a table, ``sys.setrecursionlimit(10_000)`` changes the interpreter, ``@register`` puts a function
into a list: an answer may rest on such statements although it uses no name that they bind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytest_humaneval.postprocess.source import Statement

SHOWS = frozenset({"print", "pprint", "input", "help", "exit", "quit", "breakpoint"})
TESTS = frozenset({"unittest", "doctest", "pytest", "timeit"})
SETTERS = ("set", "seed", "filterwarnings", "simplefilter")  # sys.setrecursionlimit, random.seed
LOOKS_NAMES_UP = frozenset({"globals", "locals", "vars", "eval", "exec"})
MANY_CALLS = 100  # functions that one statement reaches: what calls more is not followed further, so time stays bounded

Function = ast.FunctionDef | ast.AsyncFunctionDef
Executed = Function | ast.ClassDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Effects:
    """``stores`` are names whose items or attributes the statement itself assigns.

    ``touches`` are also those of the functions that it calls, and what stands in calls whose value nobody takes.
    """

    stores: frozenset[str]
    touches: frozenset[str]
    mentions: frozenset[str]  # every name that is looked at on the way
    sets_state: bool  # whether it calls what is named like a setter

    def __bool__(self) -> bool:
        return bool(self.touches)


def is_example(statement: Statement) -> bool:
    """Whether it is there for a reader or a tester alone: an assertion, a main block, which nobody enters."""
    return all(isinstance(node, ast.Assert) or is_main_block(node) for node in statement.nodes)


def is_main_block(node: ast.stmt) -> bool:
    """Whether ``node`` is ``if __name__ == ...:``."""
    return isinstance(node, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__" for each in ast.walk(node.test)
    )


def definitions(program: Iterable[Statement]) -> Mapping[str, Statement]:
    """The functions and classes of a program by name; of two with one name the last."""
    return {name: each for each in program for name in each.binds if _is_definition(each)}


def effects(statement: Statement, defined: Mapping[str, Statement]) -> Effects:
    """What ``statement`` does when it is executed, with what the functions do that it calls (:func:`definitions`)."""
    waiting, seen, nodes = [*statement.nodes], set[str](), list[ast.AST]()
    while waiting:
        nodes += (executed := list(_executed(waiting.pop())))
        names = {name for node in executed for name in _called(node)} - seen
        seen |= names
        if len(seen) < MANY_CALLS:
            waiting += [body for name in names & defined.keys() for body in _bodies(defined[name])]
    own = frozenset(name for top in statement.nodes for node in _executed(top) for name in _stored(node))
    stored = frozenset(name for node in nodes for name in _stored(node))
    calls = [node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    calls = [call for call in calls if root(call) not in SHOWS | TESTS and not _name(call).startswith("exit")]
    touched = frozenset(name for call in calls for name in _names(call))
    mentions = frozenset(node.id for node in nodes if isinstance(node, ast.Name))
    return Effects(own, stored | touched, mentions, any(_name(call).startswith(SETTERS) for call in calls))


def root(node: ast.AST) -> str:
    """The name at the beginning of ``a.b[c](d)``; empty where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and what is in it, except for bodies that wait for a call; decorators and defaults don't."""
    waiting = [node]
    while waiting:
        yield (node := waiting.pop())
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, Executed):
            body = {id(each) for each in (node.body if isinstance(node.body, list) else [node.body])}
            children = [each for each in children if id(each) not in body]
        waiting += children


def _is_definition(statement: Statement) -> bool:
    return all(isinstance(node, Function | ast.ClassDef) for node in statement.nodes)


def _bodies(statement: Statement) -> Iterator[ast.stmt]:
    for node in statement.nodes:
        if isinstance(node, Function | ast.ClassDef):
            yield from node.body


def _called(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield root(node.func)
    if isinstance(node, Function | ast.ClassDef):
        yield from map(root, node.decorator_list)


def _names(node: ast.AST) -> Iterator[str]:
    yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _name(call: ast.Call) -> str:
    """What is called, without what it belongs to."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else root(call.func)


def _stored(node: ast.AST) -> Iterator[str]:
    """The names whose items or attributes ``node`` assigns or deletes."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        yield root(node)

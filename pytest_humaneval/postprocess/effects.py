"""What the statements of a program do when it is loaded, apart from giving names a meaning.

``memo[0] = 1`` fills a table, ``sys.setrecursionlimit(10_000)`` changes the interpreter, ``@register`` puts a function
into a list: an answer may rest on such statements although it uses no name that they bind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_humaneval.postprocess.source import Statement, root
from pytest_humaneval.text.syntax import mentioned

SHOWS = frozenset({"print", "pprint", "input", "help", "exit", "quit", "breakpoint"})
TESTS = frozenset({"unittest", "doctest", "pytest", "timeit"})
CHANGING = (  # methods that change what they belong to
    "append appendleft extend extendleft insert add update setdefault pop popitem popleft remove discard clear sort "
    "reverse rotate"
)
CHANGES = frozenset(CHANGING.split())
SETTERS = ("set", "seed", "filterwarnings", "simplefilter")  # sys.setrecursionlimit, random.seed
LOOKS_NAMES_UP = frozenset({"globals", "locals", "vars", "eval", "exec"})
MANY_CALLS = 100  # functions that one statement reaches: what calls more is not followed further, so time stays bounded

Function = ast.FunctionDef | ast.AsyncFunctionDef
Executed = Function | ast.ClassDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Effects:
    """``stores`` are names of things that the statement itself changes: it assigns an item or an attribute, calls a
    method that does, as decorator too, or derives a class; and those that functions it calls declare global.

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


def defining(program: Iterable[Statement], name: str) -> Sequence[Statement]:
    """The statements that give ``name`` its meaning; an import only where nothing else does: an example may have it."""
    found = [each for each in program if each.defines(name) and not is_example(each)]
    return [each for each in found if not each.imports] or found


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
    executed = [node for top in statement.nodes for node in _executed(top)]
    nodes, latest, seen = list(executed), executed, set[str]()
    while latest and len(seen) < MANY_CALLS:
        names = {name for node in latest for name in _called(node)} - seen
        seen |= names
        # What a called function defines within, it is likely to return and to have called, as decorators do.
        bodies = (body for name in names & defined.keys() for body in _bodies(defined[name]))
        nodes += (latest := [node for body in bodies for node in ast.walk(body)])
    own = frozenset(name for node in executed for name in _stored(node) if name)
    own |= {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    stored = frozenset(name for node in nodes for name in _stored(node) if name)
    calls = [node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    calls = [call for call in calls if root(call) not in SHOWS | TESTS and not _name(call).startswith("exit")]
    touched = frozenset(name for call in calls for name in mentioned(call))
    mentions = frozenset(node.id for node in nodes if isinstance(node, ast.Name))
    return Effects(own, stored | touched, mentions, any(_name(call).startswith(SETTERS) for call in calls))


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
    if isinstance(node, ast.ClassDef):
        yield from map(root, _bases(node))


def _bases(node: ast.ClassDef) -> list[ast.expr]:
    """What hears of a new class: its bases (``__init_subclass__``, ``__subclasses__``) and its metaclass."""
    return [*node.bases, *(keyword.value for keyword in node.keywords)]


def _name(call: ast.Call) -> str:
    """What is called, without what it belongs to."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else root(call.func)


def _stored(node: ast.AST) -> Iterator[str]:
    """The names of what ``node`` changes, see :class:`Effects`."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        yield root(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from [root(node.func)] if node.func.attr in CHANGES else []
    elif isinstance(node, ast.Call) and root(node.func) in ("setattr", "delattr"):
        yield from map(root, node.args[:1])
    elif isinstance(node, Function | ast.ClassDef):
        bases = _bases(node) if isinstance(node, ast.ClassDef) else []
        yield from {root(each) for each in (*node.decorator_list, *bases)} - TESTS

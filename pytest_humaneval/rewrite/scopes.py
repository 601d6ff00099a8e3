"""Every place of a program where a name means one function, or one of its arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pytest_humaneval.rewrite.source_edits import Places

_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.ClassDef,
)
_BY_TEXT = (
    *("locals", "vars", "globals", "eval", "exec", "getattr", "setattr", "format_map", "signature"),
    *("__name__", "__qualname__"),
)
_DEFINED = re.compile(r"(?:async\s+)?(?:def|class)\s+")

Named = tuple[ast.AST, "ast.JoinedStr | None"]
"""A node that has the name, and the f-string that it stands in: Python 3.11 does not know places in those."""


class UnclearNameError(Exception):
    """A name is bound in a way that is not followed here, as by an import."""


@lru_cache(maxsize=256)
def uses_at_top(tree: ast.Module, name: str) -> tuple[Named, ...]:
    """Where ``name`` is the function that a program defines at its top, or that is put there.

    Raises:
        UnclearNameError: it is something else there.
    """
    for node in _own(tree.body):
        if not isinstance(node, ast.FunctionDef | ast.Name) and name in _bound_by(node):
            raise UnclearNameError(name)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            raise UnclearNameError(name)
    return tuple(_uses(tree.body, name))


@lru_cache(maxsize=256)
def uses_of_argument(function: ast.FunctionDef, name: str) -> tuple[Named, ...]:
    """Where ``name`` is this argument, its own place first.

    Raises:
        UnclearNameError: it is also bound by a definition, an import, ``nonlocal`` and the like.
    """
    (own,) = (argument for argument in _all_arguments(function.args) if argument.arg == name)
    for node in ast.walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
            raise UnclearNameError(name)
    for node in _own(function.body):
        if not isinstance(node, ast.Name) and name in _bound_by(node):
            raise UnclearNameError(name)
    return ((own, None), *_uses(function.body, name))


def calls_by_keyword(tree: ast.AST, functions: Iterable[str]) -> Iterator[ast.keyword]:
    """The keywords in calls of functions of these names, wherever these are what they seem."""
    names = set(functions)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in names:
                yield from keywords


def refuse_looked_up(tree: ast.Module, names: Iterable[str]) -> None:
    """See that a program that looks names up by their text, as by ``locals()``, has none of these in a text.

    Raises:
        UnclearNameError: it has.
    """
    if not any(map(_looks_up, ast.walk(tree))):
        return
    own = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in own]
    words = all_words(*(text for text in texts if isinstance(text, str)))
    for name in names:
        if name in words:
            raise UnclearNameError(name)


def _looks_up(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=name):
            return name is None or name in _BY_TEXT  # None: f(**arguments)
    return False


def place_of(places: Places, node: ast.AST) -> int:
    """Where the name itself begins."""
    start = places.start(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        head = _DEFINED.match(places.source, start)
        return head.end() if head else start
    return start


def _uses(nodes: Iterable[ast.AST], name: str, joined: ast.JoinedStr | None = None) -> Iterator[Named]:
    for node in nodes:
        inside = node if isinstance(node, ast.JoinedStr) and joined is None else joined
        if isinstance(node, ast.Name) and node.id == name:
            yield node, inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            yield node, inside
        if isinstance(node, _SCOPES) and name in _locals(node):
            yield from _uses(_seen_from_outside(node), name, inside)
            if isinstance(node, ast.ClassDef):  # its methods do not see what it binds, but what is around it
                yield from _uses((each for each in _own(node.body) if isinstance(each, _SCOPES)), name, inside)
        else:
            yield from _uses(ast.iter_child_nodes(node), name, inside)


def _seen_from_outside(node: ast.AST) -> list[ast.AST]:
    """The parts of a scope that belong to the one around it."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *_defaults(node.args), *([node.returns] if node.returns else [])]
        case ast.Lambda():
            return _defaults(node.args)
        case ast.ClassDef():
            return [*node.decorator_list, *node.bases]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return [node.generators[0].iter]
    return []


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    hints = [argument.annotation for argument in _all_arguments(arguments) if argument.annotation is not None]
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None), *hints]


@lru_cache(maxsize=4096)
def _locals(node: ast.AST) -> frozenset[str]:
    """What a scope binds for itself."""
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        targets = [target for generator in node.generators for target in ast.walk(generator.target)]
        return frozenset(target.id for target in targets if isinstance(target, ast.Name))
    names: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        names.update(argument.arg for argument in _all_arguments(node.args))
    body = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []
    outer: set[str] = set()
    for each in _own(body):
        if isinstance(each, ast.Global | ast.Nonlocal):
            outer.update(each.names)
        names.update(_bound_by(each))
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            names.add(each.id)
    return frozenset(names - outer)


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope, without those of the scopes in it."""
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own(ast.iter_child_nodes(node))


def _bound_by(node: ast.AST) -> set[str]:
    """The names that a node binds other than as a variable."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Import() | ast.ImportFrom():
            return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        case ast.ExceptHandler() if node.name:
            return {node.name}
        case ast.MatchAs() | ast.MatchStar() if node.name:
            return {node.name}
    return set()


def _all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    further = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *further]


@lru_cache(maxsize=1024)
def all_words(*sources: str) -> frozenset[str]:
    """Everything that is or looks like a name in these texts: what a fresh name must not be."""
    return frozenset(word for source in sources for word in re.findall(r"\w+", source))

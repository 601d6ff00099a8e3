"""How a hidden test compares what it gets with what it expects, read off its assertions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_humaneval.problem import Problem

TOLERANCE = 1e-6  # of floats, absolute and relative, where the test has no larger one
WRAPPERS = {"tuple", "list", "sorted", "set", "frozenset", "bool", "str", "int", "float", "round", "len", "sum"}
PLAIN, TRUTH = "_", "bool(_)"
LEADS = (ast.Eq, ast.Is)
BELOW = (ast.Lt, ast.LtE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``view`` is an expression of ``_``, the result: what the test compares by ``==``, floats within ``tolerance``."""

    view: str = PLAIN
    tolerance: float = TOLERANCE

    def viewed(self, call: str) -> str:
        """The view of a call, as source."""
        return _Put(call).put_into(self.view)


def comparison_of(problem: Problem) -> Comparison | None:
    """What all assertions on a call of the function have in common; None where one judges it in a way of its own.

    Such as HumanEval/32, in which any root is right: its test is not to be imitated.
    """
    try:
        tree = ast.parse(problem.test)
    except SyntaxError:
        return None
    names = {"candidate", problem.entry_point}
    comparisons = [
        _read(part, names) for node in ast.walk(tree) if isinstance(node, ast.Assert) for part in _parts(node.test)
    ]
    known = [comparison for comparison in comparisons if comparison is not None]
    views = Counter(comparison.view for comparison in known if comparison.view)
    if not views or any(not comparison.view for comparison in known):
        return None
    if TRUTH in views:  # the laxest: 1 is as good as True
        return Comparison(TRUTH) if set(views) <= {TRUTH, PLAIN} else None
    wrapped = [view for view in views if view != PLAIN]
    if len(wrapped) > 1:
        return None
    return Comparison(wrapped[0] if wrapped else PLAIN, max(comparison.tolerance for comparison in known))


def _parts(condition: ast.expr) -> Iterator[ast.expr]:
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        for value in condition.values:
            yield from _parts(value)
    else:
        yield condition


def _read(condition: ast.expr, names: set[str]) -> Comparison | None:
    """None for what calls nothing of ours; an empty view for what is understood by nobody."""
    if not _calls_in(condition, names):
        return None
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        condition = condition.operand
        return Comparison(TRUTH) if _is_call(condition, names) else Comparison("")
    if _is_call(condition, names):
        return Comparison(TRUTH)
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        left, right = condition.left, condition.comparators[0]
        if isinstance(condition.ops[0], LEADS):
            return _equal(left, right, names)
        if isinstance(condition.ops[0], BELOW):
            return _near(left, right, names)
    if isinstance(condition, ast.Call) and _name_of(condition.func) == "isclose":
        numbers = [each.value for each in condition.keywords]
        return (
            Comparison(PLAIN, max([TOLERANCE, *map(_number, numbers)]))
            if _any_is_call(condition, names)
            else Comparison("")
        )
    return Comparison("")


def _equal(left: ast.expr, right: ast.expr, names: set[str]) -> Comparison:
    ours = left if _calls_in(left, names) else right
    view = _view(ours, names)
    return Comparison(ast.unparse(view)) if view is not None else Comparison("")


def _near(difference: ast.expr, bound: ast.expr, names: set[str]) -> Comparison:
    """``abs(candidate(x) - y) < 1e-6``."""
    if isinstance(difference, ast.Call) and _name_of(difference.func) in ("abs", "fabs") and len(difference.args) == 1:
        inner = difference.args[0]
        sides = [inner.left, inner.right] if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) else []
        if any(_is_call(side, names) for side in sides) and _number(bound):
            return Comparison(PLAIN, max(TOLERANCE, _number(bound)))
    return Comparison("")


def _view(node: ast.expr, names: set[str]) -> ast.expr | None:
    """The expression with ``_`` for the call; None where more than builtin wrappers is around it."""
    if _is_call(node, names):
        return ast.Name(PLAIN)
    if not isinstance(node, ast.Call) or _name_of(node.func) not in WRAPPERS or len(node.args) != 1 or node.keywords:
        return None
    inner = _view(node.args[0], names)
    return ast.Call(node.func, [inner], []) if inner is not None else None


def _calls_in(node: ast.AST, names: set[str]) -> int:
    return sum(_is_call(each, names) for each in ast.walk(node))


def _any_is_call(call: ast.Call, names: set[str]) -> bool:
    return any(_is_call(each, names) for each in call.args)


def _is_call(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _name_of(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _number(node: ast.expr) -> float:
    """What a bound says; 0 where it is no plain number."""
    try:
        value = eval(compile(ast.Expression(node), "<bound>", "eval"), {"__builtins__": {}}) if _is_plain(node) else 0
    except (ArithmeticError, TypeError, ValueError):
        return 0.0
    return float(value)


def _is_plain(node: ast.expr) -> bool:
    kinds = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    return all(isinstance(each, kinds) for each in ast.walk(node))


class _Put(ast.NodeTransformer):
    def __init__(self, call: str) -> None:
        self._call = call

    def put_into(self, view: str) -> str:
        return self._call if view == PLAIN else ast.unparse(self.visit(ast.parse(view, mode="eval")))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self._call, mode="eval").body if node.id == PLAIN else node

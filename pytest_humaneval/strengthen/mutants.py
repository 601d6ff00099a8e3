"""Programs that are nearly right: a canonical solution with one change in its syntax tree."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

from pytest_humaneval.problem import Problem

Change = Callable[[ast.AST, random.Random], None]
TRIES = 20  # for each mutant that is wanted: many changes are the same one

_SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Pow),
    ast.Div: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq, ast.Is),
    ast.NotEq: (ast.Eq,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


def mutants(problem: Problem, count: int) -> list[str]:
    """Up to ``count`` different completions, always the same ones; none where the solution cannot be changed."""
    chance = random.Random(problem.task_id)
    try:
        made = [changed_tree(problem, chance)[1] for _ in range(TRIES * count)]
    except (SyntaxError, StopIteration, IndexError):
        return []
    return list(dict.fromkeys(made))[:count]


def changed_tree(problem: Problem, chance: random.Random) -> tuple[str, str]:
    """What was changed, and the completion."""
    tree = ast.parse(problem.prompt + problem.canonical_solution)
    function = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == problem.entry_point)
    if ast.get_docstring(function, clean=False) is not None:
        del function.body[0]  # a changed docstring changes nothing
    places = [place for place in ast.walk(function) if _changes(place)]
    place = chance.choice(places)
    change = chance.choice(_changes(place))
    change(place, chance)
    return f"{change.__name__} {type(place).__name__}", _as_completion(ast.unparse(ast.fix_missing_locations(tree)))


def _as_completion(module: str) -> str:
    """A whole module after the prompt, as chat models answer."""
    return f"    pass\n\n{module}\n"


def _changes(place: ast.AST) -> list[Change]:
    changes: list[Change] = []
    if type(getattr(place, "op", None)) in _SWAPS:
        changes.append(_swap_operator)
    if isinstance(place, ast.Compare):
        changes.append(_swap_comparison)
    if isinstance(place, ast.Constant) and isinstance(place.value, (bool, int, float, str)):
        changes.append(_change_constant)
    body = getattr(place, "body", None)
    if isinstance(body, list) and len(body) > 1:
        changes.append(_drop_statement)
    if isinstance(place, ast.Return) and place.value is not None:
        changes += [_return_nothing, _negate_result]
    if isinstance(place, (ast.If, ast.IfExp, ast.While)):
        changes.append(_negate_condition)
    if isinstance(place, ast.Call) and len(place.args) > 1:
        changes.append(_swap_arguments)
    return changes


def _swap_operator(place: ast.AST, chance: random.Random) -> None:
    operator = type(place.op)  # type: ignore[attr-defined]
    place.op = chance.choice(_SWAPS[operator])()  # type: ignore[attr-defined]


def _swap_comparison(place: ast.AST, chance: random.Random) -> None:
    assert isinstance(place, ast.Compare)
    place.ops = [chance.choice(_SWAPS.get(type(op), (ast.Eq,)))() for op in place.ops]  # type: ignore[misc]


def _change_constant(place: ast.AST, chance: random.Random) -> None:
    assert isinstance(place, ast.Constant)
    value = place.value
    if isinstance(value, bool):
        place.value = not value
    elif isinstance(value, str):
        place.value = chance.choice((value + " ", value[1:], value.upper(), value[::-1]))
    elif isinstance(value, (int, float)):
        place.value = chance.choice((value + 1, value - 1, 0, -value, float(value)))


def _drop_statement(place: ast.AST, chance: random.Random) -> None:
    body: list[ast.stmt] = place.body  # type: ignore[attr-defined]
    del body[chance.randrange(len(body))]


def _return_nothing(place: ast.AST, chance: random.Random) -> None:
    place.value = None  # type: ignore[attr-defined]


def _negate_result(place: ast.AST, chance: random.Random) -> None:
    assert isinstance(place, ast.Return)
    assert place.value is not None
    place.value = ast.UnaryOp(ast.Not(), place.value)


def _negate_condition(place: ast.AST, chance: random.Random) -> None:
    assert isinstance(place, (ast.If, ast.IfExp, ast.While))
    place.test = ast.UnaryOp(ast.Not(), place.test)


def _swap_arguments(place: ast.AST, chance: random.Random) -> None:
    assert isinstance(place, ast.Call)
    place.args[0], place.args[1] = place.args[1], place.args[0]

"""What kind of mistake a wrong completion is, as far as that shows: a cause that can be counted and compared.

It is read from the verdict's detail and from the completion's syntax tree; nothing is run, and no model is asked. The
first cause that fits counts, those that say most first; where none fits, it is none.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from math import ceil, floor, isclose
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess.imports import MEMBERS
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import tree_of

NAME = "wrong name or signature"
IMPORT = "forgotten import"
UNDEFINED = "undefined name"
PRINTS = "prints instead of returning"
NONE = "returns None"
TYPE = "wrong type of result"
OFF_BY_ONE = "off by one"
ORDER = "order only"
ROUNDING = "rounding only"
RECURSION = "endless recursion"
LOOP = "endless loop"
UNREACHABLE = "unreachable code"
UNUSED = "unused argument"
CAUSES = (
    NAME, IMPORT, UNDEFINED, PRINTS, NONE, TYPE, OFF_BY_ONE, ORDER, ROUNDING, RECURSION, LOOP, UNREACHABLE, UNUSED,
)  # fmt: skip

_UNDEFINED = re.compile(
    r"(?:NameError: name|(?:NameError|UnboundLocalError): cannot access (?:free|local) variable) '(\w+)'"
)
_SIGNATURE = re.compile(r"TypeError: (\w+)\(\) (?:takes|missing|got (?:an unexpected|multiple values|some positional))")
_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_LOOPS = (ast.While, ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_UNKNOWN = object()  # in place of a value that cannot be read

Function = ast.FunctionDef | ast.AsyncFunctionDef


def cause_of(outcome: Outcome, problem: Problem) -> str:
    """One of :data:`CAUSES`, or nothing: also for what passed, and for errors, which are nobody's mistake."""
    if outcome.passed or outcome.error:
        return ""
    if outcome.kind == "empty":
        return NAME if outcome.detail.startswith("the answer defines ") else ""
    tree = tree_of(problem.program(outcome.completion))
    function = _function(tree, problem.entry_point)
    return (
        _raised(outcome, problem.entry_point)
        or _returned(outcome, function)
        or _timed_out(outcome, tree, problem.entry_point)
        or _useless(function)
    )


def _function(tree: ast.Module | None, entry_point: str) -> Function | None:
    """The function that is judged: the last one of that name."""
    named = [node for node in tree.body if isinstance(node, Function) and node.name == entry_point] if tree else []
    return named[-1] if named else None


def _raised(outcome: Outcome, entry_point: str) -> str:
    """What the exception says, where there was one; it stands in the last line."""
    if outcome.kind not in ("exception", "assertion"):
        return ""
    said = outcome.detail.rstrip().rpartition("\n")[2]
    if match := _UNDEFINED.match(said):
        name = match[1]
        if name == entry_point:
            return NAME
        return IMPORT if name in MEMBERS or name in sys.stdlib_module_names else UNDEFINED
    if (match := _SIGNATURE.match(said)) and match[1] == entry_point:
        return NAME
    return RECURSION if said.startswith("RecursionError") else ""


def _returned(outcome: Outcome, function: Function | None) -> str:
    """How the result differs from the one that was expected, where an assertion compares them."""
    lines = outcome.detail.splitlines()
    if outcome.kind != "assertion" or not lines:
        return ""
    said = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if said.get("got") == "None":
        return PRINTS if function is not None and _prints(function) else NONE
    values = _expected(lines[0], said.get("expected", "")), _literal(said.get("got", ""))
    if any(value is _UNKNOWN for value in values):
        return ""
    looks: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
        (TYPE, _of_another_type), (OFF_BY_ONE, _off_by_one), (ORDER, _in_another_order), (ROUNDING, _rounded),
    )  # fmt: skip
    return next((cause for cause, fits in looks if fits(*values)), "")


def _prints(function: Function) -> bool:
    """Whether it prints and returns no value; what functions within it return is not returned by it."""
    own = list(_own(function))
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in own)
    calls = (node.func for node in own if isinstance(node, ast.Call))
    return not returns and any(isinstance(called, ast.Name) and called.id == "print" for called in calls)


def _own(function: Function) -> Iterator[ast.AST]:
    """Its nodes, without those of functions within it."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        yield (node := waiting.pop())
        if not isinstance(node, Function):
            waiting += ast.iter_child_nodes(node)


def _expected(statement: str, text: str) -> Any:
    """The value that the assertion compares the result with; unknown where it does something else."""
    try:
        condition = ast.parse(statement).body[0].test  # type: ignore[attr-defined]
    except (SyntaxError, AttributeError, IndexError, ValueError, RecursionError):
        return _UNKNOWN
    if not isinstance(condition, ast.Compare) or len(condition.ops) != 1:
        return _UNKNOWN
    left, right = condition.left, condition.comparators[0]
    if isinstance(condition.ops[0], ast.Eq):
        left, right = _unwrapped(left, right)
        if _is_result(left) or _is_result(right):
            return _literal(text or ast.unparse(right if _is_result(left) else left))
    near = left.args[0] if isinstance(left, ast.Call) and ast.unparse(left.func) in ("abs", "math.fabs") else None
    if isinstance(near, ast.BinOp) and isinstance(near.op, ast.Sub) and _is_result(near.left):
        return _number(near.right)
    return _UNKNOWN


def _unwrapped(left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr]:
    """Both sides of ``tuple(candidate(...)) == tuple([1, 2])`` without what is done to both."""
    calls = [side for side in (left, right) if isinstance(side, ast.Call) and len(side.args) == 1 and not side.keywords]
    if len(calls) == 2 and len({ast.unparse(call.func) for call in calls}) == 1 and not any(map(_is_result, calls)):
        return calls[0].args[0], calls[1].args[0]
    return left, right


def _number(node: ast.expr) -> Any:
    """The value of a number, also of one that is written as a quotient, such as 2.0 / 3.0."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        above, below = _number(node.left), _number(node.right)
        return above / below if _is_number(above) and _is_number(below) and below else _UNKNOWN
    return _literal(ast.unparse(node))


def _is_result(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate"


def _literal(text: str) -> Any:
    """The value of a repr; unknown where it is of no builtin type, or was cut."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return _UNKNOWN


def _of_another_type(expected: Any, got: Any) -> bool:
    return type(expected) is not type(got) and not (_is_number(expected) and _is_number(got))


def _off_by_one(expected: Any, got: Any) -> bool:
    """By one in a whole number, or in some of a list; or one element too few or too many at an end."""
    if _is_whole(expected) and _is_whole(got):
        return bool(abs(expected - got) == 1)
    if not isinstance(expected, list | tuple | str) or expected == got:
        return False
    short, long = sorted((expected, got), key=len)
    if len(long) - len(short) == 1:
        return short in (long[1:], long[:-1])
    return len(short) == len(long) and all(
        left == right or (_is_whole(left) and _is_whole(right) and abs(left - right) == 1)
        for left, right in zip(short, long, strict=True)
    )


def _in_another_order(expected: Any, got: Any) -> bool:
    sequences = isinstance(expected, list | tuple | str)
    return sequences and expected != got and sorted(map(repr, expected)) == sorted(map(repr, got))


def _rounded(expected: Any, got: Any) -> bool:
    """The same to a hundredth, or the one rounded is the other."""
    if expected == got:
        return False
    if isinstance(expected, list | tuple) and type(expected) is type(got) and len(expected) == len(got):
        return all(left == right or _rounded(left, right) for left, right in zip(expected, got, strict=True))
    if not (_is_number(expected) and _is_number(got) and isinstance(expected, float) + isinstance(got, float)):
        return False
    if max(abs(expected), abs(got)) > sys.float_info.max:  # infinite, or a whole number that no float holds
        return False
    whole = {way(left) == right for way in (floor, ceil, round) for left, right in ((expected, got), (got, expected))}
    return isclose(expected, got, rel_tol=0.01) or True in whole


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _timed_out(outcome: Outcome, tree: ast.Module | None, entry_point: str) -> str:
    """Whether it, or a function that it calls, called itself, or else looped, until the time was over."""
    if outcome.kind != "timed out" or tree is None:
        return ""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
    calls = {name: _called(function) & {*functions} for name, function in functions.items()}
    used = _reached({entry_point} & {*functions}, calls)
    if any(name in _reached(calls[name], calls) for name in used):
        return RECURSION
    inside = (node for name in used for statement in functions[name].body for node in ast.walk(statement))
    return LOOP if any(isinstance(node, _LOOPS) for node in inside) else ""


def _called(function: Function) -> set[str]:
    """The names of what it calls itself, without what functions within it do."""
    calls = (node.func for node in _own(function) if isinstance(node, ast.Call))
    return {called.id for called in calls if isinstance(called, ast.Name)}


def _reached(names: set[str], calls: Mapping[str, set[str]]) -> set[str]:
    """These, and all that calls from them lead to."""
    reached, waiting = set(names), list(names)
    while waiting:
        new = calls[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def _useless(function: Function | None) -> str:
    """What can be seen in the code without running it."""
    if function is None:
        return ""
    if any(isinstance(statement, _ENDS) for block in _blocks(function) for statement in block[:-1]):
        return UNREACHABLE
    arguments = function.args
    names = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return UNUSED if names - read - {"self", "_"} else ""


def _blocks(function: Function) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block

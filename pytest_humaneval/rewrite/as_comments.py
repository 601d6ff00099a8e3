"""The docstring as comments above the function."""

from __future__ import annotations

import ast
import random
from dataclasses import replace

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Places, parsed
from pytest_humaneval.rewrite.statement_text import function_in, statement_of

LEFT = "See above."  # a function needs a body, and a prompt that is no Python helps nobody


def _comment(problem: Problem, chance: random.Random) -> Problem | None:
    text, function = statement_of(problem), function_in(problem.prompt, problem.entry_point)
    if (
        text is None or not text.body.strip() or function is None or "\\" in text.body
    ):  # what is escaped reads otherwise in a comment
        return None
    lines = [line.removeprefix(text.indent).rstrip() for line in text.body.strip("\n").rstrip().split("\n")]
    comment = "".join(f"# {line}".rstrip() + "\n" for line in [lines[0].strip(), *lines[1:]])
    start = Places.of(problem.prompt).at(min([function.lineno, *_decorated(function)]), 0)
    head, rest = problem.prompt[:start], problem.prompt[start : text.start]
    prompt = f"{head}{comment}{rest}{text.opening}{LEFT}{text.closing}{problem.prompt[text.end :]}"
    return replace(problem, prompt=prompt) if parsed(prompt) is not None else None


def _decorated(function: ast.FunctionDef) -> list[int]:
    """The lines of its decorators."""
    return [decorator.lineno for decorator in function.decorator_list]


AS_COMMENTS = Rewrite("comments", "every word; they stand in comments above the function", _comment)

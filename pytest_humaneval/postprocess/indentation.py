"""Puts code where the prompt expects it: a body at its indentation, a whole function at the margin."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_humaneval.postprocess.source import body_indent, compiles, is_answered, longest_prefix
from pytest_humaneval.problem import Problem

TOP_LEVEL = ("def ", "async def ", "class ", "import ", "from ", "@")
OPENINGS_TRIED = 5


def place(problem: Problem, text: str) -> str:
    """``text`` so that it continues the prompt.

    What continues it already stays as it is. Otherwise that arrangement is taken of which the most lines are an answer:
    as it is, the first line moved, all lines moved, or without the prose in front.
    """
    if not text.strip() or is_answered(problem, text):
        return text
    return max([text, *_arrangements(problem, text)], key=lambda each: lines_used(problem, each))


def is_body(problem: Problem, text: str) -> bool:
    """Whether ``text`` is no program of its own but, as far as it is Python, a body of the entry point."""
    return not compiles(text) and lines_used(problem, place(problem, text)) > 0


def lines_used(problem: Problem, text: str) -> int:
    """How many lines of ``text``, from its first, are an answer."""
    used = longest_prefix(problem.prompt, text)
    if used is None or not is_answered(problem, used):
        return 0
    return sum(1 for line in used.split("\n") if line.strip())


def _arrangements(problem: Problem, text: str) -> Iterator[str]:
    newline = "" if problem.prompt.endswith("\n") else "\n"
    indent = body_indent(problem)
    # A prompt without a docstring needs some body in front of a second, whole definition.
    whole = "\n" if compiles(problem.prompt) else f"{newline}{indent}...\n\n"
    lines = text.strip("\n").split("\n")
    yield newline + "\n".join([indent + lines[0].lstrip(), *lines[1:]])
    margin = _dedented(lines)
    yield newline + "\n".join(indent + line if line.strip() else line for line in margin)
    yield whole + "\n".join(margin)
    openings = [number for number, line in enumerate(margin) if line.startswith(TOP_LEVEL)]
    for number in openings[:OPENINGS_TRIED]:
        yield whole + "\n".join(margin[number:])


def _dedented(lines: list[str]) -> list[str]:
    """``lines`` without the white space that all of them begin with."""
    widths = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    width = min(widths, default=0)
    return [line[width:] if line.strip() else line for line in lines]

"""Mends lines whose indentation the compiler refuses."""

from __future__ import annotations

from pytest_humaneval.postprocess.indentation import lines_used
from pytest_humaneval.postprocess.source import compiles, fault
from pytest_humaneval.problem import Problem

LINES_MOVED = 50
TAB = 4


def mend_layout(problem: Problem, text: str) -> str:
    """``text`` with each line that the compiler calls misindented moved to the nearest indentation in force.

    Tabs become spaces first, unless the prompt itself has tabs. A mended text counts only if more of it is an answer.
    """
    if compiles(problem.prompt + text):
        return text
    mended = text if "\t" in problem.prompt else _untabbed(text)
    for _ in range(LINES_MOVED):
        error = fault(problem.prompt + mended)
        line = _misindented(error) - problem.prompt.count("\n")
        if line < 0:
            break
        mended = _with_line_moved(problem.prompt, mended, line)
    return mended if lines_used(problem, mended) > lines_used(problem, text) else text


def _misindented(error: SyntaxError | None) -> int:
    """The line, from 0, that ``error`` says is indented too far or to a width never seen; -1 for any other error."""
    if isinstance(error, IndentationError) and error.msg.startswith(("unexpected indent", "unindent")):
        return (error.lineno or 0) - 1
    return -1


def _with_line_moved(prompt: str, text: str, number: int) -> str:
    lines = text.split("\n")
    before = [*prompt.split("\n")[:-1], *lines[:number]]
    width = _width(lines[number])
    nearest = min(_widths_in_force(before), key=lambda each: (abs(each - width), -each))
    lines[number] = " " * nearest + lines[number].lstrip()
    return "\n".join(lines)


def _widths_in_force(lines: list[str]) -> list[int]:
    """The indentations that a line behind ``lines`` may have, innermost first."""
    widths: list[int] = []
    for line in reversed(lines):
        if line.strip() and (not widths or _width(line) < widths[-1]):
            widths.append(_width(line))
    return widths or [0]


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _untabbed(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(line[: _width(line)].expandtabs(TAB) + line[_width(line) :] for line in lines)

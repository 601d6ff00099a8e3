"""Ends what a model repeats until its tokens run out."""

from __future__ import annotations

from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem

MANY = 4  # times that the same lines must follow each other
LONGEST_PERIOD = 20  # lines


def end_repetition(problem: Problem, text: str) -> str:
    """``text`` with the lines that it repeats to its end said once.

    Only of a text that is no program as it is: repetition in one that is may be meant.
    """
    if compiles(problem.prompt + text):
        return text
    lines = text.rstrip("\n").split("\n")
    while shorter := _said_once(lines):
        lines = shorter
    return "\n".join(lines) + "\n" if len(lines) < text.rstrip("\n").count("\n") + 1 else text


def _said_once(lines: list[str]) -> list[str]:
    """``lines`` without the repetition at their end, of the shortest period there is; nothing when there is none."""
    for period in range(1, min(LONGEST_PERIOD, len(lines) // MANY) + 1):
        whole = lines[:-1] if _is_broken_off(lines, period) else lines
        start = len(whole)
        while start > period and whole[start - 1] == whole[start - 1 - period]:
            start -= 1
        if len(whole) - start >= (MANY - 1) * period and any(line.strip() for line in whole[start:]):
            return whole[:start]
    return []


def _is_broken_off(lines: list[str], period: int) -> bool:
    """Whether the last line is the beginning of the one that the repetition would have put there."""
    return len(lines) > period and lines[-1 - period].startswith(lines[-1]) and lines[-1 - period] != lines[-1]

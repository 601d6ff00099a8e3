"""Closes what a generation that ran out of tokens left open."""

from __future__ import annotations

import re

from pytest_humaneval.postprocess.source import fault, is_answered
from pytest_humaneval.problem import Problem

CLOSERS = {"(": ")", "[": "]", "{": "}"}
MOST_CLOSERS = 20
OPEN_BRACKET = re.compile(r"'([(\[{])' was never closed")
OPEN_STRING = re.compile(r"unterminated (f-|t-)?string literal")


def close(problem: Problem, text: str) -> str:
    """``text`` with its open strings and brackets closed at its end, if that makes it an answer."""
    start = (problem.prompt + text).rstrip("\n")
    source = start
    for _ in range(MOST_CLOSERS):
        error = fault(source)
        closer = _closer(error, source) if error else None
        if closer is None:
            break
        source += closer
    closed = source[len(problem.prompt) :] + "\n"
    return closed if source != start and is_answered(problem, closed) else text


def _closer(error: SyntaxError, source: str) -> str | None:
    """What closes the innermost thing that is open at the end of ``source``, by the compiler's word."""
    if match := OPEN_BRACKET.search(error.msg):
        return CLOSERS[match[1]]
    last = source.split("\n")[-1]
    if OPEN_STRING.search(error.msg) and error.lineno == source.count("\n") + 1:
        quote = re.search("['\"]", last[(error.offset or 1) - 1 :])
        return quote[0] if quote else None
    return None

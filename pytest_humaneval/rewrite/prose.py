"""The words of a statement that are plain English: no examples, no code, no quotations, no names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.mentions import mentions
from pytest_humaneval.rewrite.statement_text import StatementText, statement_of

# Lines with one of these are examples or code.
_CODE = re.compile(
    r">>>|^\s*\.\.\.|[=\[\]{}|➞→]|->|\bassert\b|^\s*#|^\s*@|^\s*(Input|Output|Explanation)\b", re.MULTILINE
)
_QUOTED = re.compile(r"'[^'\n]*'(?!\w)|\"[^\"\n]*\"|`[^`'\n]*[`']")
_WORD = re.compile(r"(?<![\w\\./'-])[A-Za-z]+(?![\w(/'-]|\.\w)")


def prose_lines(text: StatementText, entry_point: str) -> Iterator[tuple[int, int]]:
    """From where to where each line of prose goes in the statement's body."""
    calls = re.compile(rf"(?<!\w){re.escape(entry_point)}\s*\(")
    start, shows_value = 0, False
    for line in text.body.split("\n"):
        is_call = line.lstrip().startswith(">>>")
        if not (_CODE.search(line) or calls.search(line) or shows_value):
            yield start, start + len(line)
        shows_value = is_call or (shows_value and bool(line.strip()))
        start += len(line) + 1


@lru_cache(maxsize=256)
def prose_words(problem: Problem) -> tuple[tuple[int, str], ...]:
    """The plain words of the statement's body, with where each begins; empty where there is no statement."""
    text = statement_of(problem)
    if text is None:
        return ()
    names = (problem.entry_point, *text.argument_names)
    taken = {place for name in names for place in mentions(text.body, name, problem.entry_point)}
    words = []
    for start, end in prose_lines(text, problem.entry_point):
        line = text.body[start:end]
        quoted = [match.span() for match in _QUOTED.finditer(line)]
        for match in _WORD.finditer(line):
            if start + match.start() not in taken and not any(low < match.start() < high for low, high in quoted):
                words.append((start + match.start(), match[0]))
    return tuple(words)

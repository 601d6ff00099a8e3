"""Tells marks and tokens that mean something from those that are talked about."""

from __future__ import annotations

import re
from bisect import bisect_left

from pytest_humaneval.postprocess.source import compiles

QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")
FENCE_LINE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)


def unquoted(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The matches in ``text`` that stand in no quotation marks of their line, nor between single backticks.

    Nor in a text or comment of a fenced program: one that is Python with the mark in it.
    """
    matches, line, end, spans = [], 0, -1, list[tuple[int, int]]()
    for match in pattern.finditer(text):
        if match.start() > end:  # in another line
            line, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.start())
            end = len(text) if end < 0 else end
            spans = [each.span() for each in QUOTED.finditer(text[line:end].replace("```", "   "))]
        place = match.start() - line
        before = bisect_left(spans, (place, 0)) - 1  # the last that begins in front of it
        if before < 0 or place >= spans[before][1]:
            matches.append(match)
    return _outside_programs(matches, text) if matches else matches


def _outside_programs(matches: list[re.Match[str]], text: str) -> list[re.Match[str]]:
    fences = list(FENCE_LINE.finditer(text))
    starts = [fence.start() for fence in fences]
    is_program: dict[int, bool] = {}  # of what stands behind the n-th fence, up to the next
    outside = []
    for match in matches:
        number = bisect_left(starts, match.start()) - 1
        if number >= 0 and match.start() >= fences[number].end():
            if number not in is_program:
                is_program[number] = compiles(text[fences[number].end() : [*starts, len(text)][number + 1]])
            if is_program[number]:
                continue
        outside.append(match)
    return outside

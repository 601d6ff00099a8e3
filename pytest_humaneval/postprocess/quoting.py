"""Tells marks and tokens that mean something from those that are talked about."""

from __future__ import annotations

import re
from bisect import bisect_left

QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")


def unquoted(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The matches in ``text`` that stand in no quotation marks of their line, nor between single backticks."""
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
    return matches

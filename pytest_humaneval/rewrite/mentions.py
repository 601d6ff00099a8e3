"""Where words speak of a function or an argument by its name, and where they only use the same word.

``numbers`` in "a list of numbers" is English, `numbers` between quotes and in ``numbers[i]`` is the argument; ``a`` is
mostly an article; ``lst`` and ``paren_string`` are no words at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

NO_WORDS = frozenset(
    {"lst", "lis", "arr", "nums", "num", "str", "txt", "dic", "dct", "strs", "func", "idx", "tup", "mat"}
)
_ARTICLES = ("a", "A", "I")
_LOUD = frozenset("aeiouyAEIOUY")
_QUOTED = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"")
_EXAMPLE = re.compile(r"^\s*(>>>|\.\.\.|assert\b)")
_CODE_BEHIND = re.compile(r"\s*(\[|==?|<|>|≤|≥|\*|\+|/|%|\^|\s:\s)|\.[a-z]")
_CODE_BEFORE = re.compile(r"(@|<|>|=|≤|≥|\*|\+|/|%|\[)\s*$")
_AFTER_A_NAME = re.compile(
    r"\s*([,;:.)\]=<>≤≥+*/%^-]|$|(and|or|is|are|to|from|then|if|with|should|will|must|can|has)\b)"
)
_BEFORE_A_NAME = re.compile(r"\b(integers?|numbers?|strings?|lists?|and|between|value|variable|argument|number)\s+$")


def is_no_word(name: str) -> bool:
    """Whether a name cannot be taken for an English word."""
    if name in NO_WORDS or len(name) <= 2 or not name.isalpha():
        return True
    return not (name.islower() or name.istitle()) or not _LOUD & set(name)


@lru_cache(maxsize=1024)
def mentions(text: str, name: str, entry_point: str) -> tuple[int, ...]:
    """The places in a statement where ``name`` is a name."""
    return tuple(_mentions(text, name, entry_point))


def _mentions(text: str, name: str, entry_point: str) -> Iterator[int]:
    start = 0
    shows_value = False  # the line below a doctest's call
    for line in text.split("\n"):
        example = bool(_EXAMPLE.match(line)) or bool(re.search(rf"(?<!\w){re.escape(entry_point)}\s*\(", line))
        if not shows_value or example:
            judge = _in_example if example else _in_prose
            quoted = [match.span() for match in _QUOTED.finditer(line)]
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", line):
                if judge(line, match.start(), match.end(), quoted, name == entry_point):
                    yield start + match.start()
        shows_value = line.lstrip().startswith((">>>", "..."))
        start += len(line) + 1


def every_place(text: str, name: str) -> Iterator[int]:
    """Wherever a name stands that can be nothing else."""
    return (match.start() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text))


def _in_example(line: str, start: int, end: int, quoted: list[tuple[int, int]], function: bool) -> bool:
    if any(low < start < high for low, high in quoted):
        return False
    return bool(re.match(r"\s*\(", line[end:])) if function else _in_prose(line, start, end, quoted, function)


def _in_prose(line: str, start: int, end: int, quoted: list[tuple[int, int]], function: bool) -> bool:
    name, before, behind = line[start:end], line[:start], line[end:]
    if before.endswith("`"):
        return True
    for low, high in quoted:
        if low < start < high:
            return (low, high) == (start - 1, end + 1) and len(name) > 1
    if before.endswith(("'", ".", "\\")) or (len(name) == 1 and re.match(r"\.[a-z]|-[a-z]", behind) and name != "n"):
        return False
    if function and re.match(r"\s*\(", behind):
        return True
    if name in _ARTICLES:
        return bool(_AFTER_A_NAME.match(behind) or (_BEFORE_A_NAME.search(before) and not re.match(r"\s+\w", behind)))
    return is_no_word(name) or bool(_CODE_BEHIND.match(behind) or _CODE_BEFORE.search(before))

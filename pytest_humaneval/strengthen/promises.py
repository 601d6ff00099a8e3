"""What a docstring says in words about its inputs: these traits are not given up, whatever programs agree on."""

from __future__ import annotations

import re

from pytest_humaneval.dataset.examples import docstring_of
from pytest_humaneval.problem import Problem
from pytest_humaneval.strengthen.traits import (
    CHARACTERS,
    EMPTY,
    LARGE,
    LONG,
    MASK,
    NEGATIVE,
    ORDER,
    REPEATS,
    SHORT,
    SMALL,
    SPACES,
    WHOLE,
    ZERO,
)

ALL = {EMPTY, SHORT, LONG, ZERO, NEGATIVE, SMALL, LARGE, WHOLE, ORDER, REPEATS, CHARACTERS, SPACES, MASK}
WORDS: tuple[tuple[str, set[str]], ...] = (
    (r"\bpositive\b|\bnatural\b|\bgreater than (0|zero)\b|>\s*0\b|>=\s*1\b|1\s*<=", {ZERO, NEGATIVE}),
    (r"\bnon[- ]?negative\b|\bnot negative\b|>=\s*0\b|0\s*<=", {NEGATIVE}),
    (r"\bnon[- ]?empty\b|\bnot empty\b|\bat least (one|two|1|2|three|3)\b", {EMPTY, SHORT}),
    (r"\blower[- ]?case\b|\bupper[- ]?case\b|\bletters?\b|\balphabets?\b|\bconsist|\bonly\b|\bcontain", {CHARACTERS}),
    (r"\bsorted (list|array)\b|\bin (ascending|increasing) order\b", {ORDER}),
    (r"\bunique\b|\bdistinct\b|\bdifferent\b|\bno duplicates?\b", {REPEATS}),
    (r"\bseparated\b|\bdelimited\b|\bformat\b|\bspaces?\b", {SPACES, MASK, CHARACTERS}),
    (r"\brange\b|\bbetween\b|<=|\bless than\b|\bat most\b|\bup to\b", {SMALL, LARGE, LONG}),
    (r"\bassume\b|\bguarantee|\byou are given that\b|\bconstraints?\b|\bnote\s*:", ALL),
    (r"\bsides?\b|\blengths?\b of\b|\bheights?\b|\bradius\b|\barea\b|\bage\b|\bcount of\b", {ZERO, NEGATIVE}),
    (r"\bdates?\b|\bfile\b|\bemail\b|\bbinary\b|\bhexadecimal\b|\bcipher|\bencode", {EMPTY, SPACES, MASK, CHARACTERS}),
)


# Where it says any of this, what is meant may be less than what the known inputs go to, or the last digit another one.
_IN_TWO_WAYS = re.compile(
    r"\bless th[ae]n\b|\bat most\b|\bup to\b|\bbetween\b|\brange\b|<|\bround|\bnearest\b|\bclosest\b|\bapprox",
    re.IGNORECASE,
)


def is_plain_speech(problem: Problem) -> bool:
    """Whether the docstring sets no limits to numbers, and rounds nothing."""
    return not _IN_TWO_WAYS.search(docstring_of(problem))


def promised(problem: Problem) -> set[str]:
    """The traits that the docstring speaks of."""
    text = docstring_of(problem)
    promises: set[str] = set()
    for pattern, traits in WORDS:
        if re.search(pattern, text, re.IGNORECASE):
            promises |= traits
    return promises

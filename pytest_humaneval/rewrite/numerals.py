"""Small numbers of the story in words instead of digits, and in digits instead of words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.prose import prose_lines, prose_words
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
HUNDRED = 100
IN_DIGITS = {word: str(number) for number, word in enumerate(WORDS) if number > 1}  # "one" is also a pronoun
ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th"}

# Between words, or at the end of a sentence: no term of a formula, no member of a list, no number of an example.
_NUMBER = re.compile(
    r"(?<=[a-z] )(?<!xample )(?<!amples )(?<!-\d or )(?<!\d, and )(\d+)"
    r"(?= [a-z]|[.;:)]?\s*$|[.;:)]\s+[A-Za-z(]|, (?:and|or|but|if|which|then|else)\b)"
)
_ONE = re.compile(r"\b(?:exactly|least|most|than|only|minus|plus|by) (one)\b(?! of\b| which\b| that\b|-)")
_ORDINAL = re.compile(rf"\b(?:the|its|each|every) ({'|'.join(ORDINALS)})(?= [a-z])")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def _exchange(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None:
        return None
    plain = dict(prose_words(problem))
    edits = [Edit(place, place + len(word), IN_DIGITS[word]) for place, word in plain.items() if word in IN_DIGITS]
    for start, end in prose_lines(text, problem.entry_point):
        line = text.body[start:end]
        quoted = [match.span() for match in _QUOTED.finditer(line)]
        for first, last, other in _exchanged(line):
            inside = any(low < first < high for low, high in quoted)
            if not inside and (line[first].isdecimal() or start + first in plain):
                edits.append(Edit(start + first, start + last, other))
    return with_statement(problem, edited(text.body, edits)) if edits else None


def _exchanged(line: str) -> Iterator[tuple[int, int, str]]:
    """What stands from where to where in a line, and what is to stand there."""
    for match in _NUMBER.finditer(line):
        if int(match[1]) <= HUNDRED:
            yield *match.span(1), in_words(int(match[1]))
    yield from ((*match.span(1), "1") for match in _ONE.finditer(line))
    yield from ((*match.span(1), ORDINALS[match[1]]) for match in _ORDINAL.finditer(line))


def in_words(number: int) -> str:
    """A number from 0 to 100."""
    if number < len(WORDS):
        return WORDS[number]
    if number == HUNDRED:
        return "one hundred"
    tens, ones = TENS[number // 10 - 2], number % 10
    return f"{tens}-{WORDS[ones]}" if ones else tens


NUMERALS = Rewrite(
    "numerals", "every number and every other word; small numbers in words become digits, and back", _exchange
)

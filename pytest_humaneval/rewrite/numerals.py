"""Small numbers of the story in words instead of digits, and in digits instead of words."""

from __future__ import annotations

import random
import re

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.prose import prose_lines, prose_words
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
IN_DIGITS = {word: str(number) for number, word in enumerate(WORDS) if number > 1}  # "one" is also a pronoun
_NUMBER = re.compile(r"(?<=[a-z] )(\d+)(?= [a-z]+)")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def _exchange(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None:
        return None
    edits = [
        Edit(place, place + len(word), IN_DIGITS[word]) for place, word in prose_words(problem) if word in IN_DIGITS
    ]
    for start, end in prose_lines(text, problem.entry_point):
        line = text.body[start:end]
        quoted = [match.span() for match in _QUOTED.finditer(line)]
        for match in _NUMBER.finditer(line):
            inside = any(low < match.start() < high for low, high in quoted)
            if int(match[1]) < len(WORDS) and not inside:
                edits.append(Edit(start + match.start(), start + match.end(), WORDS[int(match[1])]))
    return with_statement(problem, edited(text.body, edits)) if edits else None


NUMERALS = Rewrite(
    "numerals", "every number and every other word; small numbers in words become digits, and back", _exchange
)

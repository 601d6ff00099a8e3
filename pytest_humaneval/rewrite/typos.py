"""Typos: two neighbouring letters inside a word change places."""

from __future__ import annotations

import random

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.prose import prose_words
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

RATE = 0.1  # of the words that are long enough
SHORTEST = 5  # letters: "from" and "form" are both words
NAME = "typos"
VALUES = ("True", "False", "true", "false")  # words that are code


def _misspell(problem: Problem, chance: random.Random, rate: float) -> Problem | None:
    text = statement_of(problem)
    words = [(place, word) for place, word in prose_words(problem) if _is_long(word)]
    if text is None or not words:
        return None
    hit = [word for word in words if chance.random() < rate] or [chance.choice(words)]
    edits = [Edit(place, place + len(word), _swapped(word, chance)) for place, word in hit]
    return with_statement(problem, edited(text.body, edits))


def _is_long(word: str) -> bool:
    return len(word) >= SHORTEST and word[1:].islower() and word not in VALUES


def _swapped(word: str, chance: random.Random) -> str:
    places = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]
    if not places:
        return word
    at = chance.choice(places)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def typos(rate: float, name: str = NAME) -> Rewrite:
    """Typos in this share of the words.

    Raises:
        DatasetError: a rate that cannot be.
    """
    if not 0 < rate <= 1:
        raise DatasetError(f"--humaneval-rewrite: {NAME}={rate:g}: the rate is a share above 0 and up to 1")
    return Rewrite(
        name,
        f"names, code, examples and quotations; {rate:.0%} of the long words have two letters exchanged",
        lambda problem, chance: _misspell(problem, chance, rate),
        valued=lambda value: typos(value, f"{NAME}={value:g}"),
    )


TYPOS = typos(RATE)

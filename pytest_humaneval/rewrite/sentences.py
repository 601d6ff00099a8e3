"""A sentence before or after the statement that has nothing to do with it."""

from __future__ import annotations

import random
import re

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.statement_text import StatementText, statement_of, with_statement

SENTENCES = (
    "The kitchen on the second floor is closed for repairs until further notice.",
    "The author of this file prefers tea to coffee.",
    "It rained for most of the week in which this was written.",
    "The office plants are watered every other day.",
    "A train leaves for the coast early in the morning.",
)


def _before(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    return with_statement(problem, _lead(text, chance) + text.body) if text is not None else None


def _lead(text: StatementText, chance: random.Random) -> str:
    first = text.body[: len(text.body) - len(text.body.lstrip())]
    between = " " if "\n" not in first else ""
    return f"{first}{chance.choice(SENTENCES)}{between}"


def _after(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None:
        return None
    body = text.body.rstrip()
    blank = text.body[len(body) :]
    return with_statement(problem, f"{body}\n\n{text.indent}{chance.choice(SENTENCES)}{blank}")


def _without_first(problem: Problem) -> Problem:
    text = statement_of(problem)
    assert text is not None, "it had a statement when the sentence was put there"
    lead = re.match(rf"(\s*)({'|'.join(map(re.escape, SENTENCES))})(?P<between> ?)", text.body)
    assert lead is not None, "nobody has taken the sentence away"
    return with_statement(problem, text.body[lead.end() :]) or problem


def _without_last(problem: Problem) -> Problem:
    text = statement_of(problem)
    assert text is not None, "it had a statement when the sentence was put there"
    body = text.body.rstrip()
    blank = text.body[len(body) :]
    sentence = next(sentence for sentence in SENTENCES if body.endswith(sentence))
    return with_statement(problem, body.removesuffix(f"\n\n{text.indent}{sentence}") + blank) or problem


SENTENCE_BEFORE = Rewrite(
    "sentence-before",
    "every word; a sentence that has nothing to do with it stands in front",
    _before,
    back=_without_first,
)
SENTENCE_AFTER = Rewrite(
    "sentence-after", "every word; a sentence that has nothing to do with it stands behind", _after, back=_without_last
)

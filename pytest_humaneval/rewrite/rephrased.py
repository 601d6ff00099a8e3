"""The same said in other words, by rules."""

from __future__ import annotations

import random
import re

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.prose import prose_lines, prose_words
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

# Each says in any statement what the other one says. The longest that fits a place is taken.
PHRASES = {
    "write a function that": "implement a function which", "write a function which": "implement a function that",
    "write a python function to": "implement a function in python to", "write a function to": "implement a function to",
    "create a function that": "provide a function which", "create a function which": "provide a function that",
    "you are given": "you get", "you will be given": "you will get", "you're given": "you get",
    "your task is to": "what you have to do is to", "your goal is to": "what you have to do is to",
    "you have to": "you need to", "you need to": "you have to", "for a given": "given a", "given a": "for a given",
    "given an": "for a given", "check if": "test whether", "checks if": "tests whether",
    "determine if": "find out whether", "find the": "determine the", "takes a": "receives a", "takes an": "receives an",
    "accepts a": "takes a", "accepts an": "takes an", "return a": "give back a", "return an": "give back an",
    "return the": "give back the", "returns the": "gives back the", "returns a": "gives back a", "return": "give back",
    "returns": "gives back", "returned": "given back", "integer": "whole number", "integers": "whole numbers",
    "largest": "greatest", "smallest": "least", "contains": "has in it", "containing": "that has in it",
    "must be": "has to be", "should be": "is to be", "otherwise": "in any other case", "begins with": "starts with",
    "starts with": "begins with", "in the list": "in that list", "as input": "as its input",
    "consecutive": "successive", "may contain": "can contain", "such that": "so that", "entire": "whole",
    "calculate": "compute", "compute": "calculate", "obtain": "get", "sequence": "series", "also": "moreover",
    "assume": "take for granted", "contain": "have in them", "exactly": "precisely", "elements": "members",
    "element": "member", "appears": "occurs", "appear": "occur", "uppercase": "upper-case", "lowercase": "lower-case",
}  # fmt: skip
_PHRASE = re.compile(r"\b(" + "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)) + r")\b", re.IGNORECASE)
_A = re.compile(r"\b([Aa])n $")


def _rephrase(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None:
        return None
    plain = {place for place, _ in prose_words(problem)}
    edits = []
    for start, end in prose_lines(text, problem.entry_point):
        line = text.body[start:end]
        for match in _PHRASE.finditer(line):
            first, last = start + match.start(), start + match.end()
            words = [first + word.start() for word in re.finditer(r"\S+", match[0])]
            if not all(place in plain for place in words):
                continue
            phrase = PHRASES[match[0].lower()]
            phrase = phrase[0].upper() + phrase[1:] if match[0][0].isupper() else phrase
            article = _A.search(line[: match.start()])
            if article and phrase[0].lower() not in "aeiou":
                first, phrase = start + article.start(), f"{article[1]} {phrase}"
            edits.append(Edit(first, last, phrase))
    return with_statement(problem, edited(text.body, edits)) if edits else None


REPHRASED = Rewrite("rephrased", "what is to be done, names and examples; it is said in other words", _rephrase)

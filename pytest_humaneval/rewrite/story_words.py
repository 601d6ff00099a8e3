"""Other names and things in the story that a statement tells."""

from __future__ import annotations

import random
import re

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.prose import prose_words
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

# What a story may be about without its being about that. Singular and plural side by side.
THINGS = {
    "apple": "pear", "apples": "pears", "bag": "box", "ball": "disc", "balls": "discs", "bank": "savings",
    "basket": "crate", "beat": "pulse", "beats": "pulses", "bird": "bat", "birds": "bats", "boredom": "yawn",
    "boredoms": "yawns", "branch": "twig", "bucket": "barrel", "buckets": "barrels", "car": "truck",
    "carrot": "turnip", "carrots": "turnips", "cars": "trucks", "children": "pupils", "city": "village",
    "deposit": "credit", "dollars": "pounds", "flower": "shrub", "flowers": "shrubs", "game": "contest",
    "garden": "orchard", "house": "hut", "houses": "huts", "hungry": "starving", "mango": "melon",
    "mathematicians": "scholars", "oranges": "lemons", "person": "guest", "player": "runner",
    "players": "runners", "pluck": "pick", "plucked": "picked", "rabbit": "hare", "road": "track",
    "school": "college", "semester": "season", "stone": "brick", "stones": "bricks", "student": "apprentice",
    "students": "apprentices", "teacher": "trainer", "team": "crew", "town": "village", "tree": "vine",
    "water": "oil", "withdrawal": "debit", "worker": "clerk", "workers": "clerks",
}  # fmt: skip
NAMES = {"John": "Paul", "Alice": "Clara", "Bob": "Hugo", "Mary": "Nina", "Tom": "Ned", "Samantha": "Veronica"}


def _retell(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None:
        return None
    words = prose_words(problem)
    kept = _words_of_code(problem, text.body, [place for place, _ in words])
    others = {old: new for old, new in (THINGS | NAMES).items() if not {_singular(old), _singular(new)} & kept}
    edits = []
    for place, word in words:
        other = others.get(word) or (others.get(word.lower(), "").capitalize() if word.istitle() else "")
        if other:
            edits.append(Edit(place, place + len(word), other))
    return with_statement(problem, edited(text.body, edits)) if edits else None


def _words_of_code(problem: Problem, body: str, plain: list[int]) -> set[str]:
    """The words that mean something beside the story: in examples, names, code and tests."""
    beside = [match[0] for match in re.finditer(r"[A-Za-z]+", body) if match.start() not in set(plain)]
    code = re.findall(r"[A-Za-z]+", " ".join((problem.canonical_solution, problem.test, problem.entry_point)))
    return {_singular(word) for word in (*beside, *code)}


def _singular(word: str) -> str:
    """One of many: what is true of ``car`` is true of ``cars``."""
    return word.lower().rstrip("s")


STORY = Rewrite("story", "what is to be done; the people and things of its story are others", _retell)

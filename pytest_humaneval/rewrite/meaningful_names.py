"""Other names for entry point and arguments that say the same."""

from __future__ import annotations

import random

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.renaming import is_free, names_of, renamed
from pytest_humaneval.rewrite.rewriting import Rewrite

# Words of names, and others that mean the same to whoever reads them.
WORDS = {
    "add": "plus", "all": "every", "amount": "quantity", "any": "some", "arr": "elements", "array": "elements",
    "area": "surface", "base": "radix", "big": "large", "check": "test", "common": "shared", "compare": "contrast",
    "convert": "transform", "count": "tally", "counts": "tallies", "decode": "decipher", "decrypt": "decipher",
    "delete": "remove", "difference": "gap", "digits": "figures", "divide": "split", "encode": "encipher",
    "encrypt": "encipher", "even": "even", "filter": "select", "find": "locate", "first": "initial", "fix": "repair",
    "generate": "produce", "get": "obtain", "has": "contains", "index": "position", "integers": "ints",
    "is": "tests_if", "largest": "greatest", "last": "final", "len": "length", "length": "size", "list": "sequence",
    "longest": "lengthiest", "lst": "items", "make": "build", "match": "fit", "max": "maximum", "maximum": "highest",
    "message": "note", "min": "minimum", "minimum": "lowest", "move": "shift", "nested": "embedded", "next": "later",
    "nums": "values", "number": "num", "numbers": "values", "odd": "uneven", "operations": "steps", "order": "sequence",
    "parse": "read", "prefix": "beginning", "prime": "prime", "product": "multiplied", "remove": "discard",
    "return": "give", "reverse": "backward", "same": "equal", "search": "seek", "select": "choose", "separate": "part",
    "shift": "displace", "smallest": "least", "solve": "work_out", "sort": "arrange", "sorted": "arranged",
    "split": "divide", "starts": "begins", "string": "text", "strings": "texts", "sub": "inner", "substring": "part",
    "sum": "total", "text": "characters", "threshold": "limit", "total": "overall", "triangle": "triangle",
    "unique": "distinct", "valid": "correct", "value": "amount", "vowels": "vowels", "word": "term", "words": "terms",
}  # fmt: skip


def _another(name: str) -> str:
    """The same in other words: ``sum_squares`` is ``total_squares``."""
    words = name.split("_")
    return "_".join(WORDS.get(word.lower(), word) for word in words)


def _rename(problem: Problem, chance: random.Random) -> Problem | None:
    names: dict[str, str] = {}
    for number, name in enumerate(names_of(problem)):
        another = _another(name)
        proposed = [another] if another != name and "_" in another else []
        proposed += (
            [f"compute_{another}", f"work_out_{another}"] if number == 0 else [f"given_{another}", f"the_{another}"]
        )
        free = [candidate for candidate in proposed if is_free(problem, candidate) and candidate not in names.values()]
        if not free:
            return None
        names[name] = free[0]
    return renamed(problem, names) if names else None


MEANINGFUL_NAMES = Rewrite(
    "meaningful-names",
    "every word but the names of the function and its arguments, which say the same in other words",
    _rename,
)

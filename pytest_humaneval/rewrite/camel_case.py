"""Names of entry point and arguments in camelCase."""

from __future__ import annotations

import random

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.renaming import is_free, names_of, renamed
from pytest_humaneval.rewrite.rewriting import Rewrite


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _rename(problem: Problem, chance: random.Random) -> Problem | None:
    names = {name: _camel(name) for name in names_of(problem) if _camel(name) != name}
    if not names or len(set(names.values())) < len(names) or not all(is_free(problem, name) for name in names.values()):
        return None
    return renamed(problem, names)


CAMEL_CASE = Rewrite("camel-case", "every word, and those of the names of the function and its arguments", _rename)

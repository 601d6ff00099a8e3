"""Names for entry point and arguments that say nothing."""

from __future__ import annotations

import random

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.renaming import is_free, names_of, renamed
from pytest_humaneval.rewrite.rewriting import Rewrite


def _rename(problem: Problem, chance: random.Random) -> Problem | None:
    names: dict[str, str] = {}
    for number, name in enumerate(names_of(problem)):
        meaningless = name
        while not is_free(problem, meaningless) or meaningless in names.values():
            meaningless = f"{'f' if number == 0 else 'v'}{chance.randrange(100, 1000)}"
        names[name] = meaningless
    return renamed(problem, names) if names else None


MEANINGLESS_NAMES = Rewrite(
    "meaningless-names", "every word but the names of the function and its arguments, which say nothing", _rename
)

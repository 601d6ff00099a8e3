"""Names that a program uses and nowhere defines: it fails as soon as it comes there."""

from __future__ import annotations

import builtins
from functools import lru_cache

from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import names_in

OF_EVERY_MODULE = {"__name__", "__doc__", "__file__", "__builtins__", "__debug__"}


@lru_cache(maxsize=4096)
def undefined_names(problem: Problem, code: str) -> frozenset[str]:
    """The names that ``code``, right after the problem's prompt, leaves undefined; none where it does not parse.

    Nothing is run. A name that is given a meaning anywhere at the top, or as a global anywhere, counts as defined;
    after ``from x import *`` nobody can tell.
    """
    source = problem.program(code)
    if (names := names_in(source)) is None:
        return frozenset()
    if any(line.lstrip().startswith("from ") and line.rstrip().endswith("import *") for line in source.splitlines()):
        return frozenset()
    return names.needs - names.binds - set(dir(builtins)) - OF_EVERY_MODULE

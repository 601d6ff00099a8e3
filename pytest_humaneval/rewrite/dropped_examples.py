"""No examples."""

from __future__ import annotations

import random
from dataclasses import replace

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.example_blocks import blocks_of, without_blocks
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement


def _drop(problem: Problem, chance: random.Random) -> Problem | None:
    text, blocks = statement_of(problem), blocks_of(problem)
    if text is None or not blocks:
        return None
    body = without_blocks(text, blocks)
    if not body.strip():
        return None  # they were all that it said
    body = body.rstrip() + ("\n" + text.indent if "\n" in text.body else " ")
    made = with_statement(problem, body)
    if made is None:
        return None
    return replace(made, shown=tuple(shown for shown in problem.shown if shown in made.prompt))


EXAMPLES_DROPPED = Rewrite("examples-dropped", "every word beside the examples, which are left out", _drop)

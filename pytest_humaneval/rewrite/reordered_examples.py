"""The examples in another order."""

from __future__ import annotations

import random
from dataclasses import replace

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.example_blocks import blocks_of
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement


def _reorder(problem: Problem, chance: random.Random) -> Problem | None:
    text, blocks = statement_of(problem), blocks_of(problem)
    if text is None or len(blocks) < 2 or len({block.kind for block in blocks}) > 1:
        return None
    texts = [text.body[block.start : block.end] for block in blocks]
    order = list(range(len(blocks)))
    while [texts[at] for at in order] == texts:
        if len(set(texts)) < 2:
            return None
        chance.shuffle(order)
    edits = [Edit(block.start, block.end, texts[at]) for block, at in zip(blocks, order, strict=True)]
    made = with_statement(problem, edited(text.body, edits))
    if made is None or len(problem.shown) < 2:
        return made
    return replace(made, shown=tuple(sorted(problem.shown, key=lambda text: made.prompt.find(text))))


EXAMPLES_REORDERED = Rewrite(
    "examples-reordered", "every word and every example; these come in another order", _reorder
)

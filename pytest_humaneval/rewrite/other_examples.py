"""Other true examples: near the shown ones, with what the canonical solution returns for them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.example_blocks import Block, blocks_of
from pytest_humaneval.rewrite.rewriting import Answers, Arguments, Rewrite
from pytest_humaneval.rewrite.source_edits import Edit, edited
from pytest_humaneval.rewrite.statement_text import statement_of, with_statement

LONGEST = 80  # characters of a value
FLOAT_DIGITS = 8  # and of a float, which would show how it is computed
TRIED = 40


def _exchange(problem: Problem, chance: random.Random, answers: Answers) -> Problem | None:
    text, blocks = statement_of(problem), blocks_of(problem)
    if text is None or not blocks or problem.shown or any(block.arguments is None for block in blocks):
        return None  # shown assertions are the test's own
    shown = [block.arguments for block in blocks if block.arguments is not None]
    tried = list(_near(shown))
    chance.shuffle(tried)
    tried = tried[:TRIED]
    answered = answers(problem, [*shown, *tried]) if tried else []
    if len(answered) != len(shown) + len(tried) or not _agree(blocks, answered):
        return None  # HumanEval/47 and /116 contradict their own examples
    true = [(call, answer[0]) for call, answer in zip(tried, answered[len(shown) :], strict=True) if answer is not None]
    edits: list[Edit] = []
    for block in blocks:
        fitting = next((pair for pair in true if _fits(pair[1], block.expected)), None)
        if fitting is None:
            return None
        true.remove(fitting)
        edits.append(Edit(*block.arguments_at, ", ".join(map(repr, fitting[0]))))
        edits.append(Edit(*block.expected_at, repr(fitting[1])))
    return with_statement(problem, edited(text.body, edits))


def _agree(blocks: Sequence[Block], answered: Sequence[tuple[object] | None]) -> bool:
    """Whether the canonical solution says of the shown examples what they say."""
    return all(
        answer is not None and answer[0] == block.expected for answer, block in zip(answered, blocks, strict=False)
    )


def _fits(value: object, expected: object) -> bool:
    text = repr(value)
    longest = FLOAT_DIGITS if isinstance(value, float) else LONGEST
    return type(value) is type(expected) and len(text) <= longest and "\\" not in text and '"""' not in text


def _near(shown: Sequence[Arguments]) -> Iterator[Arguments]:
    """Arguments like the shown ones, as far as that can be told: what a function expects of them is not known."""
    seen = {repr(arguments) for arguments in shown}
    for arguments in shown:
        for place, value in enumerate(arguments):
            column = [beside[place] for beside in shown if len(beside) == len(arguments)]
            for other in (*_variants(value, column), *(column if len(arguments) > 1 else ())):
                changed = (*arguments[:place], other, *arguments[place + 1 :])
                if repr(changed) not in seen:
                    seen.add(repr(changed))
                    yield changed


def _variants(value: Any, column: Sequence[Any]) -> Iterator[object]:
    """Values of the same sort; ``column`` are all that the examples have in this place."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        mixed = len({value % 2 for value in column if isinstance(value, int)}) > 1
        yield from (value + 2, value + 4, *((value + 1, value + 3) if mixed else ()))
    elif isinstance(value, float):
        yield from (value + 1.0, value + 2.0)
    elif isinstance(value, str):
        yield from _texts(value)
    elif isinstance(value, list):
        for at in range(len(value) if len(value) > 2 else 0):
            yield value[:at] + value[at + 1 :]
        if not all(_is_sorted(value) for value in column if isinstance(value, list)):
            yield from (value[at:] + value[:at] for at in range(1, len(value)))


def _texts(value: str) -> Iterator[str]:
    """Of words alone: what else a text may be made of has rules of its own."""
    words = value.split(" ")
    if all(word.isalpha() and word.isascii() for word in words):
        if len(words) > 1:
            yield " ".join(reversed(words))
        elif len(value) > 1:
            yield from (value[::-1], value[1:] + value[:1], value + value[-1])


def _is_sorted(values: list[Any]) -> bool:
    try:
        return values == sorted(values)
    except TypeError:
        return False


OTHER_EXAMPLES = Rewrite(
    "examples-other",
    "every word beside the examples; these are others, which the canonical solution has answered",
    change_with=_exchange,
)

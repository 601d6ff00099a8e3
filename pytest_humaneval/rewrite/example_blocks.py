"""The examples of a statement as pieces of its text that can be moved, left out or exchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_humaneval.dataset.examples import LEADS_TO
from pytest_humaneval.dataset.literals import read_arguments, read_literal
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.statement_text import StatementText, statement_of

DOCTEST, LINE, ASSERTION = "doctest", "line", "assertion"
_HEAD = re.compile(r"^[ \t]*(for\s+)?(some\s+)?exam[pb]les?(\s*\d+)?\s*(are)?\s*:*[ \t]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """One example: the text from ``start`` to ``end`` of the statement's body, whole lines but for the last's end.

    ``arguments`` and ``expected`` are what it says, where both are literals and nothing stands behind them;
    ``arguments_at`` and ``expected_at`` are where.
    """

    kind: str
    start: int
    end: int
    arguments: tuple[object, ...] | None = None
    arguments_at: tuple[int, int] = (0, 0)
    expected: object = None
    expected_at: tuple[int, int] = (0, 0)


def blocks_of(problem: Problem) -> tuple[Block, ...]:
    """The examples that stand on lines of their own; none where one of them cannot be told from what is around it."""
    text = statement_of(problem)
    if text is None:
        return ()
    body, blocks = text.body, []
    begins = re.compile(
        r"^[ \t]*(?P<doctest>>>>)?[ \t]*(\*[ \t]*)?(?P<assertion>assert[ \t]+)?"
        rf"{re.escape(problem.entry_point)}[ \t]*\(",
        re.MULTILINE,
    )
    place = 0
    for match in begins.finditer(body):
        if match.start() < place:
            continue
        start = body.rfind("\n", 0, match.end()) + 1
        block = _doctest(body, start, match.end()) if match["doctest"] else _line(body, start, match)
        if block is None:
            return ()
        blocks.append(block)
        place = block.end
    return tuple(blocks) if body.count(">>>") == sum(block.kind == DOCTEST for block in blocks) else ()


def _doctest(body: str, start: int, inside: int) -> Block | None:
    end = inside
    while True:
        end = body.find("\n", end)
        if end < 0:
            return None
        behind = body[end + 1 :].split("\n", 1)[0].strip()
        if not behind or behind.startswith(">>>"):
            break
        end += 1
    return _with_values(DOCTEST, body, start, end, inside)


def _line(body: str, start: int, match: re.Match[str]) -> Block | None:
    end = body.find("\n", match.end())
    end = len(body) if end < 0 else end
    call = read_arguments(body[match.end() : end])
    if call is None or LEADS_TO.match(body[match.end() + call[1] : end]) is None:
        return None  # it goes on below, or says more than a call and a value
    while body[end + 1 :].split("\n", 1)[0].lstrip().startswith("#"):
        further = body.find("\n", end + 1)
        end = len(body) if further < 0 else further
    return _with_values(ASSERTION if match["assertion"] else LINE, body, start, end, match.end())


def _with_values(kind: str, body: str, start: int, end: int, inside: int) -> Block:
    """With what it says, where that is all that it says."""
    text = body[inside:end]
    call = read_arguments(text)
    leads = LEADS_TO.match(text, call[1]) if call else None
    value = read_literal(text[leads.end() :]) if leads else None
    if "\\" in text or call is None or leads is None or value is None or text[leads.end() + value[1] :].strip():
        return Block(kind, start, end)
    first = inside + leads.end()
    return Block(kind, start, end, call[0], (inside, inside + call[1] - 1), value[0], (first, first + value[1]))


def without_blocks(text: StatementText, blocks: tuple[Block, ...]) -> str:
    """The statement's body without these examples, and without the line that announced them."""
    kept = []
    place = 0
    for block in blocks:
        kept.append(text.body[place : block.start])
        place = min(block.end + 1, len(text.body))
    rest = "".join([*kept, text.body[place:]])
    lines = [line for line in rest.split("\n") if not _HEAD.match(line)]
    return re.sub(r"\n([ \t]*\n){2,}", "\n\n", "\n".join(lines))

"""Finds the code in an answer that is prose with fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_humaneval.postprocess.indentation import is_body, is_whole_answer
from pytest_humaneval.postprocess.source import compiles, is_answered, longest_prefix, statements
from pytest_humaneval.problem import Problem

# A fence that shares its line with code: it closes behind the last line, or opens in front of the first.
CLOSES_LINE = re.compile(r"(?P<code>[^`~]*[^`~\s])[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*")
OPENS_LINE = re.compile(
    r"(?P<mark>[ \t]*`{3,}(?:python3?|py)?)[ \t]*(?P<code>(?:def|class|import|from|return|@)\b[^`]*)", re.I
)
FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")


@dataclass(slots=True)
class Block:
    """Lines between two fences, or outside of them."""

    fenced: bool
    indent: str = ""
    mark: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its lines, without the indentation of the fence that opened it."""
        return "\n".join(line.removeprefix(self.indent) for line in self.lines)


def unfence(problem: Problem, text: str) -> str:
    """The code of a fenced answer; ``text`` itself when it is a program as it is, or no block is an answer.

    Of several blocks, the last that defines the entry point is the answer, else the first that can be its body. Blocks
    before it that compile on their own, such as imports and helper functions, come along; a draft of the answer only
    where it defines what the answer needs.
    """
    if compiles(problem.prompt + text):
        return text  # a fence in here is inside a string
    lines = [line for each in text.split("\n") for line in _apart(each)]
    blocks = list(_blocks(lines, inside=_starts_inside(problem, lines)))
    code = [block.text for block in blocks if block.fenced and block.text.strip()]
    if not code:
        return text
    index = _answer(problem, code)
    if index is None:
        return text
    answer = code[index]
    before = [block for block in code[:index] if compiles(block) and not _is_mere_draft(problem, block, answer)]
    return "\n" + "\n\n".join([*before, answer])


def _answer(problem: Problem, code: list[str]) -> int | None:
    """Which of the blocks answers the question; one that is broken off only where no other does."""
    whole = [index for index, block in enumerate(code) if is_whole_answer(problem, block)]
    finished = [index for index in whole if compiles(code[index])]
    if whole:
        return (finished or whole)[-1]
    return next((index for index, block in enumerate(code) if is_body(problem, block)), None)


def _is_mere_draft(problem: Problem, block: str, answer: str) -> bool:
    """Whether ``block`` defines the entry point, as ``answer`` does, and nothing else that ``answer`` needs."""
    drafted = statements(block)
    if not any(each.defines(problem.entry_point) for each in drafted):
        return False
    final = statements(answer)
    bound = frozenset().union(*(each.binds for each in final))
    needs = frozenset().union(*(each.needs for each in final)) - bound
    return not any(needs & each.binds for each in drafted)


def _apart(line: str) -> list[str]:
    """``line``, or code and fence where it holds both."""
    if match := CLOSES_LINE.fullmatch(line):
        return [match["code"], match["mark"]]
    if match := OPENS_LINE.fullmatch(line):
        return [match["mark"], match["code"]]
    return [line]


def _starts_inside(problem: Problem, lines: list[str]) -> bool:
    """Whether the first fence closes a block that the question opened (a pre-filled fence)."""
    for number, line in enumerate(lines):
        if match := FENCE.fullmatch(line):
            before = "\n".join(lines[:number])
            return not match["info"].strip() and is_answered(problem, longest_prefix(problem.prompt, before) or "")
    return False


def _blocks(lines: list[str], *, inside: bool) -> Iterator[Block]:
    block = Block(fenced=inside)
    for line in lines:
        match = FENCE.fullmatch(line)
        if match is None:
            block.lines.append(line)
        elif not block.fenced or match["info"].strip():
            yield block
            block = Block(fenced=True, indent=match["indent"], mark=match["mark"])
        elif match["mark"].startswith(block.mark):
            yield block
            block = Block(fenced=False)
        else:
            block.lines.append(line)
    yield block

"""Finds the code in an answer that is prose with fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_humaneval.postprocess.indentation import is_body, is_whole_answer
from pytest_humaneval.postprocess.source import compiles, is_answered, longest_prefix
from pytest_humaneval.problem import Problem

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

    Of several blocks, the first that defines the entry point is the answer, else the first that can be its body. Blocks
    before it that compile on their own, such as imports and helper functions, come along.
    """
    if compiles(problem.prompt + text):
        return text  # a fence in here is inside a string
    blocks = list(_blocks(text, inside=_starts_inside(problem, text)))
    code = [block.text for block in blocks if block.fenced and block.text.strip()]
    if not code:
        return text
    index = _answer(problem, code)
    if index is None:
        return text
    return "\n" + "\n\n".join([*filter(compiles, code[:index]), code[index]])


def _answer(problem: Problem, code: list[str]) -> int | None:
    """Which of the blocks answers the question."""
    whole = (index for index, block in enumerate(code) if is_whole_answer(problem, block))
    body = (index for index, block in enumerate(code) if is_body(problem, block))
    return next(whole, next(body, None))


def _starts_inside(problem: Problem, text: str) -> bool:
    """Whether the first fence closes a block that the question opened (a pre-filled fence)."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if match := FENCE.fullmatch(line):
            before = "\n".join(lines[:number])
            return not match["info"].strip() and is_answered(problem, longest_prefix(problem.prompt, before) or "")
    return False


def _blocks(text: str, *, inside: bool) -> Iterator[Block]:
    block = Block(fenced=inside)
    for line in text.split("\n"):
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

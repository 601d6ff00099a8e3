"""Finds the code in an answer that is prose with fenced blocks."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from pytest_humaneval.postprocess.effects import defining
from pytest_humaneval.postprocess.indentation import is_body
from pytest_humaneval.postprocess.source import compiles, is_answered, longest_prefix, statements
from pytest_humaneval.problem import Problem

# A fence that shares its line with code: it closes behind the last line, or opens in front of the first.
CLOSES_LINE = re.compile(r"(?P<code>(?:(?!```|~~~).)*[^`~\s])[ \t]*(?P<mark>`{3,}|~{3,})(?P<rest>[^`]*)")
OPENS_LINE = re.compile(
    r"(?P<mark>[ \t]*`{3,}(?:python3?|py)?)[ \t]*(?P<code>(?:async|def|class|import|from|return|@)\b[^`]*)"
    r"(?P<end>`{3,})?[ \t]*",
    re.I,
)
IMPORTS_FROM = re.compile(r"^from[ \t.]", re.MULTILINE)
LANGUAGE = re.compile(r"[\w+#.-]*\s*")
FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)")


MOST_INDENTED = 3  # spaces, of a fence against the one that opened the block; what stands further in is in a docstring


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
    where it defines what the answer needs. So do blocks behind it that define what is still missing.
    """
    if compiles(problem.prompt + text):
        return text  # a fence in here is inside a string
    lines = [line for each in text.split("\n") for line in _apart(each)]
    blocks = list(_blocks(lines, inside=_starts_inside(problem, lines)))
    code = [block.text for block in blocks if block.fenced and block.text.strip()]
    if not code:
        return text
    code = [_without_imports_of(problem, block, code) for block in code]
    index = _answer(problem, code)
    if index is None:
        return text
    answer = code[index]
    before = [block for block in code[:index] if compiles(block) and not _is_mere_draft(problem, block, answer)]
    behind = _missing(problem, [*before, answer], code[index + 1 :])
    return "\n" + "\n\n".join([*before, answer, *behind])


def _answer(problem: Problem, code: list[str]) -> int | None:
    """Which of the blocks answers the question; one that is broken off only where no other does."""
    found = [defining(statements(longest_prefix("", block) or ""), problem.entry_point) for block in code]
    whole = [index for index, those in enumerate(found) if those]
    # An example that imports the function from somewhere is no answer beside one that defines it.
    whole = [index for index in whole if not found[index][-1].imports] or whole
    finished = [index for index in whole if compiles(code[index])]
    if whole:
        return (finished or whole)[-1]
    return next((index for index, block in enumerate(code) if is_body(problem, block)), None)


def _without_imports_of(problem: Problem, block: str, blocks: list[str]) -> str:
    """``block`` without imports from what the other blocks are: ``from helpers import f`` where one defines f."""
    if not IMPORTS_FROM.search(block) or len(blocks) == 1:
        return block
    others = [each for other in blocks if other is not block for each in statements(other) if not each.imports]
    defined = frozenset[str]().union(*(each.binds for each in others)) - {problem.entry_point}
    lines = block.split("\n")
    for each in reversed(statements(block)):
        if all(isinstance(node, ast.ImportFrom) and _is_elsewhere(node, defined) for node in each.nodes):
            del lines[each.start : each.end]
    return "\n".join(lines)


def _is_elsewhere(node: ast.ImportFrom, defined: Set[str]) -> bool:
    """Whether all it imports is ``defined``, under the same names, and no module of Python's."""
    top = (node.module or "").partition(".")[0]
    return (node.level > 0 or top not in sys.stdlib_module_names) and all(
        alias.name in defined and alias.asname in (None, alias.name) for alias in node.names
    )


def _missing(problem: Problem, taken: list[str], later: list[str]) -> list[str]:
    """Those of the ``later`` blocks that bind what the ``taken`` ones need and nothing binds."""
    program = [each for block in (problem.prompt, *taken) for each in statements(block)]
    bound = frozenset(dir(builtins)).union(*(each.binds for each in program))
    missing = frozenset[str]().union(*(each.needs for each in program)) - bound
    blocks = []
    for block in later if missing else []:
        here = statements(block)
        if not defining(here, problem.entry_point) and any(missing & each.binds for each in here):
            blocks.append(block)
            missing -= frozenset[str]().union(*(each.binds for each in here))
    return blocks


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
        # A single word is the language of a block that opens here, more of them are prose.
        is_language = LANGUAGE.fullmatch(match["rest"])
        return [match["code"], match["mark"] + match["rest"]] if is_language else [*match.group("code", "mark", "rest")]
    if match := OPENS_LINE.fullmatch(line):
        return [match["mark"], match["code"], *([match["end"]] if match["end"] else [])]
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
        if match is None or (block.fenced and _width(match["indent"]) > _width(block.indent) + MOST_INDENTED):
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


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))

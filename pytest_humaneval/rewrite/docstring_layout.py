"""Another layout of the docstring: where it begins, its blanks, its blank lines, its quotes."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.source_edits import parsed
from pytest_humaneval.rewrite.statement_text import statement_of

_BLANKS = re.compile(r"(?<=[a-z,.;]) {2,}(?=\w)")
QUOTES = {'"""': "'''", "'''": '"""'}


def _lay_out(problem: Problem, chance: random.Random) -> Problem | None:
    text = statement_of(problem)
    if text is None or not text.body.strip():
        return None
    lines = [line.rstrip() for line in text.body.strip().split("\n")]
    lines = [_without_wide_blanks(line) for line in lines]
    whole = [f"{text.indent}{lines[0].lstrip()}", *lines[1:]]
    spread: list[str] = []
    for number, line in enumerate(whole):
        opens = line.lstrip().startswith(">>>") and number and not whole[number - 1].lstrip().startswith(">>>")
        if opens and spread and spread[-1]:
            spread.append("")
        spread.append(line)
    body = "\n" + "\n".join(spread) + f"\n{text.indent}"
    other = QUOTES[text.closing]
    use_other = other not in body and not body.rstrip().endswith(other[0]) and text.opening == text.closing
    opening, closing = (other, other) if use_other else (text.opening, text.closing)  # r before quotes stays
    prompt = f"{problem.prompt[: text.start]}{opening}{body}{closing}{problem.prompt[text.end :]}"
    return replace(problem, prompt=prompt) if parsed(prompt) is not None else None


def _without_wide_blanks(line: str) -> str:
    """A line of prose with one blank between words; what stands in columns or has quotes stays."""
    return line if re.search(r"['\"\[(=|>]", line) else _BLANKS.sub(" ", line)


LAYOUT = Rewrite("layout", "every word and sign of the docstring; its lines, blanks and quotes are set anew", _lay_out)

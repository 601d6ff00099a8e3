"""Leaves out what a model thinks before it answers: drafts are not judged.

Models mark their thinking, and servers hand the marks on unless they are told to take it apart (vLLM's
``--reasoning-parser``). What stands behind the last end of thinking is the answer; a chat template that begins the
thinking itself leaves that end alone in the text. Thinking that never ends, as at the token limit, leaves no answer.
"""

from __future__ import annotations

import re

from pytest_humaneval.postprocess.quoting import unquoted
from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem

TAGS = "think|thinking|thought|thoughts|reasoning|reason|reflection|scratchpad|seed:think|analysis|internal"
OPENING = re.compile(
    rf"<(?:{TAGS})>|\[think\]|◁think▷|<\|start_thinking\|>|<\|begin_of_thought\|>|<\|channel>thought"
    r"|<unused94>thought\b",
    re.IGNORECASE,
)
CLOSING = re.compile(
    rf"</(?:{TAGS})>|\[/think\]|◁/think▷|<\|end_thinking\|>|<\|end_of_thought\|>|<channel\|>|<unused95>"
    # Granite's are sentences, and count as a pair only: others may begin with the first one, too.
    r"|\bhere(?:'s| is) my thought process:[\s\S]*?\bhere(?:'s| is) my response:",
    re.IGNORECASE,
)
CODE = re.compile(r"```|~~~|^\s*(?:def|class|return|from|import|@)\b", re.MULTILINE)

# OpenAI's harmony format: channels, of which only the last one called "final" is for the reader.
CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*<\|message\|>")
END_OF_MESSAGE = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
# The same where the tokens themselves are left out.
BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z\"'])")
BARE_FINAL = "assistantfinal"


def drop_thinking(problem: Problem, text: str, *, end: str = "", required: bool = False) -> str:
    """The answer in ``text``; ``text`` itself where it is a program as it is, or has no thinking.

    ``end`` is a mark of the user's own: the answer stands behind the last one. With ``required`` a text without it is
    thinking that never ended.
    """
    if end and end in text:
        return text.rpartition(end)[2]
    required = required and bool(end)
    if not required and not (OPENING.search(text) or CLOSING.search(text) or _has_channels(text)):
        return text
    if compiles(problem.program(text)):
        return text  # a mark in here is in a string or comment
    if _has_channels(text):
        return _final_channel(text)
    answer = _behind_marks(text)
    return "" if required and answer == text else answer


def is_thinking(text: str) -> bool:
    """Whether ``text`` begins with thinking and stops in the middle of it."""
    begun = OPENING.match(text.lstrip()) or CHANNEL.match(text.lstrip()) or BARE_ANALYSIS.match(text)
    answer = _final_channel(text) if _has_channels(text) else _behind_marks(text)
    return bool(begun) and not answer.strip()


def _has_channels(text: str) -> bool:
    return bool(CHANNEL.search(text) or BARE_ANALYSIS.match(text))


def _final_channel(text: str) -> str:
    final = [match for match in CHANNEL.finditer(text) if match[1] == "final"]
    if final:
        answer = text[final[-1].end() :]
        return END_OF_MESSAGE.split(answer, maxsplit=1)[0]
    return text.rpartition(BARE_FINAL)[2] if BARE_FINAL in text else ""


def _behind_marks(text: str) -> str:
    """What stands behind the last end of thinking, up to where another begins that never ends."""
    ends = unquoted(CLOSING, text)
    while len(ends) > 1 and _is_mentioned(ends[-1], text):
        ends.pop()
    answer = text[ends[-1].end() :] if ends else text
    begun = unquoted(OPENING, answer)
    return answer[: begun[0].start()] if begun else answer


def _is_mentioned(end: re.Match[str], text: str) -> bool:
    """Whether a sentence speaks of the mark, and no code follows it."""
    before, behind = text[: end.start()].rpartition("\n")[2], text[end.end() :]
    return bool(before.strip() and behind.partition("\n")[0].strip()) and not CODE.search(behind)

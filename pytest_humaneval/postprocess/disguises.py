"""Takes code as it was before something showed it: quoted by a mail, escaped by a page, typeset, or typed into a shell.

Each is undone only where the answer is no program as it stands, and more of it is one after that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_humaneval.postprocess.characters import KEPT
from pytest_humaneval.postprocess.fences import unfence
from pytest_humaneval.postprocess.indentation import lines_used, place
from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem

ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#39|#x27|#34|#x22);", re.IGNORECASE)
QUOTE_MARK = re.compile(r"^[ \t]{0,3}>(?!>)[ \t]?", re.MULTILINE)
PROMPT = re.compile(r"([ \t]*)(?:>>>|\.\.\.)(?: (.*)|)")
CURLY = {"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‛": "'"}
CURLY_OUTSIDE = re.compile(f"{KEPT}|[{''.join(CURLY)}]")


@dataclass(frozen=True, slots=True)
class Disguise:
    """One way to show code. With ``whole``, it is none where any of the answer is a program already."""

    mark: re.Pattern[str]
    undo: Callable[[str], str]
    whole: bool = False


def undisguise(problem: Problem, text: str) -> str:
    """``text`` with the code as it was, where it can be told."""
    if not any(each.mark.search(text) for each in DISGUISES) or compiles(problem.prompt + text):
        return text
    used, several = _used(problem, text), text
    for disguise in DISGUISES:
        if used < 0 or (disguise.whole and used):
            continue
        for shown in dict.fromkeys((text, several)):  # one may have been put upon another
            if (undone := disguise.undo(shown)) != shown:
                several = undone
                if (now := _used(problem, undone)) < 0 or now > used:
                    text, used = undone, now
                    break
    return text


def _used(problem: Problem, text: str) -> int:
    """How many lines of ``text`` are an answer, or of the code in its fences; -1 where all of that code is."""
    code = unfence(problem, text)
    placed = place(problem, code)
    used = lines_used(problem, placed)
    return -1 if used and code != text and compiles(problem.prompt + placed) else used


def _unquoted(text: str) -> str:
    return QUOTE_MARK.sub("", text)


def _unescaped(text: str) -> str:
    return ENTITY.sub(lambda match: html.unescape(match[0]).replace("\u00a0", " "), text)


def _straightened(text: str) -> str:
    return CURLY_OUTSIDE.sub(lambda match: match["kept"] or CURLY[match[0]], text)


def _all_straightened(text: str) -> str:
    return text.translate({ord(curly): straight for curly, straight in CURLY.items()})


def _typed(text: str) -> str:
    """What was typed into a shell of Python's: without its prompts, and what it answered up to a blank line."""
    lines, inside = [], False
    for line in text.split("\n"):
        if (match := PROMPT.fullmatch(line)) and (inside or line.lstrip().startswith(">>>")):
            lines.append(match[1] + (match[2] or ""))
            inside = True
        elif inside and line.strip() and not line.lstrip().startswith(("```", "~~~")):
            continue
        else:
            lines.append(line)
            inside = False
    return "\n".join(lines)


DISGUISES = (
    Disguise(ENTITY, _unescaped),
    Disguise(QUOTE_MARK, _unquoted, whole=True),
    Disguise(re.compile(r"^[ \t]*>>> ", re.MULTILINE), _typed, whole=True),
    Disguise(re.compile(f"[{''.join(CURLY)}]"), _straightened),
    Disguise(re.compile(f"[{''.join(CURLY)}]"), _all_straightened),
)
"""In the order in which they are undone: a page escapes the marks of quotations and shells, too."""

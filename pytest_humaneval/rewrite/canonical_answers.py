"""What canonical solutions return, found out in the sandbox and kept: every process of a run asks the same."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Arguments
from pytest_humaneval.sandbox import Sandbox, SandboxKind, SandboxOptions, open_sandbox
from pytest_humaneval.whole_file import write_whole

KEPT = "rewrite-answers.json"  # in the cache folder
TIMEOUT = 3.0  # seconds of CPU time, for all calls of a problem together

# A test for the oracle, which calls the solution in the locked-down child; what check returns is the verdict's detail.
TEST = """
import json

CALLS = {calls}

def check(candidate):
    return json.dumps([answer(candidate, arguments) for arguments in CALLS])

def answer(candidate, arguments):
    try:
        return ascii(candidate(*arguments))
    except Exception:
        return None
"""


class CanonicalAnswers:
    """Answers of canonical solutions; opens a sandbox when the first one is not kept yet.

    Raises, when called:
        SandboxError: no sandbox can be had.
    """

    def __init__(
        self,
        keep: Path | None = None,
        options: SandboxOptions | None = None,
        known: Mapping[str, SandboxKind] | None = None,
    ) -> None:
        self._keep = keep
        asked = options or SandboxOptions()
        self._open = partial(open_sandbox, asked, known) if known is not None else partial(open_sandbox, asked)
        self._opened = contextlib.ExitStack()
        self._sandbox: Sandbox | None = None
        self._known = _read(keep) if keep is not None else {}
        self._asked = False

    def __enter__(self) -> CanonicalAnswers:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()
        if self._asked and self._keep is not None:
            with contextlib.suppress(OSError):  # it is found out again the next time
                self._keep.mkdir(parents=True, exist_ok=True)
                write_whole(self._keep / KEPT, [json.dumps(_read(self._keep) | self._known)])

    def __call__(self, problem: Problem, calls: Sequence[Arguments]) -> list[tuple[object] | None]:
        """What the solution returns for each call, in a tuple; None where it raises, or returns no literal."""
        test = TEST.format(calls=repr(list(calls)))
        key = hashlib.sha256(
            json.dumps([problem.prompt, problem.canonical_solution, problem.entry_point, test]).encode()
        ).hexdigest()
        if key not in self._known:
            self._known[key], self._asked = self._found_out(problem, test), True
        return [_literal(one) for one in self._known[key]]

    def _found_out(self, problem: Problem, test: str) -> list[str | None]:
        if self._sandbox is None:
            self._sandbox = self._opened.enter_context(self._open())
        asked = replace(problem, test=test, strong_test="")
        try:
            verdict = self._sandbox.check(asked, problem.canonical_solution, timeout=TIMEOUT)
        except SandboxError as error:
            raise SandboxError(f"rewriting {problem.task_id}: {error}") from error
        if not verdict.passed:
            return []
        answers: list[str | None] = json.loads(verdict.detail)
        return answers


def _literal(text: str | None) -> tuple[object] | None:
    if text is None:
        return None
    try:
        return (ast.literal_eval(text),)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _read(folder: Path) -> dict[str, list[str | None]]:
    try:
        kept = json.loads((folder / KEPT).read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}

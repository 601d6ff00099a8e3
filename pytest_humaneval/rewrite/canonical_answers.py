"""What canonical solutions return, found out in the sandbox and kept: every process of a run asks the same."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_humaneval.dataset.expected import Expectations
from pytest_humaneval.dataset.source_text import source_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.rewriting import Arguments
from pytest_humaneval.sandbox import SandboxKind, SandboxOptions, open_sandbox


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
        wanted = options or SandboxOptions()
        opened = partial(open_sandbox, wanted, known) if known is not None else partial(open_sandbox, wanted)
        self._expectations = Expectations(opened, keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._expectations.__exit__(kind, error, trace)

    def __call__(self, problem: Problem, calls: Sequence[Arguments]) -> list[tuple[object] | None]:
        """What the solution returns for each call, in a tuple; None where it raises, or returns no literal."""
        inputs = [", ".join(map(source_of, arguments)) for arguments in calls]
        try:
            return [_literal(source) for source in self._expectations.of(problem, "", inputs)]
        except DatasetError:  # there is no solution, or none that defines a function
            return [None for _ in calls]


def _literal(source: str) -> tuple[object] | None:
    try:
        return (ast.literal_eval(source),) if source else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None

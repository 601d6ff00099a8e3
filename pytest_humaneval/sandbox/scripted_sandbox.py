"""A sandbox that says what it was told to: for tests and for the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from pytest_humaneval.problem import Problem
from pytest_humaneval.verdict import Verdict

Script = Callable[[Problem, str], Verdict] | Mapping[str, Verdict]
"""What to answer: a function of problem and completion, or verdicts by task id."""


class ScriptedSandbox:
    """Answers every check from its script and remembers what it was asked.

    Without a script it compares text: the canonical solution passes, everything else fails an assertion.
    """

    name = "scripted"
    layers = ("scripted",)

    def __init__(self, script: Script | None = None) -> None:
        self._script = _compare if script is None else script
        self.checks: list[tuple[Problem, str, float]] = []

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        """The script's verdict; a task id it does not know is a KeyError."""
        self.checks.append((problem, completion, timeout))
        if isinstance(self._script, Mapping):
            return self._script[problem.task_id]
        return self._script(problem, completion)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def _compare(problem: Problem, completion: str) -> Verdict:
    if completion == problem.canonical_solution:
        return Verdict("passed")
    return Verdict("assertion", "not the canonical solution")

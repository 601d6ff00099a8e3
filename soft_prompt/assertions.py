"""Whether a completion holds under a problem's assertions, one at a time, in the sandbox."""

from __future__ import annotations

import contextlib
from statistics import fmean
from typing import Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox

from .training_data import single_assertions

CHECK_SECONDS = 3.0  # of CPU time for each assertion


class Judge:
    """Opens a sandbox when it is first needed, and keeps it."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._sandbox: Any = None

    def share(self, problem: Problem, completion: str) -> float:
        """The share of the problem's assertions that hold for it."""
        if self._sandbox is None:
            self._sandbox = self._open.enter_context(open_sandbox(SandboxOptions()))
        return fmean(
            self._sandbox.check(single, completion, timeout=CHECK_SECONDS).passed
            for single in single_assertions(problem)
        )

    def close(self) -> None:
        """End the sandbox."""
        self._open.close()

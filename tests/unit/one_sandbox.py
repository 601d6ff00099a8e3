"""One sandbox for all checks of a process: opening one takes longer than a check."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache

from pytest_humaneval import Problem, Sandbox, Verdict, open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions

TIMEOUT = 3.0  # seconds of CPU time


@cache
def _opened() -> Sandbox:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(open_sandbox(SandboxOptions()))


def check_correctness(problem: Problem, completion: str) -> Verdict:
    """The verdict on a completion."""
    return _opened().check(problem, completion, timeout=TIMEOUT)

"""One sandbox for all checks of a module's tests: opening one takes longer than a check.

from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - left when the module's tests have ended
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from pytest_humaneval import Problem, Sandbox, Verdict, open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions

TIMEOUT = 3.0  # seconds of CPU time


@cache
def _opened() -> tuple[Sandbox, ExitStack]:
    stack = ExitStack()
    return stack.enter_context(open_sandbox(SandboxOptions())), stack


@pytest.fixture(scope="module", autouse=True)
def one_sandbox() -> Iterator[None]:
    """Leave it in the end: other tests of the process count what they have left themselves."""
    yield
    if _opened.cache_info().currsize:
        _opened()[1].close()
        _opened.cache_clear()


def check_correctness(problem: Problem, completion: str, *, timeout: float = TIMEOUT) -> Verdict:
    """The verdict on a completion."""
    return _opened()[0].check(problem, completion, timeout=timeout)

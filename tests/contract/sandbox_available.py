"""The sandboxes of the contract suites, with the reason where one cannot be had here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox

CONFINING = ("lockdown", "bubblewrap")


def available_sandboxes() -> list[Any]:
    """One parameter per sandbox that confines."""
    return [pytest.param(name, id=name) for name in CONFINING]


@contextmanager
def opened(name: str) -> Iterator[Sandbox]:
    """The sandbox, started; the test is skipped where it cannot be had."""
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(open_sandbox(SandboxOptions(name)))
        except SandboxError as error:
            pytest.skip(f"{name}: {error}")
        yield sandbox

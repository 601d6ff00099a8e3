"""What the summary says of the sandbox."""

from __future__ import annotations

import pytest
from mini import Evaluate

from pytest_humaneval import SandboxOptions, open_sandbox
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox.sandboxes import UNSAFE


def unwrapped(lines: list[str]) -> str:
    """The header's line of the sandbox with what follows it."""
    start = next(index for index, line in enumerate(lines) if line.startswith("sandbox "))
    end = next(index for index, line in enumerate(lines) if index > start and not line.startswith("   "))
    return " ".join(line.strip() for line in lines[start:end])


def test_summary_names_the_layers_in_force(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-sandbox=lockdown")
    said = unwrapped(result.outlines)
    assert said.startswith("sandbox   oracle, seccomp, landlock, ")
    assert said.endswith("no new privileges, rlimits")
    assert "warning" not in said


def test_summary_warns_about_the_sandbox_that_is_none(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-sandbox=unsafe-process")
    result.assert_outcomes(passed=3)
    assert unwrapped(result.outlines) == f"sandbox   oracle, {UNSAFE}, rlimits"
    assert "warning" in UNSAFE


WORKERS_WITHOUT_PROGRAMS = """
import os

def pytest_configure(config):
    if hasattr(config, "workerinput"):
        os.environ["PATH"] = "/nowhere"
"""


def test_worker_never_takes_a_weaker_sandbox_than_the_summary_names(
    evaluate: Evaluate, pytester: pytest.Pytester
) -> None:
    if not sandbox_can_be_had("bubblewrap"):
        pytest.skip("bubblewrap cannot be had here")
    pytester.makeconftest(WORKERS_WITHOUT_PROGRAMS)
    result = evaluate("-n2", "--humaneval-sandbox=auto")
    result.assert_outcomes(errors=3)
    assert "bubblewrap" in unwrapped(result.outlines)
    result.stdout.fnmatch_lines(["*SandboxError: the sandbox 'bubblewrap' needs the program bwrap*"])


def sandbox_can_be_had(name: str) -> bool:
    try:
        with open_sandbox(SandboxOptions(name)) as sandbox:
            return sandbox.name == name
    except SandboxError:
        return False

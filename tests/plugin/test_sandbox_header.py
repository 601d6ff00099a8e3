"""What the summary says of the sandbox."""

from __future__ import annotations

from mini import Evaluate

from pytest_humaneval.sandbox.launch import UNSAFE


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

"""The whole evaluation: ``pytest --strategy=NAME`` with no path runs this test."""

from __future__ import annotations

from pytest_humaneval import Problem
from pytest_humaneval.plugin.fixtures import CheckCorrectness


def test_humaneval(problem: Problem, completion: str, check_correctness: CheckCorrectness) -> None:
    """The completion passes the problem's hidden test."""
    verdict = check_correctness(problem, completion)
    assert verdict.passed, verdict.detail

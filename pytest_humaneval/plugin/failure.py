"""How a wrong completion reads in the failure section: task, completion, verdict."""

from __future__ import annotations

import pytest

# pytest has no public way to build a traceback representation; these are the ones it serialises between processes.
from _pytest._code.code import ExceptionChainRepr, ReprEntryNative, ReprFileLocation, ReprTraceback

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.headline import headline
from pytest_humaneval.text.printable import one_line, printable

HEADLINE_CHARACTERS = 300
SHOWN_CHARACTERS = 6_000  # of a completion; the files of --humaneval-output hold it whole


def failure_text(problem: Problem, outcome: Outcome) -> str:
    """The problem's prompt, the completion and why it failed, in this order."""
    parts = (
        (one_line(f"{outcome.task_id}, {outcome.strategy}: the problem"), problem.prompt),
        *([("the code after the gap", problem.suffix)] if problem.has_gap else []),
        ("the completion", outcome.completion or "(empty)"),
        (f"the verdict: {outcome.kind}", outcome.detail),
    )
    return "\n".join(f"--- {title} ---\n{printable(text, SHOWN_CHARACTERS).strip(chr(10))}\n" for title, text in parts)


def show_failure(item: pytest.Item, report: pytest.TestReport, problem: Problem, outcome: Outcome) -> None:
    """Put :func:`failure_text` in place of the traceback, and the verdict into the short summary line."""
    report.longrepr = failure_representation(item.location[:2], problem, outcome)


def failure_representation(place: tuple[str, int | None], problem: Problem, outcome: Outcome) -> ExceptionChainRepr:
    """The same for the test at a file and line, counted from 0."""
    summary = headline(outcome.kind, outcome.detail, problem.entry_point)
    return _represented(place, failure_text(problem, outcome), f"{outcome.kind}: {summary.within(HEADLINE_CHARACTERS)}")


def show_error(item: pytest.Item, report: pytest.TestReport, message: str) -> None:
    """Put an engine's or a sandbox's message in place of a traceback through our own code."""
    report.longrepr = error_representation(item.location[:2], message)


def error_representation(place: tuple[str, int | None], message: str) -> ExceptionChainRepr:
    """The same for the test at a file and line."""
    return _represented(place, printable(message) + "\n", (message.splitlines() or [""])[0])


def _represented(place: tuple[str, int | None], text: str, message: str) -> ExceptionChainRepr:
    path, line = place
    trace = ReprTraceback([ReprEntryNative([text])], extraline=None, style="native")
    crash = ReprFileLocation(path, (line or 0) + 1, printable(message, HEADLINE_CHARACTERS))
    return ExceptionChainRepr([(trace, crash, None)])

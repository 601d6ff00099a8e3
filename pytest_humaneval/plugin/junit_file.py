"""The XML of a run that is made of the results of its parts: by pytest's own writer, with the reports it would get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from _pytest._code.code import ExceptionChainRepr
from _pytest.junitxml import LogXML

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plugin.failure import error_representation, failure_representation
from pytest_humaneval.plugin.junit_properties import completion_element, item_properties, suite_properties
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.ledger import BUNDLED
from pytest_humaneval.results.read import Results
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.wording import cannot_be_written

LOCATION = ("test_humaneval.py", 8)  # where the bundled test stands


def write_junit_file(path: Path, run: Results, problems: Mapping[str, Problem]) -> None:
    """Write the file; the seconds of a test case are those of its check.

    Raises:
        InputError: it cannot be written.
    """
    xml = LogXML(str(path), None)
    xml.pytest_sessionstart()
    several = {experiment["name"] for experiment in run.run["experiments"] if experiment["num_samples"] > 1}
    for outcome in run.outcomes:
        for report in _reports(outcome, problems[outcome.task_id], numbered=outcome.strategy in several):
            if report.when == "call" and (element := completion_element(outcome)) is not None:
                xml.node_reporter(report).append(element)
            xml.pytest_runtest_logreport(report)
    for name, value in suite_properties(run.run, run.outcomes):
        xml.add_global_property(name, value)
    try:
        xml.pytest_sessionfinish()
    except OSError as error:
        raise InputError(cannot_be_written(f"--junitxml: {path}", error)) from error


def _reports(outcome: Outcome, problem: Problem, *, numbered: bool) -> Iterator[pytest.TestReport]:
    """What pytest reports of one item, one phase after the other; what has no verdict is an error of its setup."""
    phases: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")
    for when in phases:
        if outcome.error and when == "call":
            continue
        blamed = when == ("setup" if outcome.error else "call") and not outcome.passed
        yield pytest.TestReport(
            nodeid=_nodeid(outcome.item, problem, numbered=numbered),
            location=(*LOCATION, f"test_humaneval[{problem.task_id}]"),
            keywords={},
            outcome="failed" if blamed else "passed",
            longrepr=_representation(outcome, problem) if blamed else None,
            when=when,
            duration=outcome.seconds if when == "call" else 0.0,
            user_properties=list(item_properties(outcome)),
        )


def _representation(outcome: Outcome, problem: Problem) -> ExceptionChainRepr:
    if outcome.error:
        return error_representation(LOCATION, outcome.detail)
    return failure_representation(LOCATION, problem, outcome)


def _nodeid(item: ItemId, problem: Problem, *, numbered: bool) -> str:
    sample = f"{item.strategy}-{item.sample_index}" if numbered else item.strategy
    return f"{BUNDLED}test_humaneval[{item.task_id}-{problem.entry_point}-{sample}]"

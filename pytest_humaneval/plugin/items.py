"""One item's life in the process that runs it: from its report to its outcome."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import EngineError, InfrastructureError, SharedEngineError, StrategyError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin.failure import show_error, show_failure
from pytest_humaneval.plugin.fixtures import (
    CHECK_TIMEOUT,
    FROM_STORE,
    OUTCOME,
    PLAN,
    STOPPED,
    VERDICT_NOTICES,
    is_judged,
    item_id,
    requests_for,
)
from pytest_humaneval.plugin.junit_properties import item_properties
from pytest_humaneval.plugin.neighbours import run_once
from pytest_humaneval.plugin.timeouts import add_backstop, check_timeout
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.cause import cause_of
from pytest_humaneval.results.explanation import explained
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.printable import printable

DETAIL_CHARACTERS = 4_000
SHARED = "humaneval: the engine has failed for all items"


def prepare(items: Sequence[pytest.Item], plan: Plan, client: EngineClient) -> list[str]:
    """Fix the limits of the items that will run and ask the engine for all of them; returns their node ids.

    An engine that is gone already is no error here: each item will say so itself.
    """
    judged = [item for item in items if item_id(item) is not None and is_judged(item)]
    for item in judged:
        item.stash[CHECK_TIMEOUT] = check_timeout(item)
        add_backstop(item, item.stash[CHECK_TIMEOUT])
        run_once(item)
    with contextlib.suppress(EngineError):
        client.submit(requests_for(items, plan))
    return [item.nodeid for item in judged]


def ids_of(items: Sequence[pytest.Item]) -> list[ItemId]:
    """Which samples the items evaluate."""
    return [identity for item in items if (identity := item_id(item)) is not None]


def attach_outcome(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put the outcome on the report that settles it: of the call, or of a setup that did not get that far."""
    identity = item_id(item)
    if identity is None or not is_judged(item) or report.when == "teardown":
        return
    if report.when == "setup" and not report.failed:
        if item.stash.get(STOPPED, False):
            report.humaneval_stopped = True  # type: ignore[attr-defined]
        return
    outcome = item.stash.get(OUTCOME, None) or item.config.stash[PLAN].outcome(identity)
    if report.skipped and outcome.error:  # no verdict, on purpose; the summary counts it as not run
        return
    if call.excinfo is not None:
        outcome = _blame(outcome, call.excinfo.value)
    elif outcome.error:
        outcome = outcome.failed("error", "the test ended without a verdict: it never called check_correctness")
    problem: Problem = item.callspec.params["problem"]  # type: ignore[attr-defined]
    outcome = explained(outcome, problem)
    outcome = replace(outcome, cause=cause_of(outcome, problem))
    if report.failed and outcome.error:
        report.when = "setup"  # pytest shows what fails before the call as ERROR, and as <error> in the XML
        if call.excinfo is not None and isinstance(call.excinfo.value, InfrastructureError | StrategyError):
            show_error(item, report, outcome.detail)
        if call.excinfo is not None and isinstance(call.excinfo.value, SharedEngineError):
            item.session.shouldfail = report.humaneval_shared = SHARED  # type: ignore[attr-defined]
    elif report.failed and outcome.kind != "test failed":
        show_failure(item, report, problem, outcome)
    item.user_properties.extend(item_properties(outcome))
    report.user_properties = item.user_properties
    report.humaneval = outcome.to_wire()  # type: ignore[attr-defined]
    if item.stash.get(FROM_STORE, False):
        report.humaneval_from_store = True  # type: ignore[attr-defined]
    if notices := item.config.stash.get(VERDICT_NOTICES, None):
        report.humaneval_notices = list(notices)  # type: ignore[attr-defined]


def _blame(outcome: Outcome, error: BaseException) -> Outcome:
    """Whose fault a failing item is: infrastructure's, the completion's, or the user's own test's."""
    detail = printable(f"{type(error).__name__}: {error}", DETAIL_CHARACTERS)
    if isinstance(error, InfrastructureError) or outcome.error:
        return outcome.failed("error", detail)
    return outcome.failed("test failed", detail) if outcome.passed else outcome

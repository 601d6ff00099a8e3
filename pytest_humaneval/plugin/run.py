"""One evaluation from its start to the last line, for the process that owns it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.plan import Plan, Settled
from pytest_humaneval.plugin import neighbours, options
from pytest_humaneval.plugin.early_stop import EarlyStop
from pytest_humaneval.plugin.engine_session import EngineSession
from pytest_humaneval.plugin.engine_settings import STORE, check_cache, check_shared_store, store_options
from pytest_humaneval.plugin.failure_list import FAILURES, FailureList
from pytest_humaneval.plugin.junit_properties import add_completion
from pytest_humaneval.plugin.kept_reports import KeptReports
from pytest_humaneval.plugin.proposal import Proposal, settle, try_solutions
from pytest_humaneval.plugin.scoring import Scoring
from pytest_humaneval.plugin.timeouts import default_timeout
from pytest_humaneval.report.output import Finished, Output
from pytest_humaneval.report.publish import Publisher
from pytest_humaneval.report.texttable import folded, wrapped
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.record import Record
from pytest_humaneval.results.sampling import REPLAY
from pytest_humaneval.results.scored_solutions import Likelihood
from pytest_humaneval.sample import ItemId
from pytest_humaneval.sandbox.judgeable import SolutionTrial, left_after
from pytest_humaneval.text.printable import counted

NOTHING = (
    "warning: nothing was evaluated: no test that ran uses the fixtures problem, strategy and check_correctness; "
    "test_humaneval.py, given as a path, is the bundled test"
)


class Run:
    """What the controller (or the only process) holds: the plan, the engine's session, and where outcomes go."""

    def __init__(
        self,
        config: pytest.Config,
        plan: Plan,
        settled: Settled,
        trial: SolutionTrial | None,
        session: EngineSession,
        output: Output,
    ) -> None:
        self.plan, self.settled = plan, settled
        self.session, self.output, self.ledger = session, output, output.ledger
        self.kept = KeptReports()
        self._config = config
        self._trial = trial
        if trial is not None:
            session.hold()
        self._failed_items = 0
        self._other_tests = 0  # that ran and evaluated nothing
        self._engine_failed = False
        self._last_outcome_at = 0.0
        self._store_notices: dict[str, None] = {}
        self._early = EarlyStop(plan, output.ledger, output.baseline) if plan.stop else None
        self._early_client = session.client() if plan.stop else None
        self._scoring = Scoring(plan) if plan.likelihood else None

    def expect(self, items: Sequence[ItemId]) -> None:
        """Learn which items are going to run."""
        self.session.guide(items)
        if self._scoring is not None:
            with closing(self.session.client()) as client:
                self._scoring.ask((item.task_id for item in items), client)
        if self._early is not None:
            self._early.expect(items)

    def admit(self) -> None:
        """Make sure that every problem can be judged, then let the engine generate; it has been loading meanwhile.

        Raises:
            InputError: some cannot.
            SandboxError: no sandbox is to be had.
        """
        if self._trial is not None:
            trial, self._trial = self._trial, None
            left_after(self.plan.problems, try_solutions(self._config, self.plan, trial), skip=False)
            self.session.release()

    def add(self, report: pytest.TestReport) -> None:
        """Take in one report."""
        outcome = self.ledger.add(report)
        if self._early is not None and self._early_client is not None:
            self._early.follow(report, outcome, self._early_client)
        if getattr(report, "humaneval_shared", ""):
            if self._engine_failed:  # another worker's item: the message stands there once
                report.longrepr = "the same as above"
            self._engine_failed = True
        if outcome is None:
            self._other_tests += report.when == "call"
            return
        if report.failed and not hasattr(report, "wasxfail"):  # as pytest counts them
            self._failed_items += 1
        self._last_outcome_at = time.time()
        self.ledger.from_store += getattr(report, "humaneval_from_store", False)
        self._store_notices |= dict.fromkeys(getattr(report, "humaneval_notices", ()))
        add_completion(self._config, report, outcome)
        if self.ledger.counts(report.nodeid):
            self.output.add(outcome)

    def forget(self, report: pytest.TestReport) -> None:
        """Leave on a report that it has an outcome, which the ledger holds."""
        if hasattr(report, "humaneval"):
            report.humaneval = None  # type: ignore[attr-defined]  # it stays known for one of ours

    def finish(self, exit_status: int, failures: int) -> Finished:
        """End the engine, write the files. ``failures`` is how many pytest counted, of whatever kind."""
        likelihood = self._likelihood(exit_status)
        progress, notes = self._end_session()
        if self._engine_failed:
            exit_status = pytest.ExitCode.INTERNAL_ERROR
        if exit_status == pytest.ExitCode.NO_TESTS_COLLECTED and self.plan.is_empty_part:
            exit_status = pytest.ExitCode.OK
        kept = self._kept_note(progress) if exit_status == pytest.ExitCode.INTERRUPTED else []
        notes = [*_left_out_note(self.settled), *neighbours.notes(self._config), *self.session.notes, *notes, *kept]
        notes += [f"note: {notice}" for notice in self._store_notices]
        elsewhere = failures - self._failed_items
        if self._early is not None:
            self.ledger.stops = self._early.stops()
        return self.output.finish(int(exit_status), elsewhere, progress, self._last_outcome_at, notes, likelihood)

    def summary(self, finished: Finished, width: int) -> list[str]:
        """The lines of the terminal summary, for a terminal of ``width`` columns."""
        lines = self.output.summary(finished, width)
        idle = self._other_tests and not self.ledger.expected and not self.ledger.outcomes
        return [*wrapped(NOTHING, width), *lines] if idle else lines

    @contextmanager
    def failures_held_back(self, reporter: pytest.TerminalReporter) -> Iterator[None]:
        """Keep pytest from printing many failures in full, unless the user wants that; ``FAILURES`` has them."""
        failures = FailureList(self.ledger, reporter)
        if not failures.wanted():
            yield
            return
        with failures.held_back():
            self._config.stash[FAILURES] = failures
            yield

    def _likelihood(self, exit_status: int) -> Likelihood | None:
        """What was asked of the canonical solutions; nothing where the run did not come to its end."""
        if self._scoring is None or self._engine_failed or exit_status == pytest.ExitCode.INTERRUPTED:
            return None
        with closing(self.session.client()) as client:
            return self._scoring.likelihood(client, self.output.baseline)

    def _kept_note(self, progress: dict[str, Any]) -> list[str]:
        """What a run that was interrupted leaves to the next one."""
        store = options.cache_directory(self._config) / STORE
        finished = progress.get("finished", 0) + progress.get("from_store", 0)
        if self.plan.engine.name == REPLAY or not finished or not store.exists():
            return []
        subject = counted(finished, "finished generation is", "finished generations are")
        proviso = ", without --humaneval-no-cache," if options.no_cache(self._config) else ""
        return [f"note: interrupted; {subject} kept in {store}: the same command{proviso} continues from there"]

    def _end_session(self) -> tuple[dict[str, Any], list[str]]:
        """How far the engine had come, and a warning where nobody knows."""
        try:
            return self.session.progress(), []
        except EngineError as error:
            return {}, [] if self._engine_failed else [f"warning: {error}"]  # else an item has said so already
        finally:
            if self._early_client is not None:
                self._early_client.close()
            self.session.close()


def start_run(config: pytest.Config, proposal: Proposal) -> Run:
    """Check the grader, open the files and start the engine process.

    Raises:
        InputError: the cache, the output folder or a report cannot be written.
        SandboxError: the grader cannot tell right from wrong; no figure could be trusted.
        EngineError: the engine process does not start.
    """
    started = datetime.now(UTC)
    check_cache(config, proposal.choices.engine.name)
    check_shared_store(config)
    publisher = Publisher(*(options.optional_path(config, name) for name in ("html", "markdown")))
    settled, trial = settle(config, proposal)
    plan = proposal.choices.plan(settled)
    directory = options.optional_path(config, "output")
    ledger = Ledger(plan)
    timeout = default_timeout(config)
    record = Record(directory, ledger, timeout) if directory else None
    # A part's figures are no news: the line of history is of the whole.
    no_history = options.switched_on(config, "no-history") or plan.shard is not None
    history = None if no_history else options.cache_directory(config)
    output = Output(
        ledger, record, publisher, proposal.gates, proposal.baseline, started, proposal.registration, history,
        settled.layers, timeout,
    )  # fmt: skip
    store = store_options(config, plan.engine, nameless=proposal.nameless)
    session = EngineSession(config, plan, proposal.model, store)
    return Run(config, plan, settled, trial, session, output)


def _left_out_note(settled: Settled) -> list[str]:
    if not (left_out := settled.left_out):
        return []
    subject = counted(len(left_out), "problem cannot be judged here and is", "problems cannot be judged here and are")
    return [f"note: {subject} left out: {folded(left_out, 80)}"]

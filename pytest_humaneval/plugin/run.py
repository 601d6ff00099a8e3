"""One evaluation from configure to the last line, for the process that owns it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_humaneval.engine.catalogue import REUSABLE, identify
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import EngineProcess, RunningEngine
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.interruption import sigterm_as_interruption
from pytest_humaneval.outcome import ItemId
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin import options
from pytest_humaneval.plugin.engine_settings import check_cache
from pytest_humaneval.plugin.failure_list import FailureList
from pytest_humaneval.plugin.junit import add_completion
from pytest_humaneval.plugin.screen import SCREEN
from pytest_humaneval.plugin.statusline import StatusLine
from pytest_humaneval.plugin.timeouts import default_timeout
from pytest_humaneval.printable import counted
from pytest_humaneval.prompting.guide import GuideThread
from pytest_humaneval.report.analysis import Analysis, comparisons_of
from pytest_humaneval.report.baseline import compare_results
from pytest_humaneval.report.comparisons import gate_lines
from pytest_humaneval.report.gates import GateVerdict, answer, check_baseline, judge
from pytest_humaneval.report.publish import Publisher
from pytest_humaneval.report.terminal import summary_lines
from pytest_humaneval.report.texttable import folded, wrapped
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.read import Results, read_results
from pytest_humaneval.results.record import Record, plan_options, run_record
from pytest_humaneval.sandbox import Sandbox, open_sandbox, self_check
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT
from pytest_humaneval.sandbox.judgeable import broken_problems, left_after
from pytest_humaneval.statistics.comparison import passes_of

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model

WHILE_IT_RUNS = ("rate", "share", "seconds_left")  # what the status line is told and no record needs

NOTHING = (
    "warning: nothing was evaluated: no test that ran uses the fixtures problem, strategy and check_correctness; "
    "test_humaneval.py as a path is the bundled test"
)


class Run:
    """What the controller (or the only process) holds: engine process, ledger, files, status line."""

    def __init__(self, config: pytest.Config, plan: Plan, model: Model | None) -> None:
        """Read the baseline and the gates.

        Raises:
            InputError: they cannot be used.
        """
        names = [strategy.name for strategy in plan.strategies]
        self.gates = options.gates(config, names)
        path = options.baseline_path(config)
        self._baseline = read_results(path) if path is not None else None
        if self.gates.on_regression and self._baseline is not None:
            check_baseline(names, self._baseline.strategies)
        self._analysis = Analysis()
        self._failed_items = 0
        self._other_tests = 0  # that ran and evaluated nothing
        self._engine_failed = False
        self.config = config
        self.plan = plan
        self.ledger = Ledger(plan)
        self.engine: RunningEngine | None = None
        self.failures: FailureList | None = None  # while pytest prints its sections
        self.layers: Sequence[str] = ()
        self.left_out: list[str] = []  # the ids of problems that cannot be judged here
        self._model = model
        self._status: StatusLine | None = None
        self._guide: GuideThread | None = None
        self._progress: dict[str, Any] = {}
        self._record: Record | None = None
        self._publisher: Publisher | None = None
        self._started = datetime.now(UTC)
        self._last_lines: list[str] = []
        self._last_outcome_at = 0.0
        self._until_end = ExitStack()

    def start(self) -> None:
        """Check the grader, open the files and start the engine process; the model loads when it is asked for.

        Raises:
            InputError: the cache, the output folder or a report cannot be written.
            SandboxError: the grader cannot tell right from wrong; no figure could be trusted.
            EngineError: the engine process does not start.
        """
        check_cache(self.config, self.plan.engine.name)
        self._publisher = Publisher(options.html_path(self.config), options.markdown_path(self.config))
        with open_sandbox(self.plan.sandbox) as sandbox:
            self_check(sandbox, ())
            self._leave_out_broken_problems(sandbox)
            self.layers = sandbox.layers
            # `auto` is settled here, once: whoever else opens a sandbox opens this one, or says that it cannot. None
            # is weaker than the summary says.
            self.plan = self.ledger.plan = replace(self.plan, sandbox=replace(self.plan.sandbox, name=sandbox.name))
        if directory := options.output_directory(self.config):
            self._record = Record(directory)
        self._until_end.enter_context(sigterm_as_interruption())
        store = options.cache_directory(self.config) / "generations.sqlite"
        # A server that is asked for whatever it has may have something else tomorrow: its old answers must not stand
        # for that. What it has today belongs into report and record.
        nameless = self.plan.engine.name == "openai" and not self.plan.engine.model
        if nameless:
            self.plan = self.ledger.plan = _with_model_of_server(self.plan)
        read_store = not (options.no_cache(self.config) or nameless)
        keeps = self.plan.engine.name != "replay"  # which answers from a file anyway
        self.engine = self._start_engine(store if keeps else None, read_store)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        screen = self.config.stash.get(SCREEN, None)
        if reporter is not None and screen is not None and reporter.verbosity >= -1:
            self._status = StatusLine(reporter, self.engine.client(), screen)

    def _leave_out_broken_problems(self, sandbox: Sandbox) -> None:
        """Before anything is generated: what no solution passes says nothing about a model."""
        problems, skip = self.plan.problems, options.switched_on(self.config, "skip-broken-problems")
        # HumanEval's are known once they have passed; other files change.
        keep = None if options.dataset_path(self.config) else options.cache_directory(self.config)
        timeout = max(DEFAULT_TIMEOUT, default_timeout(self.config))
        broken = broken_problems(sandbox, problems, timeout, keep)
        left = left_after(problems, broken, skip=skip)
        if broken:
            self.left_out = list(broken)
            left_out = counted(len(broken), "problem is", "problems are")
            named = folded(list(broken), 80)
            self._last_lines.append(f"note: {left_out} left out, which cannot be judged here: {named}")
            self.plan = self.ledger.plan = replace(self.plan, problems=left)

    def _start_engine(self, store: Path | None, read_store: bool) -> RunningEngine:
        """An engine process of the run's own, or with --humaneval-linger its turn with one that outlives it."""
        linger = options.value_of(self.config, "linger", 0.0)
        if linger and self.plan.engine.name in REUSABLE:
            from pytest_humaneval.background.private_directory import PrivateDirectory, default_directory
            from pytest_humaneval.background.warm import take_turn

            directory = PrivateDirectory(default_directory())
            engine, who = self.plan.engine, self.plan.identity
            warm = take_turn(directory, engine, self._model, who, store, read_store=read_store, idle_limit=linger)
            if warm is not None:
                return warm
            self._last_lines.append("note: another run had the warm engine; this one started an engine of its own")
        return EngineProcess(self.plan.engine, self._model, store, read_store=read_store)

    def client(self) -> EngineClient:
        """A connection for items that run in this process."""
        assert self.engine is not None, "start() comes first"
        return self.engine.client()

    def guide(self, items: Iterable[ItemId]) -> None:
        """Have the guided ones among the items solved, beside everything else; a second call adds nothing."""
        guided = {strategy.name for strategy in self.plan.strategies if strategy.guided}
        solved = [item for item in items if item.strategy in guided]
        if solved and self._guide is None and self.engine is not None and self.plan.engine.name != "replay":
            self._guide = GuideThread(self.plan, self.engine.client(), solved)

    def add(self, report: pytest.TestReport) -> None:
        """Take in one report."""
        outcome = self.ledger.add(report)
        if getattr(report, "humaneval_shared", ""):
            if self._engine_failed:  # another worker's item: the message stands there once
                report.longrepr = "the same as above"
            self._engine_failed = True
        if outcome is not None and report.failed and not hasattr(report, "wasxfail"):  # as pytest counts them
            self._failed_items += 1
        self._last_outcome_at = time.time() if outcome is not None else self._last_outcome_at
        if outcome is None:
            self._other_tests += report.when == "call"
            return
        add_completion(self.config, report, outcome)
        if self._record is not None and self.ledger.counts(report.nodeid):
            self._record.add(outcome)

    def finish(self, exit_status: int, failures: int) -> int:
        """End the engine, write the files; returns the exit status the run deserves.

        A run with errors of engine or sandbox ends with INTERNAL_ERROR: its figures lack items, whatever passed. Else,
        with gates, it is their answer. ``failures`` is how many pytest counted, of whatever kind.
        """
        self.end()
        failed = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if self._engine_failed or (self.ledger.errors and exit_status in failed):
            exit_status = pytest.ExitCode.INTERNAL_ERROR
        self._analysis, exit_status = self._analyse(exit_status, failures)
        self._write_files(int(exit_status))
        return exit_status

    def _write_files(self, exit_status: int) -> None:
        lasting = {name: value for name, value in self._progress.items() if name not in WHILE_IT_RUNS}
        engine = lasting | {"ready_to_last_outcome_seconds": self._seconds_since_ready()}
        run = run_record(self.ledger, self._started, engine, exit_status, self._analysis.to_json())
        if self._record is not None:
            self._last_lines.append(self._record.finish(self.ledger, run))
            self._record = None
        if self._publisher is not None and self.ledger.outcomes:
            self._last_lines.extend(self._publisher.write(self.ledger, run, self._baseline))

    def _analyse(self, exit_status: int, failures: int) -> tuple[Analysis, int]:
        outcomes = self.ledger.sorted()
        pairs, with_reference = comparisons_of(outcomes)
        compared = None
        if self._baseline is not None:
            compared = compare_results(Results(tuple(outcomes), plan_options(self.plan)), self._baseline)
        verdicts: list[GateVerdict] = []
        told = ""
        if self.gates:
            errors, missing = len(self.ledger.errors), self.ledger.missing
            if not errors and not missing:
                verdicts = judge(self.gates, passes_of(outcomes), compared)
            exit_status, told = answer(exit_status, verdicts, errors, missing, failures - self._failed_items)
        return Analysis(pairs, with_reference, compared, verdicts, told), exit_status

    def summary(self, width: int) -> list[str]:
        """The lines of the terminal summary, for a terminal of ``width`` columns."""
        if not self.ledger.outcomes:
            idle = self._other_tests and not self.ledger.expected
            return [*(wrapped(NOTHING, width) if idle else []), *gate_lines(self._analysis, width)]
        timeout, kept = default_timeout(self.config), options.output_directory(self.config) is not None
        lines = summary_lines(self.ledger, self._progress, self.layers, timeout, self._analysis, width, kept)
        return [*lines, *(["", *self._last_lines] if self._last_lines else [])]

    @contextmanager
    def failures_held_back(self, reporter: pytest.TerminalReporter) -> Iterator[None]:
        """Keep pytest from printing many failures in full, unless the user wants that; ``failures`` has them."""
        failures = FailureList(self.ledger, reporter)
        if not failures.wanted():
            yield
            return
        with failures.held_back():
            self.failures = failures
            yield

    def _seconds_since_ready(self) -> float | None:
        """From the moment the engine could generate to the last outcome; None where it did not have to."""
        ready = self._progress.get("ready_at")
        return self._last_outcome_at - ready if ready else None

    def end(self) -> None:
        """End the engine process and the status line; a second call does nothing."""
        if self.engine is None:
            return
        try:
            client = self.engine.client()
            self._progress = client.progress()
            client.close()
        except EngineError as error:
            self._progress = {}
            if not self._engine_failed:  # else an item has said so already
                self._last_lines.append(f"warning: {error}")
        if self._status is not None:
            self._status.close()
        self.engine.close()
        self.engine = None
        if self._guide is not None:
            self._guide.close()
        self._until_end.close()


def _with_model_of_server(plan: Plan) -> Plan:
    from pytest_humaneval.engine.openai import only_model

    engine = replace(plan.engine, model=only_model(plan.engine))
    return replace(plan, engine=engine, identity=identify(engine)[0])

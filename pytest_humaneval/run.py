"""One evaluation from configure to the last line, for the process that owns it (and its part in a worker)."""

from __future__ import annotations

import signal
import time
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from pytest_humaneval import options, settings
from pytest_humaneval.analysis import Analysis, comparisons_of
from pytest_humaneval.baseline import compare_results
from pytest_humaneval.comparison import passes_of
from pytest_humaneval.comparison_report import gate_lines
from pytest_humaneval.dataset import read_dataset, select_problems
from pytest_humaneval.distributed import check_agreement, is_worker, told_identity, told_sandbox
from pytest_humaneval.engine.catalogue import HOLD_THE_MODEL, REUSABLE, identify
from pytest_humaneval.engine.client import EngineClient
from pytest_humaneval.engine.process import EngineProcess, RunningEngine
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.replay import read_samples
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.experiment import experiment_lines
from pytest_humaneval.gates import GateVerdict, answer, check_baseline, judge
from pytest_humaneval.guide import GuideThread
from pytest_humaneval.junit import add_completion
from pytest_humaneval.ledger import Ledger
from pytest_humaneval.plan import ItemId, Plan
from pytest_humaneval.postprocess import POSTPROCESSORS
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.publish import Publisher
from pytest_humaneval.record import Record, plan_options, run_record
from pytest_humaneval.registry import register, select_strategies
from pytest_humaneval.report import summary_lines
from pytest_humaneval.results import UNNAMED, Results, read_results
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox import SANDBOXES, open_sandbox, self_check
from pytest_humaneval.soft_strategy import SoftStrategy, check_model
from pytest_humaneval.statusline import StatusLine
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.timeouts import default_timeout

if TYPE_CHECKING:
    from pytest_humaneval.models import Model


TERMINAL = pytest.StashKey[TextIO]()


def known_strategies(config: pytest.Config) -> dict[str, Strategy]:
    """Every strategy the hook returns, by name."""
    answers: list[Iterable[Strategy]] = config.hook.pytest_humaneval_strategies()
    return register(strategy for answer in answers for strategy in answer)


def replayed_strategies(samples: Path, known: Container[str]) -> dict[str, Strategy]:
    """Stand-ins for the strategies that a file of samples names and nobody here knows: only their answers matter.

    Raises:
        InputError: the file cannot be read, or names what cannot be a strategy.
    """
    names = sorted({name or UNNAMED for _, name, _ in read_samples(samples)})
    description = f"the samples of {samples.name}"
    return register(
        Strategy(name, description, lambda problem: completion_prompt(problem.prompt))
        for name in names
        if name not in known
    )


def make_plan(config: pytest.Config) -> tuple[Plan, Model | None]:
    """What this run evaluates; the model only on the controller, which finds it.

    Raises:
        InputError: an option, file, strategy or model that cannot be used.
    """
    engine = options.engine_options(config)
    dataset = read_dataset(options.dataset_path(config))
    limit = options.value_of(config, "limit")
    problems = select_problems(dataset.problems, options.value_of(config, "task", ()), limit)
    how, samples = options.sampling(config), options.value_of(config, "num-samples", 1)
    postprocess = options.value_of(config, "postprocess", "auto")
    if postprocess not in ("auto", *POSTPROCESSORS):
        names = ", ".join(("auto", *POSTPROCESSORS))
        raise InputError(f"--humaneval-postprocess: unknown post-processor {postprocess!r}; known: {names}")
    strategies = chosen_strategies(config, engine, how, postprocess)
    engine = replace(engine, virtual_tokens=any(isinstance(one, SoftStrategy) for one in strategies))
    sandbox = options.sandbox_options(config)
    if sandbox.name not in SANDBOXES:
        raise InputError(f"--humaneval-sandbox: unknown sandbox {sandbox.name!r}; known: {', '.join(SANDBOXES)}")
    if is_worker(config):
        identity, model, sandbox = told_identity(config), None, replace(sandbox, name=told_sandbox(config))
    else:
        identity, model = identify(engine)
    if engine.name in HOLD_THE_MODEL:
        check_model(strategies, identity.model, identity.digest)
    ks = options.ks(config, max(strategy.num_samples or samples for strategy in strategies))
    plan = Plan(
        dataset.name, dataset.sha256, problems, strategies, how, samples, ks, postprocess, engine, identity, sandbox
    )
    plan.check()
    if is_worker(config):
        check_agreement(config, plan)
    return plan, model


def chosen_strategies(
    config: pytest.Config, engine: EngineOptions, how: Sampling, postprocess: str
) -> tuple[Strategy, ...]:
    """What ``--strategy`` and ``--humaneval-experiment`` name, in the order of the names.

    Raises:
        InputError: there is none of such a name, or both have one of it.
    """
    known = known_strategies(config)
    if engine.name == "replay":
        known = dict(sorted((known | replayed_strategies(Path(engine.file), known)).items()))
    asked: list[str] = config.getoption("strategy")
    plain = select_strategies(known, asked, config.invocation_params.dir) if asked else ()
    experiments = settings.derive(config, known, how, postprocess)
    if doubled := {strategy.name for strategy in plain} & {experiment.name for experiment in experiments}:
        raise InputError(
            f"--humaneval-experiment: {', '.join(sorted(doubled))} would be both an experiment and a strategy of this "
            "run; leave one out, or give the experiment another name"
        )
    return tuple(sorted((*plain, *experiments), key=lambda strategy: strategy.name))


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
        self.config = config
        self.plan = plan
        self.ledger = Ledger(plan)
        self.engine: RunningEngine | None = None
        self.layers: Sequence[str] = ()
        self._model = model
        self._status: StatusLine | None = None
        self._guide: GuideThread | None = None
        self._progress: dict[str, Any] = {}
        self._record: Record | None = None
        self._publisher: Publisher | None = None
        self._started = datetime.now(UTC)
        self._last_lines: list[str] = []
        self._last_outcome_at = 0.0
        self._sigterm: Any = None

    def start(self) -> None:
        """Check the grader, open the files and start the engine process; the model loads when it is asked for.

        Raises:
            InputError: the output folder or a report cannot be written.
            SandboxError: the grader cannot tell right from wrong; no figure could be trusted.
            EngineError: the engine process does not start.
        """
        self._publisher = Publisher(options.html_path(self.config), options.markdown_path(self.config))
        with open_sandbox(self.plan.sandbox) as sandbox:
            self_check(sandbox, self.plan.problems)
            self.layers = sandbox.layers
            # `auto` is settled here, once: whoever else opens a sandbox opens this one, or says that it cannot. None
            # is weaker than the summary says.
            self.plan = self.ledger.plan = replace(self.plan, sandbox=replace(self.plan.sandbox, name=sandbox.name))
        if directory := options.output_directory(self.config):
            self._record = Record(directory)
        self._sigterm = signal.signal(signal.SIGTERM, _interrupt)
        store = options.cache_directory(self.config) / "generations.sqlite"
        # A server whose model has no name here may have another one tomorrow: its old answers must not stand for it.
        nameless = self.plan.engine.name == "openai" and not self.plan.engine.model
        read_store = not (options.no_cache(self.config) or nameless)
        keeps = self.plan.engine.name != "replay"  # which answers from a file anyway
        self.engine = self._start_engine(store if keeps else None, read_store)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        terminal = self.config.stash.get(TERMINAL, None)
        if reporter is not None and terminal is not None and reporter.verbosity >= -1:
            self._status = StatusLine(reporter, self.engine.client(), terminal)

    def _start_engine(self, store: Path | None, read_store: bool) -> RunningEngine:
        """An engine process of the run's own, or with --humaneval-linger its turn with one that outlives it."""
        linger = options.value_of(self.config, "linger", 0.0)
        if linger and self.plan.engine.name in REUSABLE:
            from pytest_humaneval.engine.warm import take_turn
            from pytest_humaneval.private_directory import PrivateDirectory, default_directory

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
        if outcome is not None and report.failed and not hasattr(report, "wasxfail"):  # as pytest counts them
            self._failed_items += 1
        self._last_outcome_at = time.time() if outcome is not None else self._last_outcome_at
        if outcome is None:
            return
        add_completion(self.config, report, outcome)
        if self._record is not None:
            self._record.add(outcome)

    def finish(self, exit_status: int, failures: int) -> int:
        """End the engine, write the files; returns the exit status the run deserves.

        A run with errors of engine or sandbox ends with INTERNAL_ERROR: its figures lack items, whatever passed. Else,
        with gates, it is their answer. ``failures`` is how many pytest counted, of whatever kind.
        """
        self.end()
        failed = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if self.ledger.errors and exit_status in failed:
            exit_status = pytest.ExitCode.INTERNAL_ERROR
        self._analysis, exit_status = self._analyse(exit_status, failures)
        self._write_files(int(exit_status))
        return exit_status

    def _write_files(self, exit_status: int) -> None:
        engine = self._progress | {"ready_to_last_outcome_seconds": self._seconds_since_ready()}
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
            return gate_lines(self._analysis, width)
        timeout, kept = default_timeout(self.config), options.output_directory(self.config) is not None
        lines = summary_lines(self.ledger, self._progress, self.layers, timeout, self._analysis, width, kept)
        return [*lines, *(["", *self._last_lines] if self._last_lines else [])]

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
            self._last_lines.append(f"warning: {error}")
        if self._status is not None:
            self._status.close()
        self.engine.close()
        self.engine = None
        if self._guide is not None:
            self._guide.close()
        signal.signal(signal.SIGTERM, self._sigterm or signal.SIG_DFL)


def listing(config: pytest.Config) -> list[str]:
    """The lines of ``--humaneval-list-strategies`` and ``--humaneval-list-experiments``.

    Raises:
        InputError: there is no experiments file, or a strategy cannot be registered.
    """
    lines = experiment_lines(settings.all_experiments(config)) if config.getoption("humaneval_list_experiments") else []
    return lines + (list_strategies(known_strategies(config)) if config.getoption("humaneval_list_strategies") else [])


def list_strategies(strategies: dict[str, Strategy]) -> list[str]:
    """A table of names, modes and descriptions."""
    name_width = max(map(len, strategies), default=0)
    return [f"{one.name.ljust(name_width)}  {one.mode:<10}  {one.description}" for one in strategies.values()]


def _interrupt(number: int, frame: object) -> None:
    # As Ctrl-C: pytest then ends its workers, the summary is printed, and what is done is kept.
    raise KeyboardInterrupt("SIGTERM")

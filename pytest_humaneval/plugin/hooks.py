"""The plugin's table of contents: every hook in the order of a run, and where its work is done.

Without ``--strategy`` or an experiment only the options and the fixtures' names are known; nothing else is imported.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_humaneval.exceptions import EngineError, HumanEvalError, InputError, SandboxError
from pytest_humaneval.plugin import options
from pytest_humaneval.plugin.option_table import add_options
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.printable import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_humaneval.dataset.kinds import DatasetKind
    from pytest_humaneval.engine.protocol import EngineKind
    from pytest_humaneval.plugin.proposal import Proposal
    from pytest_humaneval.plugin.run import Run
    from pytest_humaneval.postprocess import PostProcessor
    from pytest_humaneval.report.output import Finished
    from pytest_humaneval.rewrite.rewriting import Rewrite
    from pytest_humaneval.sandbox.interface import SandboxKind

PROPOSAL: pytest.StashKey[Proposal] = pytest.StashKey()  # in the process that owns a run: what is asked for
RUN: pytest.StashKey[Run] = pytest.StashKey()  # there as well, from its start
FINISHED: pytest.StashKey[Finished] = pytest.StashKey()  # and when all its files are written


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks known by which users add strategies, engines, sandboxes, datasets and the like."""
    from pytest_humaneval.plugin import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, on the command line and in the ini file."""
    from pytest_humaneval.plugin import selection

    add_options(parser)
    parser.addini(selection.TESTPATHS, selection.TESTPATHS_HELP, type="args", default=[])


def pytest_humaneval_strategies() -> Iterable[Strategy]:
    """Register the bundled strategies, through the hook that users write too."""
    import importlib

    # By name: the package lies at the top of the repository and is mapped in when installed.
    bundled: Iterable[Strategy] = importlib.import_module("pytest_humaneval.strategies").bundled()
    return bundled


def pytest_humaneval_engines() -> Iterable[EngineKind]:
    """Register the bundled engines, as users register theirs."""
    from pytest_humaneval.engine.catalogue import BUNDLED

    return BUNDLED.values()


def pytest_humaneval_sandboxes() -> Iterable[SandboxKind]:
    """Register the bundled sandboxes."""
    from pytest_humaneval.sandbox.library import BUNDLED

    return BUNDLED.values()


def pytest_humaneval_postprocessors() -> Iterable[PostProcessor]:
    """Register the bundled post-processors."""
    from pytest_humaneval.postprocess import POSTPROCESSORS

    return POSTPROCESSORS.values()


def pytest_humaneval_datasets() -> Iterable[DatasetKind]:
    """Register the bundled datasets; nothing is read before a run asks for it."""
    from pytest_humaneval.dataset.bundled import BUNDLED

    return BUNDLED.values()


def pytest_humaneval_rewrites() -> Iterable[Rewrite]:
    """Register the bundled rewrites."""
    from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED

    return BUNDLED.values()


@pytest.hookimpl(wrapper=True, specname="pytest_cmdline_main")
def pytest_read_experiments_file(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Read humaneval.toml, before xdist counts its workers: a wrapper goes before every other implementation."""
    listed = config.getoption("humaneval_list_experiments") or config.getoption("humaneval_list_datasets")
    if options.active(config) or listed:
        from pytest_humaneval.plugin import settings

        try:
            settings.load(config)
        except InputError as error:
            raise pytest.UsageError(str(error)) from error
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the strategies, experiments or datasets instead of running; before xdist takes over."""
    if not options.asks_for_list(config.option):
        return None
    from pytest_humaneval.plugin.listing import listing

    config._do_configure()
    try:
        print("\n".join(map(one_line, listing(config))))
        return 0
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    finally:
        config._ensure_unconfigure()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """Choose the first conftests; take hold of standard output before pytest does; note how failures shall be shown."""
    given = early_config.known_args_namespace
    if options.asks_for_evaluation(given) or options.asks_for_list(given):
        from pytest_humaneval.plugin.selection import look_for_conftests

        look_for_conftests(early_config)
    if options.asks_for_evaluation(given):
        from pytest_humaneval.plugin.failure_list import note_options
        from pytest_humaneval.plugin.screen import SCREEN, Screen

        early_config.stash[SCREEN] = screen = Screen()
        early_config.add_cleanup(screen.remove)
        note_options(early_config, parser, args)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Read what is asked for, as soon as every initial conftest is known: bad input ends the run before it starts."""
    from pytest_humaneval.plugin import fixtures

    config.pluginmanager.register(fixtures, "humaneval-fixtures")
    if not options.active(config):
        return
    from pytest_humaneval.plugin.distributed import is_worker
    from pytest_humaneval.plugin.neighbours import stay_in_process
    from pytest_humaneval.plugin.pausing import no_garbage_collection
    from pytest_humaneval.plugin.planning import plan_of_worker
    from pytest_humaneval.plugin.proposal import propose
    from pytest_humaneval.plugin.selection import use_own_tests

    try:
        if is_worker(config):
            config.stash[fixtures.PLAN] = plan_of_worker(config)
        else:
            with no_garbage_collection():
                config.stash[PROPOSAL] = propose(config)
    except HumanEvalError as error:  # also an engine that is not installed
        raise pytest.UsageError(str(error)) from error
    use_own_tests(config)
    stay_in_process(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the plan, check the grader and start the one engine process, before xdist starts its workers."""
    config = session.config
    proposal = config.stash.get(PROPOSAL, None)
    if proposal is None:
        return
    from pytest_humaneval.plugin.fixtures import PLAN
    from pytest_humaneval.plugin.run import start_run

    if config.option.collectonly:
        config.stash[PLAN] = proposal.as_asked()
        return
    with _refusals():
        config.stash[RUN] = run = start_run(config, proposal)
    config.stash[PLAN] = run.plan
    config.pluginmanager.register(_Reports(run), "humaneval-reports")


@contextmanager
def _refusals() -> Iterator[None]:
    """End the run before anything is generated."""
    try:
        yield
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    except (EngineError, SandboxError) as error:
        pytest.exit(f"humaneval: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the engine is (xdist's hook, on the controller)."""
    if (run := node.config.stash.get(RUN, None)) is not None:
        from pytest_humaneval.plugin.distributed import tell_worker

        try:
            tell_worker(node, run.plan, run.settled, run.session.engine, node.config.stash[options.FILE])
        except InputError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """End the run where a worker refuses its input (xdist's hook): xdist would start it again for ever."""
    if error and RUN in node.config.stash:
        from pytest_humaneval.plugin.distributed import refusal_of

        if refusal := refusal_of(error):
            raise pytest.UsageError(f"worker {node.gateway.id} ({node.gateway.spec}): {refusal}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Make thousands of items without looking for garbage."""
    if not options.active(session.config):
        return (yield)
    from pytest_humaneval.plugin.pausing import no_garbage_collection

    with no_garbage_collection():
        return (yield)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Give the bundled test its short node id."""
    if not options.active(parent.config):
        return None
    from pytest_humaneval.plugin.selection import short_module

    return short_module(module_path, parent)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Turn a test that uses our fixtures into items."""
    from pytest_humaneval.plugin.fixtures import PLAN, parametrize

    parametrize(metafunc, metafunc.config.stash.get(PLAN, None))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is no part of an evaluation, before -k and -m select."""
    if options.active(config):
        from pytest_humaneval.plugin.early_stop import put_in_order
        from pytest_humaneval.plugin.fixtures import PLAN
        from pytest_humaneval.plugin.selection import keep_part, leave_out_others

        leave_out_others(config, items)
        keep_part(config, items, config.stash[PLAN])
        put_in_order(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask the engine for everything that was selected, at once: batching is what makes it fast.

    Under xdist each worker asks and the engine process takes equal questions once, so no worker has to be the first.
    """
    from pytest_humaneval.plugin import fixtures

    config = session.config
    plan = config.stash.get(fixtures.PLAN, None)
    if plan is None or config.option.collectonly:
        return
    from pytest_humaneval.plugin.distributed import has_workers, told_client
    from pytest_humaneval.plugin.items import ids_of, prepare

    if has_workers(config):
        return
    run = config.stash.get(RUN, None)
    client = run.session.client() if run is not None else told_client(config)
    config.stash[fixtures.CLIENT] = client
    nodeids = prepare(session.items, plan, client)
    if run is not None:
        run.ledger.expect(nodeids)
        run.expect(ids_of(session.items))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Note what is going to run (xdist's hook, on the controller), so that what did not can be told."""
    if (run := node.config.stash.get(RUN, None)) is not None and not run.kept.share_collection(ids):
        run.expect(run.ledger.expect_ours(ids))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put an item's outcome on its report, where the item ran."""
    report = yield
    if options.active(item.config):
        from pytest_humaneval.plugin.items import attach_outcome

        attach_outcome(item, call, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Try the canonical solutions while the engine loads: by now every request is there, or xdist's workers see to it.

    No item runs and nothing is generated before that is done; a run that has to end ends as if it had not begun.
    """
    config = session.config
    if (run := config.stash.get(RUN, None)) is None:
        return
    with _refusals():
        try:
            run.admit()
        except (InputError, SandboxError):
            run.session.close()
            del config.stash[RUN]
            config.pluginmanager.unregister(name="humaneval-reports")
            raise


class _Reports:
    """Hooks about reports do not receive the config; an instance holds the run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter each outcome into the ledger, wherever the item ran."""
        if hasattr(report, "node"):  # it came from a worker
            self._run.kept.share(report)
        self._run.add(report)

    @pytest.hookimpl(trylast=True, specname="pytest_runtest_logreport")
    def pytest_forget_outcome(self, report: pytest.TestReport) -> None:
        """Take the outcome off the report when everybody has seen it: pytest keeps all reports to the end."""
        self._run.forget(report)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    """End the engine, write the files and the XML's properties before the XML itself is; then have the last word.

    Other plugins add the status they were called with to ours (syrupy does: 0 | 1 is 1, and 10 | 1 is 11): a gate's
    answer must not change by what is installed beside it.
    """
    run = session.config.stash.get(RUN, None)
    if run is None:
        yield
        return
    from pytest_humaneval.plugin.junit_properties import add_suite_properties

    session.config.stash[FINISHED] = finished = run.finish(exitstatus, session.testsfailed)
    session.exitstatus = decided = finished.exit_status
    add_suite_properties(session.config, run.ledger)
    yield
    if session.exitstatus == decided | exitstatus:
        session.exitstatus = decided


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Print pass@k, what it proves and the gates' answers, below whatever pytest and others print.

    Only the controller holds a ledger. The outermost wrapper: pytest's own prints failures before, a summary after.
    """
    run = config.stash.get(RUN, None)
    if run is None:
        yield
        if flag := options.unheard(config):
            terminalreporter.write_line(f"humaneval: {flag} without --strategy=NAME: nothing was evaluated")
        return
    from pytest_humaneval.report.texttable import terminal_width

    with run.failures_held_back(terminalreporter):
        yield
    finished = config.stash.get(FINISHED, None)
    if finished is not None and (lines := run.summary(finished, terminal_width())):
        terminalreporter.section("HumanEval", sep="=")
        for line in lines:
            terminalreporter.write_line(one_line(line))


@pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_terminal_summary")
def pytest_list_failures(config: pytest.Config) -> Generator[None, None, None]:
    """Print a line for each of many failures, where pytest's own pages would end: the innermost wrapper."""
    if RUN not in config.stash:
        yield
        return
    from pytest_humaneval.plugin.failure_list import FAILURES
    from pytest_humaneval.report.texttable import terminal_width

    if (failures := config.stash.get(FAILURES, None)) is None:
        yield
        return
    failures.write(terminal_width())
    with failures.given_back():
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the engine also when the session never got to its end."""
    if (run := config.stash.get(RUN, None)) is not None:
        run.session.close()

"""What a worker process of Ray's does: opens one sandbox, tries it, and judges piece after piece in it."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.cluster.judging import Judged
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.outcome import ERROR, Outcome
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.cause import cause_of
from pytest_humaneval.sandbox import Sandbox, SandboxKind, SandboxOptions, open_sandbox, self_check
from pytest_humaneval.store.keeping_sandbox import KeepingSandbox
from pytest_humaneval.store.shared_address import SharedAddress
from pytest_humaneval.store.verdicts import FILE
from pytest_humaneval.text.printable import printable

DETAIL_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Setup:
    """What is the same for all samples of a run.

    ``timeout`` is in seconds of CPU time. ``source`` is where a node finds a sandbox that is not bundled.
    """

    problems: tuple[Problem, ...]
    sandbox: SandboxOptions
    timeout: float
    source: TopLevel | None = None
    read_store: bool = True  # whether verdicts that a node has kept count
    shared: SharedAddress | None = None  # of a store beside that; a node's environment has its password

    def open_sandbox(self) -> Sandbox:
        """The sandbox, to be entered."""
        if self.source is None:
            return open_sandbox(self.sandbox)
        name = self.sandbox.name
        return open_sandbox(self.sandbox, {name: SandboxKind(name, "", self.source.load())})


class Bench:
    """A sandbox that has shown that it can tell right from wrong, and the problems it judges by."""

    def __init__(self, setup: Setup) -> None:
        """Open the sandbox and try it.

        Raises:
            SandboxError: it does not start, or gets one of the three wrong.
        """
        self._timeout = setup.timeout
        self._problems = {problem.task_id: problem for problem in setup.problems}
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as opening:
            sandbox = opening.enter_context(setup.open_sandbox())
            self_check(sandbox, setup.problems)
            store = default_cache_directory() / FILE
            keeping = KeepingSandbox(sandbox, setup.sandbox, store, read=setup.read_store, shared=setup.shared)
            self._sandbox = opening.enter_context(keeping)
            self._open = opening.pop_all()

    @property
    def layers(self) -> tuple[str, ...]:
        """Those of the sandbox."""
        return self._sandbox.layers

    def judge(self, samples: Sequence[Sample]) -> list[Judged]:
        """A verdict, or an error of the sandbox, for each sample."""
        return [self._judge(sample) for sample in samples]

    def close(self) -> None:
        """End the sandbox."""
        self._open.close()

    def _judge(self, sample: Sample) -> Judged:
        problem = self._problems[sample.task_id]
        try:
            verdict = self._sandbox.check(problem, sample.completion, timeout=self._timeout)
        except SandboxError as error:  # the sandbox starts anew with the next check
            return Judged(ERROR, printable(f"SandboxError: {error}", DETAIL_CHARACTERS))
        outcome = Outcome(*sample.item).judged(sample.completion, verdict)
        cause = cause_of(outcome, problem)
        strong = outcome.strong_kind, outcome.strong_detail
        from_store = self._sandbox.last_from_store
        return Judged(outcome.kind, outcome.detail, outcome.seconds, *strong, cause, from_store=from_store)


_BENCHES: dict[str, Bench] = {}  # this process's one, by the run that it is for


def bench_for(run: str, fetch: Callable[[], Setup]) -> Bench:
    """This process's bench for a run: opened the first time, kept until the process ends.

    Raises:
        SandboxError: its sandbox does not start, or cannot be trusted.
    """
    if run not in _BENCHES:
        _close()
        _BENCHES[run] = Bench(fetch())
        atexit.register(_close)
    return _BENCHES[run]


def _close() -> None:
    while _BENCHES:
        _BENCHES.popitem()[1].close()

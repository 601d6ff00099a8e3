"""The engine while a run needs it, with what watches it and what asks it beside the items."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pytest

from pytest_humaneval.engine.catalogue import source_of
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import EngineProcess, RunningEngine
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.guiding.guide import GuideThread
from pytest_humaneval.interruption import sigterm_as_interruption
from pytest_humaneval.plan import Plan
from pytest_humaneval.plugin import options
from pytest_humaneval.plugin.screen import SCREEN
from pytest_humaneval.plugin.statusline import StatusLine
from pytest_humaneval.sample import ItemId

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model

WARM_ONE_TAKEN = "note: another run was using the warm engine; this one started an engine of its own"


class EngineSession:
    """The engine process, the status line and the guide of one run; leaving the context ends them.

    ``notes`` are lines for the summary, on how the engine came about.
    """

    def __init__(self, config: pytest.Config, plan: Plan, model: Model | None, store: StoreOptions) -> None:
        """Start the engine process; the model loads when it is asked for. SIGTERM is an interruption from here on.

        Raises:
            EngineError: the engine process does not start.
        """
        self._plan = plan
        with ExitStack() as opening:
            opening.enter_context(sigterm_as_interruption())
            self._guides = opening.enter_context(ExitStack())  # left after the engine: without it they come to an end
            self._guide: GuideThread | None = None
            self.engine, self.notes = _start_engine(config, plan, model, store)
            opening.callback(self.engine.close)
            if (status := _status_line(config, self.engine)) is not None:
                opening.callback(status.close)
            self._until_closed = opening.pop_all()

    def client(self) -> EngineClient:
        """A connection for items that run in this process."""
        return self.engine.client()

    def hold(self) -> None:
        """Have the engine load, and generate nothing yet; where it is gone, each item will say so itself."""
        with suppress(EngineError), closing(self.client()) as client:
            client.hold()

    def release(self) -> None:
        """Let it generate."""
        with suppress(EngineError), closing(self.client()) as client:
            client.release()

    def guide(self, items: Iterable[ItemId]) -> None:
        """Have the guided ones among the items solved, beside everything else; a second call adds nothing."""
        guided = {strategy.name for strategy in self._plan.strategies if strategy.guided}
        solved = [item for item in items if item.strategy in guided]
        if solved and self._guide is None and self._plan.engine.name != "replay":
            self._guide = GuideThread(self._plan, self.client(), solved)
            self._guides.callback(self._guide.close)

    def progress(self) -> dict[str, Any]:
        """How far the engine is, what it took, and what guided strategies drew.

        Raises:
            EngineError: it is gone.
        """
        client = self.client()
        try:
            return client.progress() | {"guided_sampling": self._guide.sampling if self._guide is not None else {}}
        finally:
            client.close()

    def close(self) -> None:
        """End everything; what the engine finished is in the store. A second call does nothing."""
        self._until_closed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _start_engine(
    config: pytest.Config, plan: Plan, model: Model | None, store: StoreOptions
) -> tuple[RunningEngine, tuple[str, ...]]:
    """An engine process of the run's own, or with --humaneval-linger its turn with one that outlives it; with notes."""
    linger = options.value_of(config, "linger", 0.0)
    kind = plan.extensions.engines[plan.engine.name]
    source = source_of(kind)
    if not (linger and kind.reusable):
        return EngineProcess(plan.engine, model, store, source=source), ()
    from pytest_humaneval.background.private_directory import PrivateDirectory, default_directory
    from pytest_humaneval.background.warm import take_turn

    directory = PrivateDirectory(default_directory())
    warm = take_turn(directory, plan.engine, model, plan.identity, store, idle_limit=linger, source=source)
    if warm is not None:
        return warm, ()
    return EngineProcess(plan.engine, model, store, source=source), (WARM_ONE_TAKEN,)


def _status_line(config: pytest.Config, engine: RunningEngine) -> StatusLine | None:
    reporter, screen = config.pluginmanager.get_plugin("terminalreporter"), config.stash.get(SCREEN, None)
    if reporter is None or screen is None or reporter.verbosity < -1:
        return None
    return StatusLine(reporter, engine.client(), screen)

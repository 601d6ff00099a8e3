"""Items on their way to a solution, and which of them has its answers: whoever is ready goes on, in any order.

Were the oldest always waited for, one slow answer would hold up the questions of all others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pytest_humaneval.engine.connection import News
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompting.guided import Questions
from pytest_humaneval.sample import Generation, ItemId, Request, Solution
from pytest_humaneval.strategy import Strategy


class Asking(Protocol):
    """What is used of an engine's client, :class:`~pytest_humaneval.engine.connection.EngineClient`, to solve items."""

    def submit(self, requests: Iterable[tuple[str, Request]]) -> None: ...

    def generation(self, key: str, request: Request) -> Generation: ...

    def news(self, since: int, stopped: int) -> News: ...

    def want(self, keys: Iterable[str]) -> None: ...

    def publish(self, key: str, solution: Solution) -> None: ...

    def publish_error(self, key: str, message: str, *, shared: bool = False, by_strategy: bool = False) -> None: ...


@dataclass(eq=False)
class Pursuit:
    """One item's strategy on its way to a solution."""

    item: ItemId
    problem: Problem  # the visible one
    strategy: Strategy
    questions: Questions
    requests: list[tuple[str, Request]] = field(default_factory=list)  # the draw it is waiting for
    drawn: list[Generation] = field(default_factory=list)  # all so far
    num_questions: int = 0


class Pursuits:
    """Those that wait for a draw; true while there are any."""

    def __init__(self, client: Asking) -> None:
        self._client = client
        self._missing: dict[Pursuit, set[str]] = {}  # keys without an answer
        self._waiting_for: dict[str, list[Pursuit]] = {}
        self._ready: deque[Pursuit] = deque()
        self._answered: set[str] = set()
        self._seen = 0  # the number of the newest answer that was read of
        self._stopped: set[str] = set()  # strategies that want no more

    def __len__(self) -> int:
        return len(self._missing) + len(self._ready)

    def add(self, pursuit: Pursuit) -> None:
        """Have one wait for its draw."""
        missing = {key for key, _ in pursuit.requests} - self._answered
        if not missing or pursuit.strategy.name in self._stopped:
            self._ready.append(pursuit)
            return
        self._missing[pursuit] = missing
        for key in missing:
            self._waiting_for.setdefault(key, []).append(pursuit)
        if self._stopped:  # one of those may have asked the same
            self._client.want(missing)

    def next(self) -> Pursuit:
        """The next that has all answers, or wants none any more; waits for it.

        Raises:
            EngineError: the engine process is gone, or the run has ended.
        """
        while not self._ready:
            news = self._client.news(self._seen, len(self._stopped))
            if not news.keys and len(news.stopped) == len(self._stopped):
                raise EngineError("the run has ended")
            self._seen = news.number
            for key in news.keys:
                self._settle(key)
            if stopped := set(news.stopped) - self._stopped:
                self._stop(stopped)
        return self._ready.popleft()

    def _settle(self, key: str) -> None:
        self._answered.add(key)
        for pursuit in self._waiting_for.pop(key, ()):
            if (missing := self._missing.get(pursuit)) is not None:
                missing.discard(key)
                if not missing:
                    self._release([pursuit])

    def _stop(self, strategies: set[str]) -> None:
        self._stopped |= strategies
        self._release([pursuit for pursuit in self._missing if pursuit.strategy.name in strategies])
        if self._missing:
            self._client.want(set().union(*self._missing.values()))

    def _release(self, pursuits: Iterable[Pursuit]) -> None:
        for pursuit in pursuits:
            del self._missing[pursuit]
            self._ready.append(pursuit)

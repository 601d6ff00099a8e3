"""Which engine of several has which request, whatever dies meanwhile. Knows nothing of Ray."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from pytest_humaneval.engine.protocol import Answer
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.sample import Request

LOSSES = 5  # of engines under one request; then it is the request's error
# Requests that an engine has at once, twice vLLM's batch; fewer with one of them that has lost engines before, so that
# others are not taken for its accomplices. Losing one engine is no sign: nodes die.
WINDOWS = (512, 512, 32, 2, 1)


class Spread:
    """Requests that wait, and those that each engine has. Every request is answered once."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, Request]] = deque()
        self._held: dict[int, dict[str, Request]] = {}
        self._losses: Counter[str] = Counter()

    def submit(self, batch: Iterable[tuple[str, Request]]) -> None:
        """Take requests, in this order."""
        self._waiting.extend(batch)

    def held_by(self, engine: int) -> int:
        """How many requests an engine has."""
        return len(self._held.get(engine, ()))

    def take(self, engine: int, engines: int) -> list[tuple[str, Request]]:
        """What an engine, one of so many, gets in addition: its share of all that is not answered, up to a window."""
        total = len(self._waiting) + sum(map(len, self._held.values()))
        share, held = -(-total // max(1, engines)), self._held.setdefault(engine, {})
        losses = max((count for key, count in self._losses.items() if key in held), default=0)
        batch: list[tuple[str, Request]] = []
        while self._waiting:
            key, request = self._waiting[0]
            losses = max(losses, self._losses.get(key, 0))
            if len(held) >= min(share, WINDOWS[losses]):
                break
            held[key] = request
            batch.append(self._waiting.popleft())
        return batch

    def settle(self, engine: int, answers: Sequence[Answer]) -> list[Answer]:
        """The answers of an engine to what it has; it has that no more."""
        held = self._held.get(engine, {})
        known = [(key, answer) for key, answer in answers if held.pop(key, None) is not None]
        for key, _ in known:
            self._losses.pop(key, None)
        return known

    def lose(self, engine: int, why: str) -> list[Answer]:
        """Let others have what an engine had that is gone; the errors of requests that have lost too many."""
        lost = self._held.pop(engine, {})
        self._losses.update(lost.keys())
        given_up = [key for key in lost if self._losses[key] >= LOSSES]
        again = [(key, request) for key, request in lost.items() if self._losses[key] < LOSSES]
        self._waiting.extendleft(reversed(again))
        return [(key, EngineError(f"{self._losses.pop(key)} engines ended over it: {why}")) for key in given_up]

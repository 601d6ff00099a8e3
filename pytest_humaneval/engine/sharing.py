"""Which of the waiting requests this run generates, where other runners may be at the same ones."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice

from pytest_humaneval.store.claims import Claims

POLL_SECONDS = 0.5  # between two looks at what others are at
POLLED = 2_000  # requests in one look
WINDOW = 512  # requests claimed at once for each engine, twice vLLM's batch: what is left is anybody's
ROOM = 8  # a part of the window, one in so many, that has to be free for new ones: a claim asks the server twice


class Sharing:
    """Claims a window of requests, and remembers which ones others have. To be used by one thread."""

    def __init__(self, claims: Claims, window: int = WINDOW) -> None:
        self._claims = claims
        self._window = window
        self._elsewhere: dict[str, None] = {}
        self._polled_at = -POLL_SECONDS

    def claim(self, waiting: Sequence[str], in_hand: int) -> tuple[list[str], set[str]]:
        """The requests that were looked at, and those of them that are this run's from now on.

        New ones are looked at as far as there is room for them, and now and then those that others have.
        """
        room = max(0, self._window - in_hand)
        if room * ROOM < self._window:
            room = 0
        again = self._due_again(waiting)
        claimed = self._claim(again[:room])
        self._elsewhere |= dict.fromkeys(again[room:])
        looked_at = again
        fresh = (key for key in waiting if key not in self._elsewhere and key not in claimed)
        while some := list(islice(fresh, room - len(claimed))):
            looked_at += some
            claimed |= self._claim(some)
        return looked_at, claimed

    def give_back(self, keys: Iterable[str]) -> None:
        """Let others have these: they are answered, or not wanted."""
        self._claims.give_back(keys)

    def close(self) -> None:
        """Let others have everything."""
        self._claims.close()

    def _due_again(self, waiting: Sequence[str]) -> list[str]:
        """Those that others had, if it is time to look; who still has them, has them at the end of the queue."""
        if not self._elsewhere or time.monotonic() - self._polled_at < POLL_SECONDS:
            return []
        self._polled_at = time.monotonic()
        polled, still = list(islice(self._elsewhere, POLLED)), set(waiting)
        for key in polled:
            del self._elsewhere[key]
        return [key for key in polled if key in still]

    def _claim(self, keys: Sequence[str]) -> set[str]:
        granted = self._claims.claim(keys) if keys else set()
        self._elsewhere |= dict.fromkeys(key for key in keys if key not in granted)
        return granted

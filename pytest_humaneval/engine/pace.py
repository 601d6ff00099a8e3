"""How many requests a server gets at once, and when: as many as it takes without complaint.

Each refusal for haste (429) halves the number and makes everybody wait, as long as the server asks for or else longer
every time; each answer lets it grow a little. This is TCP's way (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5  # seconds, without a word of the server's; doubled by each refusal that follows
LONGEST_PAUSE = 30.0
_TRY_AGAIN = re.compile(r"(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?)\s*(ms|m(?:in)?|s)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "m": 60.0, "min": 60.0}


class Pace:
    """For one server, in its event loop. ``limit`` is how many requests it gets at once."""

    def __init__(self, limit: int) -> None:
        self.most = limit
        self.limit = float(limit)
        self.in_flight = 0
        self._refusals = 0  # since the last answer
        self._slowed_at = 0.0
        self._resume_at = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for a turn, and have it; its time is what :meth:`slow_down` wants to know."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self.in_flight < max(1, int(self.limit)))
                if (pause := self._resume_at - time.monotonic()) <= 0:
                    self.in_flight += 1
                    break
            await asyncio.sleep(pause)
        try:
            yield time.monotonic()
        finally:
            async with self._changed:
                self.in_flight -= 1
                self._changed.notify_all()

    def answered(self) -> None:
        """Let the number grow: by one for each crowd of answers."""
        self._refusals = 0
        self.limit = min(self.most, self.limit + 1 / self.limit)

    def slow_down(self, sent_at: float, pause: float | None) -> float:
        """Take a refusal of a request that was sent at ``sent_at``; returns for how many seconds everybody waits."""
        if sent_at >= self._slowed_at:  # else it was on its way when an earlier refusal came
            self.limit = max(1.0, min(self.limit, self.in_flight) / 2)
            self._slowed_at = time.monotonic()
            self._refusals += 1
        if pause is None:
            pause = pause_before(self._refusals)
        self._resume_at = max(self._resume_at, time.monotonic() + pause)
        return pause


def pause_before(retry: int) -> float:
    """Seconds before the n-th try again; scattered, so that not all come back at the same moment."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, retry - 1)) * random.uniform(0.75, 1.25))


def asked_pause(headers: Mapping[str, str], message: str = "") -> float | None:
    """The seconds that a server asks to wait, by its headers (a number, a date) or in words; None where it doesn't."""
    if (wait := _number(headers.get("retry-after-ms", ""))) is not None:
        return wait / 1000
    if after := headers.get("retry-after", ""):
        if (wait := _number(after)) is not None:
            return wait
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
        except ValueError:
            pass
    if match := _TRY_AGAIN.search(message):
        return float(match[1]) * _UNITS.get((match[2] or "s").lower(), 1.0)
    return None


def _number(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        return None

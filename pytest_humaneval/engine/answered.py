"""Which answer came after which, for one who waits for many."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile


class Answered:
    """Keys by the number of their answer, from 1 on. What is forgotten takes no memory, and keeps its number."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.number = 0  # of the newest answer
        self._numbers: dict[str, int] = {}
        self.add(keys)

    def add(self, keys: Iterable[str]) -> None:
        """Number these, which are answered now."""
        for key in keys:
            self.number += 1
            self._numbers.pop(key, None)  # the newest is the last
            self._numbers[key] = self.number

    def forget(self, key: str) -> None:
        """Nobody waits for this one any more."""
        self._numbers.pop(key, None)

    def after(self, number: int) -> list[str]:
        """Those that were answered after the one with this number, in that order."""
        return list(takewhile(lambda key: self._numbers[key] > number, reversed(self._numbers)))[::-1]

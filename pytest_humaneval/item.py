"""Which sample is meant."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ItemId(NamedTuple):
    """One sample of a run: the one identity that it has in reports, files, stores and messages.

    A tuple, so that it sorts by problem, strategy and sample, and can be taken apart.
    """

    task_id: str
    strategy: str
    sample_index: int

    @property
    def key(self) -> str:
        """The item as one text; within a run, as the strategies of a name may change between two."""
        return f"{self.task_id} {self.strategy} {self.sample_index}"


class Item(Protocol):
    """What belongs to a problem and a strategy: an item's id, an outcome."""

    @property
    def task_id(self) -> str: ...

    @property
    def strategy(self) -> str: ...

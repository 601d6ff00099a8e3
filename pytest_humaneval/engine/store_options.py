"""Where a run keeps its generations, as the engine process is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_humaneval.store.shared_address import SharedAddress


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """The store's file, whether answers in it count, and the store beside it that other runners use, too.

    Without a ``path`` nothing is kept. The password goes through pipes and private sockets only.
    """

    path: str = ""
    read: bool = False
    shared: SharedAddress | None = None
    password: str = field(default="", repr=False)
    engines: int = 1  # which the run's requests are spread over


NO_STORE = StoreOptions()

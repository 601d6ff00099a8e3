"""What the engine process keeps of its answers, beyond the run: in a file, and in a store that runners share."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_humaneval.engine.sharing import WINDOW, Sharing
from pytest_humaneval.engine.store import Store
from pytest_humaneval.engine.store_options import StoreOptions
from pytest_humaneval.finish_reasons import settled
from pytest_humaneval.sample import Generation
from pytest_humaneval.store.claims import Claims
from pytest_humaneval.store.shared_rows import KeptRows, open_rows
from pytest_humaneval.store.shared_server import SharedServer


class KeptAnswers:
    """The store of generations, with what others are at where it is shared. Thread-safe, but for :meth:`claim`."""

    def __init__(self, options: StoreOptions) -> None:
        """Open what there is to be.

        Raises:
            InputError: the package redis is missing for a shared store.
        """
        self._in_use = threading.Lock()
        self._store: KeptRows[Generation] | None = None
        self._read = options.read
        self._server = SharedServer(options.shared, options.password) if options.path and options.shared else None
        self._notices: list[str] = []
        if options.path:
            self._store, notice = open_rows(Store, Path(options.path), self._server)
            self._notices += [notice] if notice else []
        # Without the answers of others there is nothing to wait for.
        self._sharing: Sharing | None = None
        if self._server is not None and self._read:
            self._sharing = Sharing(Claims(self._server), WINDOW * options.engines)

    @property
    def is_shared(self) -> bool:
        """Whether requests have to be claimed."""
        return self._sharing is not None

    def get(self, keys: Sequence[str]) -> dict[str, Generation]:
        """Those that are there and may be read, as this run reports them."""
        if not (self._read and keys):
            return {}
        with self._in_use:
            stored = self._store.get_many(keys) if self._store is not None else {}
        # Older releases kept a server's failures, too. What a former run waited is none of this one's time.
        kept = {key: settled(answer) for key, answer in stored.items()}
        return {key: replace(answer, seconds=0.0) for key, answer in kept.items() if isinstance(answer, Generation)}

    def put(self, generated: Sequence[tuple[str, Generation]]) -> str:
        """Keep them; returns a notice, or nothing."""
        with self._in_use:
            return self._store.put_many(generated) if self._store is not None and generated else ""

    def claim(self, waiting: Sequence[str], in_hand: int) -> tuple[list[str], dict[str, Generation]]:
        """Of the requests that wait, those that are this run's to generate, and answers that others have made.

        What is neither, others are at.
        """
        assert self._sharing is not None
        looked_at, claimed = self._sharing.claim(waiting, in_hand)
        answered = self.get(looked_at)  # after claiming: who had a claim keeps the answer before giving it back
        self._sharing.give_back(answered)
        return [key for key in looked_at if key in claimed and key not in answered], answered

    def give_back(self, keys: Iterable[str]) -> None:
        """Let other runners have these: they are answered, or not wanted."""
        if self._sharing is not None:
            self._sharing.give_back(keys)

    def give_all_back(self) -> None:
        """Let other runners have everything."""
        if self._sharing is not None:
            self._sharing.close()

    def take_notices(self) -> Collection[str]:
        """What the user should know, since the last call."""
        notices, self._notices = self._notices, []
        return [*notices, *(self._server.take_notices() if self._server is not None else ())]

    def close(self) -> None:
        """Close the store, and let other runners have what is not answered."""
        self.give_all_back()
        with self._in_use:
            if self._store is not None:
                self._store.close()
            self._store = None
        if self._server is not None:
            self._server.close()

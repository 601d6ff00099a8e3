"""A sandbox that asks the store before it judges, and tells it what it has judged."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox, SandboxOptions
from pytest_humaneval.store.self_contained import is_self_contained
from pytest_humaneval.store.shared_address import SharedAddress
from pytest_humaneval.store.shared_rows import KeptRows, open_rows
from pytest_humaneval.store.shared_server import SharedServer
from pytest_humaneval.store.verdicts import CONFINED_HERE, Verdicts, circumstances_of, is_kept, key_of
from pytest_humaneval.verdict import Verdict

WRITTEN_TOGETHER = 100  # verdicts; a transaction takes as long as a check
WRITTEN_AFTER = 2.0  # seconds


class KeepingSandbox:
    """Another sandbox, which is entered already, with its verdicts kept; exceptions are that one's.

    ``last_from_store`` says whether the last verdict came from the store; ``notices`` are what the user should know of
    the store. Verdicts that a killed process had not written are judged again.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        options: SandboxOptions,
        path: Path,
        *,
        read: bool,
        shared: SharedAddress | None = None,
    ) -> None:
        """``path`` is the store's file, ``shared`` a store beside it; without ``read`` everything is judged anew, and
        kept.
        """
        self._sandbox, self._options, self._path, self._read = sandbox, options, path, read
        self._shared = shared
        self._server: SharedServer | None = None
        self._store: KeptRows[Verdict] | None = None
        self._circumstances = ""
        self._new: dict[str, Verdict] = {}
        self._written_at = time.monotonic()
        self.last_from_store = False
        self.notices: list[str] = []

    @property
    def name(self) -> str:
        """The other sandbox's."""
        return self._sandbox.name

    @property
    def layers(self) -> tuple[str, ...]:
        """The other sandbox's."""
        return self._sandbox.layers

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        """The verdict that is kept, or else that of the other sandbox."""
        self.last_from_store = False
        if self._store is None or not is_self_contained(problem, completion):
            return self._sandbox.check(problem, completion, timeout=timeout)
        key = key_of(problem, completion, timeout, self._circumstances)
        if self._read and (verdict := self._kept(key)) is not None:
            self.last_from_store = True
            return verdict
        verdict = self._sandbox.check(problem, completion, timeout=timeout)
        if is_kept(verdict):
            self._new[key] = verdict
            if len(self._new) >= WRITTEN_TOGETHER or time.monotonic() - self._written_at > WRITTEN_AFTER:
                self._write()
        return verdict

    def __enter__(self) -> Self:
        if self._sandbox.name in CONFINED_HERE:
            self._circumstances = circumstances_of(self._options, self._sandbox.name, self._sandbox.layers)
            self._server = self._open_server()
            self._store, notice = open_rows(Verdicts, self._path, self._server)
            self._note(notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            self._write()
            self._store.close()
            self._store = None
        if self._server is not None:
            self._server.close()
            self._server = None

    def _open_server(self) -> SharedServer | None:
        try:
            return SharedServer(self._shared) if self._shared is not None else None
        except InputError as error:  # on another machine than that where it was looked at
            self._note(f"{error}; the local store is used")
            return None

    def _kept(self, key: str) -> Verdict | None:
        assert self._store is not None
        verdict = self._new.get(key) or self._store.get_many([key]).get(key)
        self._note_server()
        return verdict

    def _write(self) -> None:
        assert self._store is not None
        self._note(self._store.put_many(self._new.items()))
        self._note_server()
        self._new.clear()
        self._written_at = time.monotonic()

    def _note_server(self) -> None:
        for notice in self._server.take_notices() if self._server is not None else ():
            self._note(notice)

    def _note(self, notice: str) -> None:
        if notice and notice not in self.notices:
            self.notices.append(notice)

"""Values by key in a local file and, beside it, in a store that several machines share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pytest_humaneval.store.row_store import Rows, row_checksum
from pytest_humaneval.store.shared_server import SharedServer, executed, in_parts

if TYPE_CHECKING:
    import redis

T = TypeVar("T")

UNSURE_TOGETHER = 500  # rows
UNSENT = 100_000  # keys that are remembered, some megabytes; what is beyond waits for a run that asks for it again
_DIGITS = 8  # of a checksum, before each value


class KeptRows(Protocol[T]):
    """Values by key that outlive a run, as :class:`~pytest_humaneval.store.row_store.Rows` has them."""

    def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """Those of ``keys`` that are stored, in the order asked."""

    def put_many(self, pairs: Iterable[tuple[str, T]]) -> str:
        """Keep values by key; returns a notice, or nothing."""

    def close(self) -> None:
        """Write what is still unwritten, and let go."""


def open_rows(kind: type[Rows[T]], path: Path, server: SharedServer | None) -> tuple[KeptRows[T], str]:
    """The store of a kind at ``path``, also in ``server`` where there is one, and a notice or nothing."""
    local, notice = kind.open(path)
    return (SharedRows(local, server) if server is not None else local), notice


class SharedRows(Generic[T]):
    """Whatever is kept is in the local file first, so that nothing is lost when the server is away.

    What the server lacks of it is handed in later: by this run, or by one that asks for it again. What comes from the
    server is in the local file then. To be used by one thread at a time.
    """

    def __init__(self, local: Rows[T], server: SharedServer) -> None:
        self._local, self._server = local, server
        self._kind = f"{local.KIND.noun}.{local.KIND.version}"
        self._unsent: dict[str, None] = {}  # keys that the server could not take
        self._unsure: dict[str, None] = {}  # keys of older runs, which it may lack
        self._damaged_told = False
        self._notices: list[str] = []

    def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """Those of ``keys`` that are stored, in the order asked. Damaged rows count as absent."""
        wanted = list(dict.fromkeys(keys))
        values = self._local.get_many(wanted)
        self._unsure |= dict.fromkeys(values)
        if fetched := self._fetch([key for key in wanted if key not in values]):
            self._note(self._local.put_many(fetched.items()))
        if len(self._unsure) >= UNSURE_TOGETHER:
            self._hand_in()
        values |= fetched
        return {key: values[key] for key in wanted if key in values}

    def put_many(self, pairs: Iterable[tuple[str, T]]) -> str:
        """Keep values by key: durably here when this returns, and there if it can be.

        Returns:
            What went wrong for the first time since the last call, also in :meth:`get_many`, else nothing. Of the
            server itself, its ``take_notices`` tells.
        """
        values = dict(pairs)
        self._note(self._local.put_many(values.items()))
        if not self._send(values):
            self._unsent |= dict.fromkeys(islice(values, UNSENT - len(self._unsent)))
        elif self._unsent:
            self._send_again()
        notices, self._notices = self._notices, []
        return "; ".join(notices)

    def close(self) -> None:
        """Hand in what the server lacks, if that is possible now, and close the file."""
        self._send_again()
        self._hand_in()
        self._local.close()

    def _fetch(self, keys: Sequence[str]) -> dict[str, T]:
        values: dict[str, T] = {}
        for part in in_parts(keys):
            blobs: list[Any] = self._server.attempt(_getting([self._name(key) for key in part])) or []
            values |= dict(self._intact(zip(part, blobs, strict=False)))
        return values

    def _intact(self, blobs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, T]]:
        for key, blob in blobs:
            if blob is None:
                continue
            value = self._unpack(key, bytes(blob))
            if value is not None:
                yield key, value
            elif not self._damaged_told:
                self._damaged_told = True
                kind = self._local.KIND
                self._note(f"{self._server.address}: 1 or more stored {kind.noun} are damaged and {kind.again}")

    def _send(self, values: Mapping[str, T], *, only_absent: bool = False) -> bool:
        """Whether the server took them all."""
        return all(
            self._server.attempt(_setting(rows, only_absent), writing=True) is not None
            for part in in_parts(values)
            for rows in [{self._name(key): self._pack(key, values[key]) for key in part}]
        )

    def _send_again(self) -> None:
        for part in in_parts(self._unsent):
            if not self._send(self._local.get_many(part)):
                return
            for key in part:
                del self._unsent[key]

    def _hand_in(self) -> None:
        """Give the server those of older runs that it lacks: one was away then, or had no shared store."""
        keys, self._unsure = list(self._unsure), {}
        for part in in_parts(keys):
            there: list[Any] | None = self._server.attempt(_looking([self._name(key) for key in part]))
            if there is None:
                return
            absent = [key for key, is_there in zip(part, there, strict=True) if not is_there]
            if absent:
                self._send(self._local.get_many(absent), only_absent=True)

    def _name(self, key: str) -> str:
        return self._server.key(self._kind, key)

    def _pack(self, key: str, value: T) -> bytes:
        _, text, digits = self._local.to_row(key, value)
        return f"{digits:0{_DIGITS}x}".encode() + text

    def _unpack(self, key: str, blob: bytes) -> T | None:
        try:
            digits, text = int(blob[:_DIGITS], 16), blob[_DIGITS:]
            return self._local.decode(json.loads(text)) if row_checksum(key.encode(), text) == digits else None
        except (ValueError, RecursionError):
            return None

    def _note(self, notice: str) -> None:
        if notice and notice not in self._notices:
            self._notices.append(notice)


def _getting(names: Sequence[str]) -> Any:
    return lambda client: client.mget(names)


def _looking(names: Sequence[str]) -> Any:
    def look(client: redis.Redis) -> Any:
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.exists(name)
        return executed(pipeline)

    return look


def _setting(rows: Mapping[str, bytes], only_absent: bool) -> Any:
    def put(client: redis.Redis) -> Any:
        pipeline = client.pipeline(transaction=False)
        for name, blob in rows.items():
            pipeline.set(name, blob, nx=only_absent)
        return executed(pipeline)

    return put

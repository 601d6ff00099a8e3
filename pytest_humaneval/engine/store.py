"""Finished generations, kept on disk: an interrupted run resumes, and a repeated run needs no model."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import Any, Self

from pytest_humaneval.sample import Generation

APPLICATION_ID = 0x48456761  # "HEga": tells SQLite files of ours from everybody else's
SCHEMA_VERSION = 1  # raise it when the table, or the meaning of a stored generation, changes

# Blobs, not text: a damaged byte then spoils one row's checksum, and not the decoding of a whole query.
_TABLE = "CREATE TABLE generations (key BLOB PRIMARY KEY, generation BLOB, checksum INTEGER) WITHOUT ROWID"
_BUSY_TIMEOUT = 10.0  # seconds; another run holds the lock for milliseconds, once a transaction
_FIELDS: dict[str, Any] = {
    "text": str,
    "finish_reason": str,
    "prompt_tokens": int,
    "completion_tokens": int,
    "seconds": (float, int),
    "logprob": (float, int, NoneType),
    "is_completion": bool,
    "reasoning": str,
    "score": (float, int, NoneType),
    "scored_tokens": int,
}  # of a stored generation
SCORE = ["score", "scored_tokens"]  # of a text that was given, which most have none of
_KEYS_PER_QUERY = 500  # under the 999 variables that the oldest SQLite versions allow


class Store:
    """Generations by request key, in one SQLite file that several runs may use at once.

    Nothing that happens to the file is fatal. What cannot be read is missing, what cannot be written is kept in memory
    and tried again with the next call, and each kind of trouble is told once, as a notice. Rows are never deleted.
    To be used by one thread at a time.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, write_trouble_told: bool = False) -> None:
        self.path = path
        self._connection = connection
        self._write_trouble_told = write_trouble_told
        self._read_trouble = ""
        self._unwritten: dict[str, Generation] = {}

    @classmethod
    def open(cls, path: Path) -> tuple[Self, str]:
        """The store at ``path``, made when absent, and a notice: what the user should know, or nothing.

        A damaged or foreign file, or a directory, is renamed beside itself and a fresh store takes its place. A store
        that cannot be written is read. Where even that fails, the store lives in memory.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _only_opener(path):
                connection, notice = _open_or_set_aside(path)
            return cls(connection, path), notice
        except (OSError, sqlite3.Error) as error:
            connection, notice = _open_without_writing(path, str(error))
            return cls(connection, path, write_trouble_told=True), notice

    def get_many(self, keys: Iterable[str]) -> dict[str, Generation]:
        """Those of ``keys`` that are stored, in the order asked. Damaged rows count as absent."""
        wanted = list(dict.fromkeys(keys))
        generations: dict[str, Generation] = {}
        try:
            for start in range(0, len(wanted), _KEYS_PER_QUERY):
                generations |= self._get_some(wanted[start : start + _KEYS_PER_QUERY])
        except sqlite3.Error as error:
            self._read_trouble = f"{self.path}: {error}; stored generations that cannot be read are made again"
        generations |= {key: self._unwritten[key] for key in wanted if key in self._unwritten}
        return {key: generations[key] for key in wanted if key in generations}

    def put_many(self, pairs: Iterable[tuple[str, Generation]]) -> str:
        """Keep generations by key, durably when this returns: one transaction, replacing what was there.

        Returns:
            A notice, the first time something goes wrong (also in :meth:`get_many`), else nothing.
        """
        self._unwritten |= dict(pairs)
        rows = [_to_row(key, generation) for key, generation in self._unwritten.items()]
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO generations VALUES (?, ?, ?)", rows)
            self._unwritten.clear()
        except sqlite3.Error as error:
            return "; ".join(filter(None, [self._take_read_trouble(), self._write_trouble(error)]))
        return self._take_read_trouble()

    def size(self) -> int:
        """Bytes the store takes, so that a user can decide when to delete it."""
        return int(_pragma(self._connection, "page_count")) * int(_pragma(self._connection, "page_size"))

    def close(self) -> None:
        """Write what is still unwritten, if that is possible now, and let go of the file."""
        if self._unwritten:
            self.put_many([])
        self._connection.close()

    def _get_some(self, keys: Sequence[str]) -> dict[str, Generation]:
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, generation, checksum FROM generations WHERE key IN ({marks})"
        rows = self._connection.execute(query, [key.encode() for key in keys]).fetchall()
        intact = {key: text for key, text, checksum in rows if _checksum(key, text) == checksum}
        if damaged := len(rows) - len(intact):
            self._read_trouble = f"{self.path}: {damaged} or more stored generations are damaged and are made again"
        generations = _parsed(intact)
        if foreign := len(intact) - len(generations):
            self._read_trouble = (
                f"{self.path}: {foreign} or more stored rows are not generations and are set aside; they are made again"
            )
        return generations

    def _take_read_trouble(self) -> str:
        trouble, self._read_trouble = self._read_trouble, ""
        return trouble

    def _write_trouble(self, error: sqlite3.Error) -> str:
        if self._write_trouble_told:
            return ""
        self._write_trouble_told = True
        # Somebody who held the lock for this long may hold it for good: never wait for them again.
        self._connection.execute("PRAGMA busy_timeout = 0")
        return f"{self.path}: {error}; generations stay in memory, and are lost after this run unless it recovers"


def _parsed(rows: dict[bytes, bytes]) -> dict[str, Generation]:
    """The rows that are generations: another program, or another release, may have written what is none."""
    try:  # one call: 0.09 s for 32,800, not 0.15
        values: list[Any] = json.loads(b"[%s]" % b",".join(rows.values()))
    except (ValueError, RecursionError, TypeError):
        values = []
    if len(values) != len(rows):
        values = [_value(text) for text in rows.values()]
    return {
        key.decode(): Generation(**fields) for key, fields in zip(rows, values, strict=True) if _is_generation(fields)
    }


def _value(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return None


def _is_generation(fields: Any) -> bool:
    return (
        type(fields) is dict
        and "text" in fields
        and all(name in _FIELDS and isinstance(value, _FIELDS[name]) for name, value in fields.items())
    )


class _NotAStoreError(Exception):
    """What lies at the path is not an intact store of ours; says what it is."""


@contextlib.contextmanager
def _only_opener(path: Path) -> Iterator[None]:
    """One process at a time: two that find the same damaged file must not set aside each other's fresh one."""
    with open(f"{path}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_or_set_aside(path: Path) -> tuple[sqlite3.Connection, str]:
    try:
        return _open(path), ""
    except _NotAStoreError as why:
        aside = _set_aside(path)
        return _open(path), f"{path} is {why}; it was set aside as {aside} and a new store was begun"


def _open(path: Path) -> sqlite3.Connection:
    """Open for reading and writing, and create the table in an empty file."""
    if path.is_dir():
        raise _NotAStoreError("a directory")
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")  # a device or a pipe: nothing to rename
    return _connect(str(path), _prepare_writing)


def _open_without_writing(path: Path, why: str) -> tuple[sqlite3.Connection, str]:
    """Read an unwritable store as it lies there, or else work in memory.

    ``immutable`` skips locks and journal, neither of which can be had in a read-only directory. Should somebody else
    write meanwhile, the rows' checksums tell what cannot be trusted.
    """
    if path.is_file():
        with contextlib.suppress(sqlite3.Error, _NotAStoreError):
            connection = _connect(f"{path.absolute().as_uri()}?immutable=1", _verify)
            return connection, f"{path} cannot be written ({why}); it is read, but this run's generations are not kept"
    return _connect(":memory:", _create), f"{path} cannot be used ({why}); this run's generations are not kept"


def _connect(database: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """A prepared connection, closed again when preparing fails; damage surfaces as :class:`_NotAStoreError`."""
    connection = sqlite3.connect(
        database,
        timeout=_BUSY_TIMEOUT,
        isolation_level="IMMEDIATE",
        check_same_thread=False,
        uri=database.startswith("file:"),
    )
    try:
        prepare(connection)
    except BaseException as error:
        connection.close()
        # The low byte is the primary result code; a busy, full or read-only database is no damaged one.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise _NotAStoreError(f"damaged or not a database ({error})") from error
        raise
    return connection


def _prepare_writing(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection):
            _create(connection)
        else:
            _verify(connection)
    connection.execute("PRAGMA journal_mode = WAL")  # readers beside one writer, and one fsync a transaction
    connection.execute("PRAGMA synchronous = FULL")  # what put_many returned from survives a power cut too


def _is_empty(connection: sqlite3.Connection) -> bool:
    objects = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not objects and not _pragma(connection, "application_id")


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(_TABLE)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _verify(connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise _NotAStoreError("a database of another program")
    if (version := _pragma(connection, "user_version")) != SCHEMA_VERSION:
        raise _NotAStoreError(f"a store of format {version} (this release reads format {SCHEMA_VERSION})")
    if connection.execute("SELECT sql FROM sqlite_master").fetchall() != [(_TABLE,)]:
        raise _NotAStoreError("a store without the expected table")
    if (finding := _pragma(connection, "quick_check(1)")) != "ok":
        raise _NotAStoreError(f"damaged ({finding})")


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _set_aside(path: Path) -> Path:
    """Rename ``path`` and its journals; they belong together."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    names = (path.with_name(f"{path.name}.aside-{stamp}{again}") for again in ["", *(f"-{n}" for n in range(2, 100))])
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    for companion, target in zip(_companions(path), _companions(aside), strict=True):
        with contextlib.suppress(FileNotFoundError):
            companion.rename(target)
    return aside


def _companions(path: Path) -> list[Path]:
    """The files SQLite keeps beside a database: write-ahead log, its index, rollback journal."""
    return [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")]


def _to_row(key: str, generation: Generation) -> tuple[bytes, bytes, int]:
    # surrogatepass: models do return lone surrogates, and json.loads decodes bytes in the same way.
    fields = asdict(generation)
    # Older releases neither write nor can read these.
    for name in ([] if fields["reasoning"] else ["reasoning"]) + ([] if fields["score"] is not None else SCORE):
        del fields[name]
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return key.encode(), text, _checksum(key.encode(), text)


def _checksum(key: bytes, text: bytes) -> int:
    """SQLite keeps no checksum of contents, and a flipped bit in a completion would be a wrong score."""
    return zlib.crc32(text, zlib.crc32(key))

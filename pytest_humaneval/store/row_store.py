"""Values by key, kept on disk in an SQLite file that several processes use at once, whatever happens to it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

T = TypeVar("T")

_BUSY_TIMEOUT = 10.0  # seconds; another run holds the lock for milliseconds, once a transaction
_KEYS_PER_QUERY = 500  # under the 999 variables that the oldest SQLite versions allow


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file holds: the values of one table, and how to tell such files from everybody else's.

    ``version`` is to be raised when the table, or the meaning of a value, changes. ``noun`` is what values are called
    in notices, ``column`` one of them; ``again`` says what becomes of those that cannot be read.
    """

    application_id: int
    version: int
    noun: str
    column: str
    again: str

    @property
    def table(self) -> str:
        # Blobs, not text: a damaged byte then spoils one row's checksum, and not the decoding of a whole query.
        return f"CREATE TABLE {self.noun} (key BLOB PRIMARY KEY, {self.column} BLOB, checksum INTEGER) WITHOUT ROWID"


class Rows(Generic[T]):
    """Values by key, in one SQLite file that several runs may use at once; subclasses say which.

    Nothing that happens to the file is fatal. What cannot be read is missing, what cannot be written is kept in memory
    and tried again with the next call, and each kind of trouble is told once, as a notice. Rows are never deleted.
    To be used by one thread at a time.
    """

    KIND: ClassVar[Kind]

    def encode(self, value: T) -> dict[str, Any]:
        """A value as JSON has it."""
        raise NotImplementedError

    def decode(self, fields: Any) -> T | None:
        """The inverse; None for what is no such value: another program, or another release, may have written it."""
        raise NotImplementedError

    def __init__(self, connection: sqlite3.Connection, path: Path, *, write_trouble_told: bool = False) -> None:
        self.path = path
        self._connection = connection
        self._write_trouble_told = write_trouble_told
        self._read_trouble = ""
        self._unwritten: dict[str, T] = {}

    @classmethod
    def open(cls, path: Path) -> tuple[Self, str]:
        """The store at ``path``, made when absent, and a notice: what the user should know, or nothing.

        A damaged or foreign file, or a directory, is renamed beside itself and a fresh store takes its place. A store
        that cannot be written is read. Where even that fails, the store lives in memory.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _only_opener(path):
                connection, notice = _open_or_set_aside(path, cls.KIND)
            return cls(connection, path), notice
        except (OSError, sqlite3.Error) as error:
            connection, notice = _open_without_writing(path, str(error), cls.KIND)
            return cls(connection, path, write_trouble_told=True), notice

    def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """Those of ``keys`` that are stored, in the order asked. Damaged rows count as absent."""
        wanted = list(dict.fromkeys(keys))
        values: dict[str, T] = {}
        try:
            for start in range(0, len(wanted), _KEYS_PER_QUERY):
                values |= self._get_some(wanted[start : start + _KEYS_PER_QUERY])
        except sqlite3.Error as error:
            self._read_trouble = f"{self.path}: {error}; stored {self.KIND.noun} that cannot be read {self.KIND.again}"
        values |= {key: self._unwritten[key] for key in wanted if key in self._unwritten}
        return {key: values[key] for key in wanted if key in values}

    def put_many(self, pairs: Iterable[tuple[str, T]]) -> str:
        """Keep values by key, durably when this returns: one transaction, replacing what was there.

        Returns:
            A notice, the first time something goes wrong (also in :meth:`get_many`), else nothing.
        """
        self._unwritten |= dict(pairs)
        rows = [self.to_row(key, value) for key, value in self._unwritten.items()]
        try:
            with self._connection:
                self._connection.executemany(f"INSERT OR REPLACE INTO {self.KIND.noun} VALUES (?, ?, ?)", rows)
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

    def _get_some(self, keys: Sequence[str]) -> dict[str, T]:
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, {self.KIND.column}, checksum FROM {self.KIND.noun} WHERE key IN ({marks})"
        noun, again = self.KIND.noun, self.KIND.again
        rows = self._connection.execute(query, [key.encode() for key in keys]).fetchall()
        intact = {key: text for key, text, checksum in rows if row_checksum(key, text) == checksum}
        if damaged := len(rows) - len(intact):
            self._read_trouble = f"{self.path}: {damaged} or more stored {noun} are damaged and {again}"
        values = ((key, self.decode(fields)) for key, fields in zip(intact, _parsed(intact), strict=True))
        values_by_key = {key.decode(): value for key, value in values if value is not None}
        if foreign := len(intact) - len(values_by_key):
            self._read_trouble = (
                f"{self.path}: {foreign} or more stored rows are not {noun} and are set aside; they {again}"
            )
        return values_by_key

    def to_row(self, key: str, value: T) -> tuple[bytes, bytes, int]:
        """Key, value and checksum as they are kept."""
        # surrogatepass: models do return lone surrogates, and json.loads decodes bytes in the same way.
        text = json.dumps(self.encode(value), ensure_ascii=False).encode("utf-8", "surrogatepass")
        return key.encode(), text, row_checksum(key.encode(), text)

    def _take_read_trouble(self) -> str:
        trouble, self._read_trouble = self._read_trouble, ""
        return trouble

    def _write_trouble(self, error: sqlite3.Error) -> str:
        if self._write_trouble_told:
            return ""
        self._write_trouble_told = True
        # Somebody who held the lock for this long may hold it for good: never wait for them again.
        self._connection.execute("PRAGMA busy_timeout = 0")
        return f"{self.path}: {error}; {self.KIND.noun} stay in memory, and are lost after this run unless it recovers"


def _parsed(rows: dict[bytes, bytes]) -> list[Any]:
    """What the rows hold; None where that is no JSON."""
    try:  # one call: 0.09 s for 32,800, not 0.15
        values: list[Any] = json.loads(b"[%s]" % b",".join(rows.values()))
    except (ValueError, RecursionError, TypeError):
        values = []
    return values if len(values) == len(rows) else [_value(text) for text in rows.values()]


def _value(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return None


class _NotAStoreError(Exception):
    """What lies at the path is not an intact store of ours; says what it is."""


@contextlib.contextmanager
def _only_opener(path: Path) -> Iterator[None]:
    """One process at a time: two that find the same damaged file must not set aside each other's fresh one."""
    with open(f"{path}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_or_set_aside(path: Path, kind: Kind) -> tuple[sqlite3.Connection, str]:
    try:
        return _open(path, kind), ""
    except _NotAStoreError as why:
        aside = _set_aside(path)
        return _open(path, kind), f"{path} is {why}; it was set aside as {aside} and a new store was begun"


def _open(path: Path, kind: Kind) -> sqlite3.Connection:
    """Open for reading and writing, and create the table in an empty file."""
    if path.is_dir():
        raise _NotAStoreError("a directory")
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")  # a device or a pipe: nothing to rename
    return _connect(str(path), partial(_prepare_writing, kind))


def _open_without_writing(path: Path, why: str, kind: Kind) -> tuple[sqlite3.Connection, str]:
    """Read an unwritable store as it lies there, or else work in memory.

    ``immutable`` skips locks and journal, neither of which can be had in a read-only directory. Should somebody else
    write meanwhile, the rows' checksums tell what cannot be trusted.
    """
    if path.is_file():
        with contextlib.suppress(sqlite3.Error, _NotAStoreError):
            connection = _connect(f"{path.absolute().as_uri()}?immutable=1", partial(_verify, kind))
            return connection, f"{path} cannot be written ({why}); it is read, but this run's {kind.noun} are not kept"
    notice = f"{path} cannot be used ({why}); this run's {kind.noun} are not kept"
    return _connect(":memory:", partial(_create, kind)), notice


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


def _prepare_writing(kind: Kind, connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_empty(connection):
            _create(kind, connection)
        else:
            _verify(kind, connection)
    connection.execute("PRAGMA journal_mode = WAL")  # readers beside one writer, and one fsync a transaction
    connection.execute("PRAGMA synchronous = FULL")  # what put_many returned from survives a power cut too


def _is_empty(connection: sqlite3.Connection) -> bool:
    objects = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not objects and not _pragma(connection, "application_id")


def _create(kind: Kind, connection: sqlite3.Connection) -> None:
    connection.execute(kind.table)
    connection.execute(f"PRAGMA application_id = {kind.application_id}")
    connection.execute(f"PRAGMA user_version = {kind.version}")


def _verify(kind: Kind, connection: sqlite3.Connection) -> None:
    if _pragma(connection, "application_id") != kind.application_id:
        raise _NotAStoreError("a database of another program")
    if (version := _pragma(connection, "user_version")) != kind.version:
        raise _NotAStoreError(f"a store of format {version} (this release reads format {kind.version})")
    if connection.execute("SELECT sql FROM sqlite_master").fetchall() != [(kind.table,)]:
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


def row_checksum(key: bytes, text: bytes) -> int:
    """SQLite keeps no checksum of contents, and a flipped bit in a completion would be a wrong score."""
    return zlib.crc32(text, zlib.crc32(key))

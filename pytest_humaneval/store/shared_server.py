"""A Redis server with a store that several machines share. Whatever happens to it, runs go on without it.

Its keys are ``PREFIX:store``, which says what this is and in which version, ``PREFIX:1:generations.1:DIGEST`` and so on
for what is kept, and ``PREFIX:1:claim:DIGEST`` for what a runner is working out just now.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.store.shared_address import PASSWORD_VARIABLE, SharedAddress

if TYPE_CHECKING:
    import redis

T = TypeVar("T")

VERSION = 1  # of the keys and of what stands under them
KIND = "a store of pytest-humaneval"
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
SHORTEST_REST, LONGEST_REST = 15.0, 240.0  # seconds until a server in trouble is tried again
TRIED_KEYS = 10  # of a database without our mark
HERE = "the run goes on with the local store, and hands in what this one lacks when it can"
ASKED_TOGETHER = 500  # keys in one message; their values take half a MiB or so
INSTALL = "--humaneval-store needs the package redis: pip install 'pytest-humaneval[redis]'"


class SharedServer:
    """The server, asked by any thread. Trouble is a notice, told once for each kind, and then a rest."""

    def __init__(self, address: SharedAddress, password: str | None = None) -> None:
        """Nothing is asked of the server yet. The password is by default that of the environment.

        Raises:
            InputError: the package redis is missing, or a certificate cannot be read.
        """
        self.address = address
        self._lock = threading.Lock()
        self._ours = False  # whether the database has shown that it holds our store
        self._rests: dict[bool, tuple[float, float]] = {}  # of writing alone or not: until when, and how long that is
        self._notices_given: set[bool] = set()
        self._notices: list[str] = []
        self._client = _client(address, password or os.environ.get(PASSWORD_VARIABLE) or None)

    def check(self) -> None:
        """See that the database is ours, or make it so. A server that is away is none of this.

        Raises:
            InputError: it wants another password, or holds something else; nothing was written then.
        """
        import redis

        try:
            self._make_ours()
        except redis.exceptions.AuthenticationError as error:
            raise InputError(
                f"--humaneval-store: {self.address} refuses this user or password ({error}); the password is taken "
                f"from the variable {PASSWORD_VARIABLE}"
            ) from error
        except (redis.exceptions.RedisError, OSError):
            return

    def attempt(self, work: Callable[[redis.Redis], T], *, writing: bool = False) -> T | None:
        """What ``work`` returns; None while the server is in trouble. A server that is full can still be read."""
        import redis

        with self._lock:
            if time.monotonic() < max(self._until(False), self._until(writing)):
                return None
        try:
            if not self._ours:
                self._make_ours()
            result = work(self._client)
        except InputError as error:
            self._trouble(str(error).removeprefix("--humaneval-store: "), of_all=True)
        except (redis.exceptions.RedisError, OSError) as error:
            away = isinstance(error, redis.exceptions.ConnectionError | redis.exceptions.TimeoutError | OSError)
            what = "does not answer" if away else "takes nothing more" if writing else "cannot be read"
            self._trouble(f"{self.address} {what} ({error})", of_all=away or not writing)
        else:
            with self._lock:
                self._rests.pop(False, None)
                if writing:
                    self._rests.pop(True, None)
            return result
        return None

    def take_notices(self) -> list[str]:
        """What the user should know, since the last call."""
        with self._lock:
            notices, self._notices = self._notices, []
            return notices

    def key(self, kind: str, name: str) -> str:
        """A key of ours."""
        return f"{self.address.prefix}:{VERSION}:{kind}:{name}"

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _until(self, writing: bool) -> float:
        return self._rests.get(writing, (0.0, 0.0))[0]

    def _trouble(self, what: str, *, of_all: bool) -> None:
        writing_alone = not of_all
        with self._lock:
            _, before = self._rests.get(writing_alone, (0.0, SHORTEST_REST / 2))
            seconds = min(LONGEST_REST, 2 * before)
            self._rests[writing_alone] = time.monotonic() + seconds, seconds
            if writing_alone not in self._notices_given:
                self._notices_given.add(writing_alone)
                self._notices.append(f"--humaneval-store: {what}; {HERE}")

    def _make_ours(self) -> None:
        mark = f"{self.address.prefix}:store"
        kept: Any = self._client.type(mark)
        if kept == b"none":
            self._refuse_others()
            self._client.set(mark, json.dumps({"kind": KIND, "version": VERSION}), nx=True)
        content = self._client.get(mark) if kept in (b"none", b"string") else b""
        version = _version(content or b"")
        if version is None:
            raise InputError(f"--humaneval-store: {self.address} has something else under {mark!r}{_elsewhere()}")
        if version != VERSION:
            raise InputError(
                f"--humaneval-store: the store at {self.address} is of version {version}, and this release knows "
                f"version {VERSION}; use the release that made it, or another database{_elsewhere()}"
            )
        self._ours = True

    def _refuse_others(self) -> None:
        """A database with keys of others is theirs, unless the user has chosen a prefix beside them."""
        if self.address.beside_others:
            return
        for _ in range(TRIED_KEYS):
            key: Any = self._client.randomkey()
            if key is not None and not key.startswith(f"{self.address.prefix}:{VERSION}:".encode()):
                raise InputError(
                    f"--humaneval-store: {self.address} holds no store of ours, but something else, for instance the "
                    f"key {key[:60].decode(errors='backslashreplace')!r}{_elsewhere()}"
                )


def check_shared(address: SharedAddress | None) -> None:
    """See that a shared store, if there is to be one, can be used, should its server be there.

    Raises:
        InputError: as :meth:`SharedServer.check` and the server's making raise it.
    """
    if address is not None:
        with contextlib.closing(SharedServer(address)) as server:
            server.check()


def _elsewhere() -> str:
    return "; nothing was written. Name an empty database (redis://host:6379/1), or add ?prefix=NAME of your own"


def _version(text: bytes) -> int | None:
    try:
        mark = json.loads(text)
    except ValueError:
        return None
    version = mark.get("version") if isinstance(mark, dict) and mark.get("kind") == KIND else None
    return version if isinstance(version, int) else None


def _client(address: SharedAddress, password: str | None) -> redis.Redis:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise InputError(INSTALL) from error
    once = Retry(NoBackoff(), 1)  # a connection that the server closed, as it was idle, is opened again
    return redis.Redis.from_url(
        address.url,
        password=password,
        protocol=2,  # which servers older than 6 speak, too
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=once,
        client_name="pytest-humaneval",
    )


def in_parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """The keys in lists that are short enough for one message."""
    rest = iter(list(keys))
    while part := list(islice(rest, ASKED_TOGETHER)):
        yield part


def executed(pipeline: redis.client.Pipeline) -> list[Any]:
    """What each command answered.

    Raises:
        RedisError: one failed; the message is the server's alone, without the command and its values.
    """
    answers: list[Any] = pipeline.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers

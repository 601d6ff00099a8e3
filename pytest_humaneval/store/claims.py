"""Who works out what, among runners that share a store: a claim is a key with an expiry, which its runner renews.

A runner that dies renews nothing, and so gives its claims back.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from pytest_humaneval.store.shared_server import SharedServer, executed, in_parts

if TYPE_CHECKING:
    import redis

CLAIM_SECONDS = 45.0  # until what a runner that died was working out is anybody's
RENEWALS = 3  # in that time

# Only what is still ours: after a pause that was too long, a claim may be another runner's.
_EACH_OF_OURS = (
    "local n = 0 for _, key in ipairs(KEYS) do if redis.call('get', key) == ARGV[1] then {} end end return n"
)
_RENEW = _EACH_OF_OURS.format("redis.call('pexpire', key, ARGV[2]) n = n + 1")
_GIVE_BACK = _EACH_OF_OURS.format("redis.call('del', key) n = n + 1")


class Claims:
    """The claims of one runner. Where the server is in trouble, everything can be claimed. Thread-safe."""

    def __init__(self, server: SharedServer, seconds: float = CLAIM_SECONDS) -> None:
        self._server = server
        self._seconds = seconds
        self._runner = uuid.uuid4().hex
        self._held: set[str] = set()
        self._lock = threading.Lock()
        # Held while claims are renewed or given back: what is given back in between would be claimed again for nobody.
        self._keeping = threading.Lock()
        self._closed = threading.Event()
        self._renewing: threading.Thread | None = None

    def claim(self, keys: Collection[str]) -> set[str]:
        """Those of ``keys`` that no other runner has, which are this one's from now on."""
        granted = {key for part in in_parts(keys) for key in self._set(part)}
        with self._lock:
            self._held |= granted
            if granted and self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, args=(self._closed,), daemon=True)
                self._renewing.start()
        return granted

    def give_back(self, keys: Iterable[str]) -> None:
        """Let others have these."""
        with self._lock:
            returned = self._held.intersection(keys)
            self._held -= returned
        if returned:
            with self._keeping:
                self._run_on(returned, _GIVE_BACK)

    def close(self) -> None:
        """Let others have everything. More can be claimed later."""
        with self._lock:
            self._closed.set()
            renewing, self._renewing = self._renewing, None
            self._closed = threading.Event()
            held, self._held = self._held, set()
        if renewing is not None:
            renewing.join()  # the server may be hung up on after this
        self._run_on(held, _GIVE_BACK)

    def _set(self, keys: list[str]) -> list[str]:
        def set_all(client: redis.Redis) -> Any:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.set(self._name(key), self._runner, nx=True, px=int(1000 * self._seconds))
            return executed(pipeline)

        answers = self._server.attempt(set_all, writing=True)
        if answers is None:
            return keys
        return [key for key, granted in zip(keys, answers, strict=True) if granted]

    def _renew(self, closed: threading.Event) -> None:
        while not closed.wait(self._seconds / RENEWALS):
            with self._keeping:
                with self._lock:
                    held = list(self._held)
                for part in in_parts(held):
                    renewed = self._run_on(part, _RENEW, int(1000 * self._seconds))
                    if renewed is not None and renewed < len(part):  # the server has lost some, or this process slept
                        self._set(part)

    def _run_on(self, keys: Collection[str], script: str, *arguments: int) -> int | None:
        total = 0
        for part in in_parts(keys):
            names = [self._name(key) for key in part]
            count = self._server.attempt(_evaluating(script, names, [self._runner, *arguments]), writing=True)
            if count is None:
                return None
            total += count
        return total

    def _name(self, key: str) -> str:
        return self._server.key("claim", key)


def _evaluating(script: str, names: list[str], arguments: list[Any]) -> Callable[[Any], Any]:
    return lambda client: client.eval(script, len(names), *names, *arguments)

"""In the server: notes when it was last asked, and ends it when that is too long ago.

An ASGI middleware, for the server's ``--middleware``. The note is the modification time of a file; questions about the
server itself do not count. The file and the idle limit, in seconds, come from the environment.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

FILE = "HUMANEVAL_SERVICE_ACTIVITY"
IDLE_LIMIT = "HUMANEVAL_SERVICE_IDLE_LIMIT"
_QUIET = ("/health", "/metrics", "/ping", "/version", "/load")
_LOOK = 1.0  # seconds between two looks at the clock

_App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class Activity:
    """Wraps the server's application."""

    def __init__(self, app: _App) -> None:
        self._app = app
        self._file = Path(os.environ[FILE])
        self._idle_limit = float(os.environ.get(IDLE_LIMIT, "0"))
        self._running = 0
        self._last = time.monotonic()
        self._note()
        threading.Thread(target=self._watch, name="humaneval-activity", daemon=True).start()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Let a request through, and note when it came and when it was answered."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            return await self._app(scope, receive, send)
        self._running += 1
        self._note()
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
            self._note()

    def _note(self) -> None:
        self._last = time.monotonic()
        with suppress(OSError):
            self._file.touch(mode=0o600)

    def _watch(self) -> None:
        while True:
            time.sleep(min(_LOOK, self._idle_limit / 4 or _LOOK))
            if self._running:
                self._note()
            elif self._idle_limit and time.monotonic() - self._last > self._idle_limit:
                os.kill(os.getpid(), signal.SIGTERM)  # the server then ends in good order, with its engine
                return


def idle_seconds(file: Path) -> float | None:
    """How long ago a server was last asked; None where there is no note of it."""
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except OSError:
        return None

"""Whether a server answers."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Literal

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.text.wording import reason_of

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine's ports
_POLL = 0.2  # seconds
_FAILURES = (urllib.error.URLError, ConnectionError, TimeoutError, http.client.HTTPException)


def is_healthy(url: str, patience: float = 5.0) -> bool:
    """Whether /health answers with 200."""
    try:
        with _DIRECT.open(f"{url}/health", timeout=patience) as answer:
            return bool(answer.status == 200)
    except _FAILURES:
        return False


def wait_until_healthy(
    url: str, running: Callable[[], bool], patience: float
) -> Literal["healthy", "ended", "not answering"]:
    """Wait for a server that is starting, as long as it runs and for ``patience`` seconds at most."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not running():
            return "ended"
        if is_healthy(url):
            return "healthy"
        time.sleep(_POLL)
    return "not answering"


def free_port(host: str, port: int) -> int:
    """The port, or with 0 one that nobody listens at.

    Raises:
        InputError: somebody does, or the host is not an address of this machine.
    """
    try:
        with socket.create_server((host, port)) as probe:
            free: int = probe.getsockname()[1]
            return free
    except OSError as error:
        raise InputError(
            f"--port: {host} port {port} is not available ({reason_of(error)}); choose another, or 0 for any"
        ) from error


def url_of(host: str, port: int) -> str:
    """Where a server that listens there is reached from this machine."""
    own = "127.0.0.1" if host == "0.0.0.0" else host
    return f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"

"""SIGTERM, which is how a machine or a CI system ends a run, taken as Ctrl-C is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_as_interruption() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM: what is done is kept, and the summary printed. For the main thread."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt("SIGTERM")

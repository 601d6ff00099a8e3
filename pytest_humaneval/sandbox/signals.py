"""Signals that have to wait a moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def signals_held() -> Iterator[None]:
    """Keep signals waiting: an interruption between a process's start and its being known would leave it behind.

    Blocking them is not enough. The kernel then hands a signal to any other thread, and Python still runs its handler
    in the main one. So handlers that could raise give way to a note, and the signals are sent anew in the end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    arrived: list[int] = []
    handlers: list[tuple[Any, Any]] = []  # signals, which may be plain numbers, and what they had
    try:
        if threading.current_thread() is threading.main_thread():  # the only one that handlers run in
            for number in signal.valid_signals():
                if callable(handler := signal.getsignal(number)):
                    handlers.append((number, handler))
                    signal.signal(number, lambda number, frame: arrived.append(number))
        yield
    finally:
        try:
            _restore(handlers)
        finally:
            for late in arrived:
                signal.raise_signal(late)  # waits like the others
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _restore(handlers: list[tuple[Any, Any]]) -> None:
    """Give every signal its handler back, also when one of them raises meanwhile."""
    raised: BaseException | None = None
    while handlers:
        try:
            signal.signal(*handlers[-1])
            handlers.pop()
        except BaseException as error:
            raised = error
    if raised is not None:
        raise raised

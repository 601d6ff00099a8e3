"""What is asked of a service, and what is written down of one that was started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain, known_fields, to_plain

Settings = dict[str, Any]
"""Some of :class:`Wanted`'s fields by name: those that the command line gives."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A server and what it serves. A ``port`` of 0 is any that is free; an ``idle_limit`` of 0 s is none."""

    model: str
    cache_dir: str
    engine_args: tuple[str, ...] = ()  # KEY=VALUE
    idle_limit: float = 0.0
    host: str = "127.0.0.1"
    port: int = 8000

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Wanted:
        """From fields by name; of others, which a service of another release had, nothing is kept.

        Raises:
            InputError: one of them is of another type.
        """
        return from_plain(cls, known_fields(cls, settings), "the service")


@dataclass(frozen=True, slots=True)
class Started:
    """A service that was started; ``pid`` and ``start_mark`` are of a process, ``compose`` is of a container."""

    backend: Literal["process", "compose"]
    wanted: Wanted
    url: str
    model: str  # as it serves it
    since: float  # seconds since the epoch
    log: str = ""
    pid: int = 0
    start_mark: str = ""
    compose: tuple[str, ...] = ()  # the command with the file and the profile, and the service last

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Started | None:
        """What was written down of one; None of what another release has written."""
        try:
            started = known_fields(cls, plain)
            wanted = to_plain(Wanted.of(started.get("wanted", {})))
            return from_plain(cls, started | {"wanted": wanted}, "the service")
        except (InputError, AttributeError, TypeError):
            return None


class Backend(Protocol):
    """How a service is run."""

    def start(self, wanted: Wanted) -> Started:
        """Begin to start it; it may take a while until it answers.

        Raises:
            InputError, EngineError: it cannot be started.
        """

    def running(self, started: Started) -> bool:
        """Whether it is there still."""

    def left_behind(self, started: Started) -> list[int]:
        """Processes that are there still though it is not."""

    def stop(self, started: Started) -> None:
        """End it, and what it left behind."""

    def memory(self, started: Started) -> int:
        """Bytes that it takes; 0 where that is not known."""

    def show_log(self, started: Started, *, follow: bool) -> int:
        """Print its log, with ``follow`` until it ends or the reader has seen enough; returns an exit status."""

    def end_of_log(self, started: Started) -> str:
        """Its last lines, for a message."""

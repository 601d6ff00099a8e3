"""Which problems can be judged here: those whose canonical solution passes. What fails all is no model's failure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

from pytest_humaneval.exceptions import DatasetError, SandboxError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox
from pytest_humaneval.text.printable import counted

KEPT = "judgeable.json"  # in the cache folder: what has passed, by release, Python and sandbox
NAMED = 3  # problems in a message, with what became of them
DETAIL = 300  # characters
WORTH_A_SANDBOX = 100  # problems: a further sandbox takes as long to start as some fifty checks

OpenSandbox = Callable[[], contextlib.AbstractContextManager[Sandbox]]


@dataclass(frozen=True, slots=True)
class SolutionTrial:
    """What is to be tried before anything is generated; ``keep`` is the cache folder where what has passed is kept."""

    problems: tuple[Problem, ...]  # those with a canonical solution
    timeout: float  # seconds
    key: str = ""
    keep: Path | None = None

    @classmethod
    def of(cls, sandbox: Sandbox, problems: Sequence[Problem], timeout: float, keep: Path | None = None) -> Self:
        """The trial of all that have a canonical solution; with ``keep``, of none if all of it has passed before."""
        tried = tuple(problem for problem in problems if problem.canonical_solution.strip())
        key = _key(sandbox, tried, timeout)
        known = keep is not None and key in _kept(keep)
        return cls(() if known else tried, timeout, key, keep)

    def broken(self, open_sandbox: OpenSandbox, count: int = 1) -> dict[str, str]:
        """Why problems cannot be judged, by task_id, in their order; asks ``count`` sandboxes, each in its own thread.

        Raises:
            SandboxError: there is no sandbox to be had.
        """
        broken = _tried_together(open_sandbox, self.problems, self.timeout, count) if self.problems else {}
        if self.keep is not None and self.problems and not broken:
            with contextlib.suppress(OSError):  # it is tried again the next time
                self.keep.mkdir(parents=True, exist_ok=True)
                (self.keep / KEPT).write_text(json.dumps([*_kept(self.keep), self.key][-100:]))
        return broken

    def worthwhile(self) -> int:
        """How many sandboxes are worth their start."""
        return min(len(os.sched_getaffinity(0)), 1 + len(self.problems) // WORTH_A_SANDBOX)


def broken_problems(sandbox: Sandbox, problems: Sequence[Problem], timeout: float) -> dict[str, str]:
    """Why problems cannot be judged, by task_id: their canonical solution was tried, where they have one."""
    tried = (problem for problem in problems if problem.canonical_solution.strip())
    return {problem.task_id: why for problem in tried if (why := _why_broken(sandbox, problem, timeout))}


def left_after(problems: Sequence[Problem], broken: dict[str, str], *, skip: bool) -> tuple[Problem, ...]:
    """The problems that can be judged.

    Raises:
        DatasetError: some cannot, and nobody asked to ``skip`` them; or none can.
    """
    left = tuple(problem for problem in problems if problem.task_id not in broken)
    if broken and not (skip and left):
        named = "".join(f"\n  {task_id}: {why}" for task_id, why in list(broken.items())[:NAMED])
        more = f"\n  and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        advice = "" if skip else "\n--humaneval-skip-broken-problems leaves them out"
        raise DatasetError(
            f"{len(broken):,} of {counted(len(problems), 'problem', 'problems')} cannot be judged here: "
            f"their canonical solution does not pass"
            f"{named}{more}{advice}"
        )
    return left


def _tried_together(
    open_sandbox: OpenSandbox, problems: Sequence[Problem], timeout: float, count: int
) -> dict[str, str]:
    """By as many sandboxes at once; with one, in this thread: somebody's own sandbox may want the main one."""
    reasons: dict[str, str] = {}
    left = list(reversed(problems))

    def try_some() -> None:
        with open_sandbox() as sandbox, contextlib.suppress(IndexError):
            while True:
                problem = left.pop()  # one thread at a time gets it
                reasons[problem.task_id] = _why_broken(sandbox, problem, timeout)

    if count == 1:
        try_some()
    else:
        with ThreadPoolExecutor(count) as pool:
            try:
                for trial in [pool.submit(try_some) for _ in range(count)]:
                    trial.result()
            finally:
                left.clear()  # where one fails, or somebody interrupts, the others come to their end
    return {problem.task_id: why for problem in problems if (why := reasons[problem.task_id])}


def _why_broken(sandbox: Sandbox, problem: Problem, timeout: float) -> str:
    try:
        verdict = sandbox.check(problem, problem.canonical_solution, timeout=timeout)
    except SandboxError as error:
        return " ".join(str(error).split())[:DETAIL]
    if verdict.passed and verdict.strong is not None and not verdict.strong.passed:
        return " ".join(f"by its stronger test: {verdict.strong.kind}: {verdict.strong.detail}".split())[:DETAIL]
    return "" if verdict.passed else " ".join(f"{verdict.kind}: {verdict.detail}".split())[:DETAIL]


def _key(sandbox: Sandbox, problems: Sequence[Problem], timeout: float) -> str:
    surroundings = [version("pytest-humaneval"), platform.python_version(), sandbox.name, *sandbox.layers, str(timeout)]
    content = [
        surroundings,
        *(
            [
                *(problem.prompt, problem.suffix, problem.entry_point),
                *(problem.test, problem.canonical_solution, problem.strong_test),
            ]
            for problem in problems
        ),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _kept(folder: Path) -> list[str]:
    try:
        kept = json.loads((folder / KEPT).read_text())
    except (OSError, ValueError, RecursionError):
        return []
    return [key for key in kept if isinstance(key, str)] if isinstance(kept, list) else []

"""Which problems can be judged here: those whose canonical solution passes. What fails all is no model's failure."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pytest_humaneval.exceptions import DatasetError, SandboxError
from pytest_humaneval.printable import counted
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox

KEPT = "judgeable.json"  # in the cache folder: what has passed, by release, Python and sandbox
NAMED = 3  # problems in a message, with what became of them
DETAIL = 300  # characters


def broken_problems(
    sandbox: Sandbox, problems: Sequence[Problem], timeout: float, keep: Path | None = None
) -> dict[str, str]:
    """Why problems cannot be judged, by task_id: their canonical solution was tried, where they have one.

    With ``keep``, a cache folder, nothing is tried twice if all of it has passed before.
    """
    tried = [problem for problem in problems if problem.canonical_solution.strip()]
    key = _key(sandbox, tried, timeout)
    if keep is not None and key in _kept(keep):
        return {}
    found = {problem.task_id: why for problem in tried if (why := _why_broken(sandbox, problem, timeout))}
    if keep is not None and not found:
        with contextlib.suppress(OSError):  # it is tried again the next time
            keep.mkdir(parents=True, exist_ok=True)
            (keep / KEPT).write_text(json.dumps([*_kept(keep), key][-100:]))
    return found


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
            f"{len(broken)} of {counted(len(problems), 'problem', 'problems')} cannot be judged here: "
            f"their canonical solution does not pass"
            f"{named}{more}{advice}"
        )
    return left


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
    told = [
        surroundings,
        *([one.prompt, one.entry_point, one.test, one.canonical_solution, one.strong_test] for one in problems),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _kept(folder: Path) -> list[str]:
    try:
        kept = json.loads((folder / KEPT).read_text())
    except (OSError, ValueError, RecursionError):
        return []
    return [key for key in kept if isinstance(key, str)] if isinstance(kept, list) else []

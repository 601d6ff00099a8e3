"""What a canonical solution returns for given inputs: run once, in the sandbox, and kept.

A solution from a file is a program like any other. It never runs here.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_humaneval.dataset.source_text import source_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import Sandbox
from pytest_humaneval.verdict import Verdict

TOGETHER = 64  # inputs in one check
TOLD = 16_000  # characters that a test of ours tells of at once: the sandbox cuts what is longer
TIMEOUT = 5.0  # seconds of CPU time for those together; for a single one where they take longer
MOST_CHARACTERS = 8 << 20  # of a value: as many as can cross
MOST_SLOW = 3  # single inputs that take longer while there is no result at all: then none is waited for any more

# Arguments stand in the test as literals: a test that passes names would have the sandbox watch what becomes of them.
TEST = """
import json, math
LONG = 10**4000
{written}
CALLS = [
{calls}
]
def check(candidate):
    results = []
    for call in CALLS:
        try:
            source = written(call(candidate))
        except Exception:
            source = ""
        results.append(source if len(source) <= {longest} else "")
    text = json.dumps(results)
    return f"{{len(text)}} {{text[{at}:{at} + {room}]}}"
"""


class Expectations:
    """The results of canonical solutions, as source code; ``keep`` is the folder in which they stay.

    A context manager: the sandbox is opened when the first solution has to be run, and closed in the end.
    """

    def __init__(self, open_sandbox: Callable[[], Sandbox], keep: Path | None) -> None:
        self._open = open_sandbox
        self._sandbox: Sandbox | None = None
        self._keep = keep
        self._slow = 0  # inputs of the current problem that took too long, by themselves
        self._has_result = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sandbox is not None:
            self._sandbox.__exit__(kind, error, trace)

    def of(self, problem: Problem, contract: str, inputs: Sequence[str]) -> list[str]:
        """What the solution returns for each input, whose arguments are source code; empty where it is left out.

        Left out is what violates the ``contract``, raises, takes too long, or has a result that is no plain value.

        Raises:
            DatasetError: contract or solution cannot be compiled.
        """
        program = with_contract(problem, contract)
        place = self._place(program, problem.entry_point, inputs)
        if (kept := _read(place, len(inputs))) is not None:
            return kept
        bare = replace(problem, prompt="", test="", strong_test="")
        self._slow, self._has_result = 0, False
        results: list[str] = []
        for at in range(0, len(inputs), TOGETHER):
            results += self._run(bare, program, inputs[at : at + TOGETHER])
        if place is not None:
            with contextlib.suppress(OSError):  # they are found out again the next time
                place.parent.mkdir(parents=True, exist_ok=True)
                part = place.with_suffix(f".{id(results)}")
                part.write_text(json.dumps(results))
                part.replace(place)
        return results

    def _run(self, problem: Problem, program: str, inputs: Sequence[str]) -> list[str]:
        if self._slow >= MOST_SLOW and not self._has_result:
            return [""] * len(inputs)
        calls = [f"candidate({arguments})" for arguments in inputs]
        written = f"{inspect.getsource(source_of)}\nwritten = source_of"
        results = told_of(self._opened(), problem, program, calls, written, TIMEOUT)
        if isinstance(results, Verdict):
            self._slow += len(inputs) == 1 and results.kind == "timed out"
            return self._apart(problem, program, inputs)
        self._has_result = self._has_result or any(results)
        return results

    def _opened(self) -> Sandbox:
        if self._sandbox is None:
            sandbox = self._open()
            sandbox.__enter__()
            self._sandbox = sandbox
        return self._sandbox

    def _apart(self, problem: Problem, program: str, inputs: Sequence[str]) -> list[str]:
        """Where not all of them can be had at once."""
        if len(inputs) == 1:
            return [""]
        half = len(inputs) // 2
        return self._run(problem, program, inputs[:half]) + self._run(problem, program, inputs[half:])

    def _place(self, program: str, entry_point: str, inputs: Sequence[str]) -> Path | None:
        if self._keep is None:
            return None
        key = json.dumps([platform.python_version(), program, entry_point, *inputs])
        return self._keep / "expected" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def told_of(
    sandbox: Sandbox,
    problem: Problem,
    program: str,
    calls: Sequence[str],
    written: str,
    timeout: float,
    longest: int = MOST_CHARACTERS,
) -> list[str] | Verdict:
    """What each call of ``candidate`` gives, as source; empty for what raises or has more than ``longest`` characters.

    ``written`` defines the function of that name, which writes a value. What is long is told in several checks, all of
    which run the calls. The verdict instead, where the program does not survive them.
    """
    text, lambdas = "", "\n".join(f"    lambda candidate: {call}," for call in calls)
    while True:
        test = TEST.format(written=written, calls=lambdas, longest=longest, at=len(text), room=TOLD)
        verdict = sandbox.check(replace(problem, test=test, strong_test=""), program, timeout=timeout)
        if not verdict.passed:
            return verdict
        length, _, piece = verdict.detail.partition(" ")
        text += piece
        if len(text) >= int(length):
            return [str(each) for each in json.loads(text)]


def with_contract(problem: Problem, contract: str) -> str:
    """The canonical solution as a whole program whose function asserts the contract first.

    Raises:
        DatasetError: one of them is no Python, or there is no such function.
    """
    try:
        module = ast.parse(problem.program(problem.canonical_solution))
    except (SyntaxError, ValueError) as error:
        raise DatasetError(f"{problem.task_id}: field 'canonical_solution' cannot be compiled: {error}") from error
    try:
        statements = ast.parse(f"if True:\n{_indented(contract)}").body[0].body  # type: ignore[attr-defined]
    except (SyntaxError, ValueError) as error:
        raise DatasetError(f"{problem.task_id}: field 'contract' cannot be compiled: {error}") from error
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point:
            node.body = [*statements, *node.body]
            return ast.unparse(module) + "\n"
    raise DatasetError(f"{problem.task_id}: field 'canonical_solution' defines no {problem.entry_point}")


def _indented(contract: str) -> str:
    """A block that has at least one statement."""
    import textwrap

    return textwrap.indent(textwrap.dedent(contract.expandtabs(4)).strip("\n") + "\npass\n", "    ")


def _read(place: Path | None, count: int) -> list[str] | None:
    try:
        kept = json.loads(place.read_text()) if place is not None else None
    except (OSError, ValueError, RecursionError):
        return None
    return (
        kept if isinstance(kept, list) and len(kept) == count and all(isinstance(text, str) for text in kept) else None
    )

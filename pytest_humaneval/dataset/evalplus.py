"""EvalPlus' HumanEval+ and MBPP+ (Liu et al. 2023, arXiv:2305.01210): two verdicts, by the base inputs and by more.

A row of its files has ``task_id, prompt, entry_point, canonical_solution, base_input, plus_input, contract, atol``.
What is expected comes from the canonical solution (``expected.py``); inputs that violate the contract are left out. A
row of the hub has all its assertions in ``test``; which of them are the base's is then for HumanEval, or MBPP's
``test_list``, to say.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import mbpp
from pytest_humaneval.dataset.evalplus_assertions import Case, plus_test
from pytest_humaneval.dataset.expected import TIMEOUT, Expectations
from pytest_humaneval.dataset.forms import problem_of, text_of
from pytest_humaneval.dataset.kinds import Dataset, Wanted
from pytest_humaneval.dataset.mbpp_arguments import restored
from pytest_humaneval.dataset.places import Found, Hub, Places
from pytest_humaneval.dataset.source_text import source_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox import open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions

INPUTS = ("base_input", "plus_input")
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", *INPUTS, "contract", "atol")
_SHOWN = re.compile(r"^[ \t]*(assert .*)$", re.MULTILINE)


def evalplus_cache(environment: dict[str, str] | os._Environ[str]) -> Path:
    """The folder in which EvalPlus keeps what it has fetched."""
    return Path(environment.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "evalplus"


@dataclass(frozen=True, slots=True)
class Plus:
    """One of the two: its name, its file's, the variable that names EvalPlus another file, and the hub's name."""

    name: str
    file: str
    variable: str
    hub: str

    def find(self, wanted: Wanted, base_test: Callable[[str], str]) -> Dataset:
        """Its problems, each with its two tests; ``base_test`` knows HumanEval's by task_id, for rows of the hub.

        Raises:
            DatasetError: it is nowhere, or a row cannot be used; names all ways, or file, line and field.
        """
        if wanted.file is None and (given := os.environ.get(self.variable)):
            wanted = replace(wanted, file=Path(given).expanduser())
        patterns = (f"{self.file}.jsonl", f"{self.file}.jsonl.gz", f"{self.file}-v*.jsonl", f"{self.file}-v*.jsonl.gz")
        places = Places(self.name, patterns, Hub(self.hub, None, ("test",)), (evalplus_cache(os.environ),))
        return dataset_of(self.name, places.find(wanted), wanted, base_test)


HUMANEVAL_PLUS = Plus("humaneval+", "HumanEvalPlus", "HUMANEVAL_OVERRIDE_PATH", "evalplus/humanevalplus")
MBPP_PLUS = Plus("mbpp+", "MbppPlus", "MBPP_OVERRIDE_PATH", "evalplus/mbppplus")


def is_plus(row: Mapping[str, object]) -> bool:
    """Whether a row is one of EvalPlus' files."""
    return any(name in row for name in INPUTS)


def dataset_of(
    name: str, fetched: Found, wanted: Wanted, base_test: Callable[[str], str] = lambda task_id: ""
) -> Dataset:
    """The problems of rows, of EvalPlus' files or of the hub.

    Raises:
        DatasetError: a row cannot be used.
    """
    rows = list(fetched.rows)
    if not rows:
        raise DatasetError(f"{fetched.source}: holds no problem; expected {', '.join(FIELDS)}")
    if not is_plus(rows[0][1]):
        return Dataset(name, fetched.sha256, tuple(_of_hub(*row, base_test) for row in rows), fetched.source)
    tasks = [(where, *_checked(where, row)) for where, row in rows]
    if wanted.only_look:
        return Dataset(name, fetched.sha256, tuple(problem for _, problem, _ in tasks), fetched.source)
    with Expectations(lambda: open_sandbox(SandboxOptions()), wanted.keep) as expectations:
        made = [_judged(*task, expectations) for task in tasks]
    left_out = sum(count for _, count in made)
    note = f"; {left_out} inputs left out, as they violate a contract or have no result" if left_out else ""
    return Dataset(name, fetched.sha256, tuple(problem for problem, _ in made), fetched.source + note)


def _checked(where: str, row: dict[str, Any]) -> tuple[Problem, dict[str, Any]]:
    """A problem without its tests, and the row, whose fields are there."""
    for name in FIELDS:
        if name not in row:
            raise DatasetError(f"{where}: field {name!r} is missing; a row of EvalPlus has {', '.join(FIELDS)}")
    row = row | {name: [] for name in INPUTS if row[name] == {}}  # as MbppPlus v0.2.0 has it for Mbpp/793
    for name in INPUTS:
        if not isinstance(row[name], list) or not all(isinstance(arguments, list) for arguments in row[name]):
            raise DatasetError(f"{where}: field {name!r} must be a list of lists of arguments")
    if not isinstance(row["atol"], int | float) or isinstance(row["atol"], bool) or row["atol"] < 0:
        raise DatasetError(f"{where}: field 'atol' must be a number of at least 0, not {row['atol']!r}")
    text_of(where, row, ("contract",))
    if not text_of(where, row, ("canonical_solution",)).strip():
        raise DatasetError(f"{where}: field 'canonical_solution' is empty, and what is expected comes from it")
    problem = problem_of(where, {**row, "test": ""})
    shown = tuple(_SHOWN.findall(problem.prompt)) if not problem.prompt.lstrip().startswith("def") else ()
    return replace(problem, shown=shown if _is_mbpp(problem) else ()), row


def _judged(where: str, problem: Problem, row: dict[str, Any], expectations: Expectations) -> tuple[Problem, int]:
    """A problem with both tests, and how many inputs were left out.

    One that nobody could be judged by gets a test that says why: the trial before a run finds it, and stops the run or
    leaves the problem out, as for any other whose canonical solution does not pass.
    """
    try:
        base, plus = (_cases(problem, row["contract"], row[name], expectations) for name in INPUTS)
    except DatasetError as error:
        return _unusable(problem, f"{where}: {error}"), 0
    if not base:
        reason = f"each violates the contract, raises or takes more than {TIMEOUT:g} s"
        return _unusable(problem, f"{where}: field 'canonical_solution' has no result for any base input: {reason}"), 0
    tests = [
        plus_test(problem.entry_point, cases, float(row["atol"]), of_mbpp=_is_mbpp(problem)) for cases in (base, plus)
    ]
    left_out = sum(len(row[name]) for name in INPUTS) - len(base) - len(plus)
    return replace(problem, test=tests[0], strong_test=tests[1]), left_out


def _unusable(problem: Problem, why: str) -> Problem:
    """With a test that breaks before it calls anything: the sandbox says that nobody can run it."""
    return replace(problem, test=f"def check(candidate):\n    raise ValueError({why!r})\n", strong_test="")


def _cases(problem: Problem, contract: str, inputs: Sequence[Any], expectations: Expectations) -> list[Case]:
    arguments = [", ".join(map(source_of, _restored(problem, values))) for values in inputs]
    return [
        (given, expected)
        for given, expected in zip(arguments, expectations.of(problem, contract, arguments), strict=True)
        if expected
    ]


def _restored(problem: Problem, arguments: list[Any]) -> Iterable[Any]:
    number = problem.task_id.rpartition("/")[2]
    return restored(int(number), arguments) if _is_mbpp(problem) and number.isdecimal() else arguments


def _is_mbpp(problem: Problem) -> bool:
    return problem.task_id.lower().startswith("mbpp")


def _of_hub(where: str, row: dict[str, Any], base_test: Callable[[str], str]) -> Problem:
    """A row of the hub: all assertions in one test, which is the stronger one.

    Raises:
        DatasetError: a field is missing.
    """
    strong = text_of(where, row, ("test",))
    if "test_list" in row:
        task = mbpp.task_of(where, row)
        problem, reason = mbpp.described(task, task.asserts[:1])
        if problem is None:
            raise DatasetError(f"{where}: {reason}")
        return replace(problem, task_id=f"Mbpp/{task.number}", strong_test=_as_check(where, strong, problem))
    problem = problem_of(where, row)
    return replace(problem, test=base_test(problem.task_id) or problem.test, strong_test=strong)


def _as_check(where: str, test: str, problem: Problem) -> str:
    """A test that stands at the top of a module as one that has a ``check``."""
    return problem_of(where, {"task_id": "-", "prompt": "", "entry_point": problem.entry_point, "test": test}).test

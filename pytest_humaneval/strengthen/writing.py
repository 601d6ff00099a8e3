"""The stronger test as a program, and the row of a dataset that carries it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_humaneval.problem import Problem
from pytest_humaneval.strengthen.agreement import Case
from pytest_humaneval.strengthen.comparing import Comparison
from pytest_humaneval.strengthen.running import APPROXIMATELY, condition


@dataclass(frozen=True, slots=True)
class Rejected:
    """A program that the plain test passes: whose it is, and the input that a person can judge it by."""

    strategies: tuple[str, ...]
    counterexample: str


@dataclass(frozen=True, slots=True)
class Mutants:
    """Changed canonical solutions: how many there are, and how many each test finds out."""

    count: int = 0
    killed: int = 0
    killed_strong: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """What was done for one problem. ``made_from`` is a digest of all that it depends on."""

    made_from: str
    inputs: int = 0
    known: int = 0
    programs: int = 0  # independent ones that pass the plain test
    ambiguous: int = 0  # inputs on which too many of them differ
    rejected: tuple[Rejected, ...] = ()
    mutants: Mutants = field(default_factory=Mutants)
    why_none: str = ""


def strong_test(cases: Sequence[Case], comparison: Comparison) -> str:
    """A function ``check`` with an assertion for each case; empty where there is none."""
    lines = [f"    assert {condition(case.arguments, case.expected, comparison)}" for case in cases]
    if not lines:
        return ""
    head = (
        APPROXIMATELY.format(tolerance=comparison.tolerance) if any("approximately(" in line for line in lines) else ""
    )
    return "\n".join([head, "def check(candidate):", *lines, ""]).lstrip("\n")


def row_of(problem: Problem, test: str, account: Account) -> str:
    """A line of the dataset; a ``suffix`` only where the problem is a gap, as its source has it."""
    fields = {name: value for name, value in asdict(problem).items() if name != "suffix" or value}
    return json.dumps(fields | {"strong_test": test, "strong": asdict(account)}) + "\n"


def made_from(line: str) -> tuple[str, str]:
    """Task and digest that a line of a former output tells; empty for what is none."""
    try:
        row: Any = json.loads(line)
        return str(row["task_id"]), str(row["strong"]["made_from"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""

"""Runs programs on many inputs at once, in the sandbox that judges: a check for a program, not one for an input.

The tests below are ours, so the oracle runs them. Arguments stand in them as literals: a test that passes names would
have the sandbox watch what becomes of them.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_humaneval.dataset.expected import results_as_source
from pytest_humaneval.dataset.literals import NOT_LITERAL
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox
from pytest_humaneval.strengthen.comparing import Comparison
from pytest_humaneval.verdict import Verdict

Arguments = tuple[Any, ...]

TIMEOUT = 1.5  # seconds of CPU time for all inputs together: where they take longer they are tried in pieces
QUICK = 0.2  # seconds for 40 answers of the canonical solution, or for one of them: others may take much longer
MOST_DEATHS = 6  # of one program: what it does on the rest is not known then
PIECES = 6  # that a batch is cut into where the program does not survive it
AGREES, DIFFERS, RAISES, DIES, UNKNOWN = "=", "#", "!", "+", "?"

APPROXIMATELY = '''
class approximately:
    """A value whose floats are equal within {tolerance:g}, absolute or relative."""
    def __init__(self, value): self.value = value
    def __repr__(self): return repr(self.value)
    def __eq__(self, other): return near(self.value, other)

def near(one, other):
    if isinstance(one, float) and isinstance(other, (int, float)):
        return one == other or abs(one - other) <= {tolerance!r} * max(1.0, abs(one))
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(value, other[key]) for key, value in one.items())
    return bool(one == other)
'''
RECORD = """
_original = check
def check(candidate):
    import json
    calls = []
    def recorded(*arguments, **keywords):
        text = repr(arguments)
        if not keywords and len(text) <= {longest} and len(str(calls)) < {room}:
            calls.append(text)
        return candidate(*arguments, **keywords)
    globals()[{name!r}] = recorded
    _original(recorded)
    return json.dumps(calls)
"""
MARKS = """
CALLS = [
{calls}
]
def check(candidate):
    marks = ""
    for call in CALLS:
        try:
            marks += "=" if call(candidate) else "#"
        except Exception:
            marks += "!"
    return marks
"""
LONGEST, AT_ONCE = 400, 40  # characters of a value that is told, and values: the sandbox tells 20,000 characters
ROOM = 18_000  # characters of all recorded calls


def recorded_calls(sandbox: Sandbox, problem: Problem) -> list[Arguments]:
    """The arguments that the hidden test passes to the canonical solution, as far as they can be written down."""
    recording = replace(
        problem, test=problem.test + RECORD.format(name=problem.entry_point, longest=LONGEST, room=ROOM), strong_test=""
    )
    verdict = sandbox.check(recording, problem.canonical_solution, timeout=DEFAULT_TIMEOUT)
    if not verdict.passed:
        return []
    return [value for text in json.loads(verdict.detail) if isinstance(value := literal(text), tuple)]


def answers(sandbox: Sandbox, problem: Problem, inputs: Sequence[Arguments], comparison: Comparison) -> list[str]:
    """What the canonical solution returns, seen as the test sees it, as source; empty where it raises or is slow."""
    results: list[str] = []
    for at in range(0, len(inputs), AT_ONCE):
        results += _answers(sandbox, problem, inputs[at : at + AT_ONCE], comparison)
    return results


def _answers(sandbox: Sandbox, problem: Problem, inputs: Sequence[Arguments], comparison: Comparison) -> list[str]:
    calls = [comparison.viewed(_call(each)) for each in inputs]
    answered = results_as_source(sandbox, problem, problem.canonical_solution, calls, "written = repr", QUICK, LONGEST)
    if not isinstance(answered, Verdict):
        return answered
    if len(inputs) == 1:
        return [""]
    return [answer for piece in _pieces(inputs) for answer in _answers(sandbox, problem, piece, comparison)]


def marks(
    sandbox: Sandbox, problem: Problem, program: str, cases: Sequence[tuple[Arguments, str]], comparison: Comparison
) -> str:
    """A letter for each case, arguments and expected: whether the program agrees, differs, raises or dies of it."""
    return _Marker(sandbox, problem, program, comparison).marks(cases)


class _Marker:
    def __init__(self, sandbox: Sandbox, problem: Problem, program: str, comparison: Comparison) -> None:
        self._sandbox, self._problem, self._program, self._comparison = sandbox, problem, program, comparison
        self._deaths = 0

    def marks(self, cases: Sequence[tuple[Arguments, str]]) -> str:
        if not cases or self._deaths >= MOST_DEATHS:
            return UNKNOWN * len(cases)
        lines = "\n".join(
            f"    lambda candidate: {condition(arguments, expected, self._comparison)},"
            for arguments, expected in cases
        )
        test = APPROXIMATELY.format(tolerance=self._comparison.tolerance) + MARKS.format(calls=lines)
        verdict = self._sandbox.check(replace(self._problem, test=test, strong_test=""), self._program, timeout=TIMEOUT)
        if verdict.passed:
            return verdict.detail
        self._deaths += 1
        if len(cases) == 1:
            return DIES
        return "".join(map(self.marks, _pieces(cases)))


def condition(arguments: Arguments, expected: str, comparison: Comparison) -> str:
    """What is asserted of a call, as source; ``expected`` is source too."""
    value = f"approximately({expected})" if _has_float(literal(expected)) else expected
    return f"{comparison.viewed(_call(arguments))} == {value}"


def literal(text: str) -> Any:
    """The value that a text writes; None where it writes none."""
    try:
        return ast.literal_eval(text)
    except NOT_LITERAL:
        return None


def is_literal(text: str) -> bool:
    """Whether a text writes a value."""
    return text == "None" or literal(text) is not None


def _call(arguments: Arguments) -> str:
    return f"candidate({', '.join(map(repr, arguments))})"


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    return isinstance(value, float) or (isinstance(value, (list, tuple)) and any(map(_has_float, value)))


def _pieces(items: Sequence[Any]) -> list[Sequence[Any]]:
    size = max(1, -(-len(items) // PIECES))
    return [items[at : at + size] for at in range(0, len(items), size)]

"""Tests as EvalPlus judges: equal, or near within ``atol`` and 1e-7 of the value; or one of several right answers.

Each input is an assertion of its own, so that a failure names the call: ``candidate([0, -3]) is 0, expected -3``.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_MAY_BE_FLOAT = re.compile(r"\d\.|\de|\.\d")
NEAR = 1e-6  # what floats are held to where the problem says nothing, from the first float on
Case = tuple[str, str]
"""The arguments of a call and what is expected, as source code."""

# ``approximately`` is a name that the oracle knows: what it holds is shown where an assertion fails.
HEAD = """
class approximately:
    def __init__(self, value, atol, also=(), slack=0):
        self.value, self.atol, self.also, self.slack = value, atol, also, slack
    def __repr__(self): return repr(self.value)
    def __eq__(self, got):
        if got == self.value or any(got == one or (self.slack and abs(got - one) <= self.slack) for one in self.also):
            return True
        if not self.atol or type(got) is not type(self.value):
            return False
        return near(got, self.value, self.atol)

def near(got, expected, atol):
    if isinstance(expected, (list, tuple)):
        return isinstance(got, (list, tuple)) and len(got) == len(expected) and all(
            near(one, other, atol) for one, other in zip(got, expected))
    if not isinstance(expected, (int, float, complex)) or not isinstance(got, (int, float, complex)):
        return False
    return got == expected or (abs(expected) < 1e999 and abs(got - expected) <= atol + 1e-7 * abs(expected))

class root_of:
    def __init__(self, coefficients, atol): self.coefficients, self.atol = coefficients, atol
    def __eq__(self, got):
        return abs(sum(one * got ** power for power, one in enumerate(self.coefficients))) <= self.atol

class anything:
    def __eq__(self, got): return True

class members_of:
    def __init__(self, value): self.value = value
    def __eq__(self, got): return set(got) == set(self.value)

class given:
    def __init__(self, value): self.value = value
    def __eq__(self, got): return (got if isinstance(got, bool) else got is not None) == self.value
"""

# Several answers are right, by the function's name: as EvalPlus' special oracles have it.
NOT_NONE = ("check_str", "text_match_three", "text_starta_endb")
MEMBERS = (
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
    "intersection_array", "find_dissimilar", "Diff",
)  # fmt: skip


def plus_test(entry_point: str, cases: Sequence[Case], atol: float, *, of_mbpp: bool) -> str:
    """A function ``check`` with an assertion for each case; empty without a case."""
    if not cases:
        return ""
    lines = []
    for arguments, expected in cases:
        if not atol and _is_floats(expected):
            atol = NEAR  # and stays so for what follows
        right = _right(entry_point, arguments, expected, atol, of_mbpp=of_mbpp)
        lines.append(f"    assert candidate({arguments}) == {right}\n")
    head = HEAD.lstrip("\n") + "\n" if any(_uses_head(line) for line in lines) else ""
    return f"{head}def check(candidate):\n{''.join(lines)}"


def _right(entry_point: str, arguments: str, expected: str, atol: float, *, of_mbpp: bool) -> str:
    """What a result is compared with, as source."""
    if not of_mbpp:
        if entry_point == "find_zero":
            return f"root_of({arguments}, {atol!r})"
    elif entry_point == "are_equivalent":
        return "anything()"
    elif entry_point in MEMBERS:
        return f"members_of({expected})"
    elif entry_point in NOT_NONE:
        return f"given({expected != 'None' and (expected == 'True' or expected != 'False')})"
    elif also := ALSO.get(entry_point):
        slack = atol if entry_point == "surface_Area" else 0
        return f"approximately({expected}, {atol!r}, {(also(*ast.literal_eval(f'({arguments},)')),)!r}, {slack!r})"
    return f"approximately({expected}, {atol!r})" if atol else expected


def _surface(edge: float, height: float) -> int:
    """Of a square pyramid whose height is that of its apex above the base; MBPP's own takes it for the slant."""
    return round(edge * edge + 2 * edge * math.hypot(edge / 2, height))


def _digit_distance(first: int, second: int) -> int:
    """The sum of differences digit by digit, not the digits of the difference."""
    width = max(len(str(first)), len(str(second)))
    pairs = zip(str(first).zfill(width), str(second).zfill(width), strict=True)
    return sum(abs(int(first) - int(second)) for first, second in pairs)


ALSO: dict[str, Callable[..., Any]] = {
    "sum_div": lambda *arguments: 0,
    "surface_Area": _surface,
    "digit_distance_nums": _digit_distance,
}
"""Another right answer, computed from the arguments."""


def _is_floats(expected: str) -> bool:
    """Whether this is a float, or a list or tuple of nothing else."""
    if not _MAY_BE_FLOAT.search(expected):
        return False  # most are not, and parsing takes time
    try:
        value = ast.literal_eval(expected.replace("(1e999 - 1e999)", "1e999"))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return _all_floats(value if isinstance(value, list | tuple) else [value])


def _all_floats(values: Iterable[object]) -> bool:
    listed = list(values)
    return bool(listed) and all(isinstance(value, float) for value in listed)


def _uses_head(line: str) -> bool:
    return any(f"== {name}(" in line for name in ("approximately", "root_of", "anything", "members_of", "given"))

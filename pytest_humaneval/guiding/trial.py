"""Tries code out on visible examples, in the same sandbox that judges it, with a test made of the docstring alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pytest_humaneval.dataset.examples import Example, visible_examples
from pytest_humaneval.guiding.visible_inputs import all_examples, drawn_inputs
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompting.guided import Trial
from pytest_humaneval.sandbox.interface import Sandbox
from pytest_humaneval.strengthen.domain import Arguments

TIMEOUT = 1.0  # seconds of CPU time for all examples together; the docstrings' calls are small
MOST_INPUTS = 12

# A test program for the sandbox's oracle, which never runs generated code: ``candidate`` is its stand-in, and values
# cross as plain builtins. What check() returns comes back as the detail of the verdict.
TEST = """
import hashlib, json, math

EXAMPLES = {examples}
INPUTS = {inputs}

def check(candidate):
    right, failure, seen, answers = 0, "", [], []
    for arguments, expected in EXAMPLES:
        shown, same, answer = outcome(candidate, arguments, expected)
        seen.append(shown)
        answers.append(answer)
        right += same
        failure = failure or ("" if same else f"{name}({{', '.join(map(repr, arguments))}}) {{shown}}, "
                                              f"but should return {{expected!r}}")
    for arguments in INPUTS:
        shown, _, answer = outcome(candidate, arguments, None)
        seen.append(shown)
        answers.append(answer)
    return json.dumps([right, failure[:800], digest("\\n".join(seen)), *answers])

def digest(text):
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

def outcome(candidate, arguments, expected):
    try:
        got = candidate(*arguments)
    except Exception as error:
        return f"raises {{type(error).__name__}}: {{error}}"[:300], False, ""
    return f"returns {{written(rounded(got))}}"[:300], same(got, expected), digest(written(alike(got)))[:16]

def same(got, expected):
    if isinstance(expected, float) and isinstance(got, (int, float)):
        try:
            return math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-6)
        except OverflowError:  # an int beyond all floats
            return False
    return bool(got == expected)

def written(value):
    try:
        return repr(value)
    except ValueError:  # an int of more digits than Python writes; in hexadecimal it writes any
        return repr(in_hexadecimal(value))

def in_hexadecimal(value):
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, dict):
        return {{in_hexadecimal(key): in_hexadecimal(item) for key, item in value.items()}}
    if isinstance(value, (set, frozenset)):
        return sorted(map(in_hexadecimal, value), key=repr)
    return type(value)(map(in_hexadecimal, value)) if type(value) in (list, tuple) else value

def rounded(value):
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, (set, frozenset)):
        return sorted(map(rounded, value), key=written)
    return type(value)(map(rounded, value)) if type(value) in (list, tuple) else value

def alike(value):
    # The same for values that are equal: 9 and 9.0, a dict and a defaultdict.
    if isinstance(value, dict):
        return "dict", sorted(((alike(key), alike(item)) for key, item in value.items()), key=written)
    if isinstance(value, (set, frozenset)):
        return "set", sorted(map(alike, value), key=written)
    if isinstance(value, (bool, int, float)) and value == value and abs(value) != math.inf:
        return int(value) if value == int(value) else round(value, 6)
    return type(value)(map(alike, value)) if type(value) in (list, tuple) else value
"""


def try_completion(
    sandbox: Sandbox, problem: Problem, completion: str, *, derived_inputs: bool = False, drawn_inputs: int = 0
) -> Trial:
    """Run ``completion`` on the problem's visible examples, or on inputs derived from them, or on so many drawn ones.

    ``problem`` may be the visible one: its test plays no part and is replaced.

    Raises:
        SandboxError: the sandbox could not do it.
    """
    examples, inputs = _calls(problem.visible(), derived_inputs, drawn_inputs)
    test = TEST.format(
        name=problem.entry_point,
        examples=repr([(each.arguments, each.expected) for each in examples]),
        inputs=repr(list(inputs)),
    )
    verdict = sandbox.check(replace(problem.visible(), test=test), completion, timeout=TIMEOUT)
    if not verdict.passed:
        return Trial(verdict.kind, 0, len(examples), verdict.detail)
    # Ours, and whole: the sandbox never cuts what is told.
    num_right, failure, behaviour, *answers = json.loads(verdict.detail)
    return Trial("passed", num_right, len(examples), failure, behaviour, tuple(answers))


def _calls(problem: Problem, derived_inputs: bool, drawn: int) -> tuple[tuple[Example, ...], tuple[Arguments, ...]]:
    """The examples, and further arguments."""
    if drawn:
        return all_examples(problem), drawn_inputs(problem, drawn)
    if derived_inputs:
        return (), derive_inputs(visible_examples(problem))
    return visible_examples(problem), ()


def derive_inputs(examples: Iterable[Example]) -> tuple[tuple[object, ...], ...]:
    """Arguments like those of the examples, one of them changed: no random choice, so that runs can be repeated."""
    shown = [each.arguments for each in examples]
    inputs: dict[str, tuple[object, ...]] = {repr(each): each for each in shown}
    for arguments in shown:
        for place, value in enumerate(arguments):
            for other in _variants(value):
                changed = (*arguments[:place], other, *arguments[place + 1 :])
                inputs.setdefault(repr(changed), changed)
    return tuple(inputs.values())[: len(shown) + MOST_INPUTS]


def _variants(value: Any) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, max(0, value - 1), -value)
    elif isinstance(value, float):
        yield from (value + 0.5, -value)
    elif isinstance(value, (str, list, tuple)):
        yield from (value[::-1], value[1:], value[: len(value) // 2], value[:0])

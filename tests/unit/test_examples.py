from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from pytest_humaneval.dataset.examples import Example, visible_examples
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.problem import Problem

PROBLEMS = read_problems()
MISLEADING = {"HumanEval/47", "HumanEval/116"}  # their docstrings contradict their canonical solutions


def problem_with(docstring: str) -> Problem:
    return Problem("T/0", f'def f(*args):\n    """{docstring}\n    """\n', "f", "", "")


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (">>> f(1, [2])\n    3", [Example((1, [2]), 3)]),
        (">>> f()\n    'a b'\n    >>> f('x')\n    None", [Example((), "a b"), Example(("x",), None)]),
        ("f(2) == [1, 2]", [Example((2,), [1, 2])]),
        ("f(2) => True, f(3) => False.", [Example((2,), True), Example((3,), False)]),
        ("f(2) ==> (1,)", [Example((2,), (1,))]),
        ("f(2) ➞ 2.5", [Example((2,), 2.5)]),
        ("f(2) -> 2 # a remark", [Example((2,), 2)]),
        ("f(2) # => 2", [Example((2,), 2)]),
        ("f(2) = 2", [Example((2,), 2)]),
        ("for f(2) should return 'two'", [Example((2,), "two")]),
        ("f(2), it returns 4", []),
        ("f(2) returns 4.", [Example((2,), 4)]),
        ("f(2) == 2\n    f(2) == 3", [Example((2,), 2)]),
    ],
)
def test_an_example_is_read_in_each_way_it_is_written(docstring: str, expected: list[Example]) -> None:
    assert list(visible_examples(problem_with(docstring))) == expected


@pytest.mark.parametrize(
    "docstring",
    ["f(n) == 3", "f(2) == n", "f(2) == 1 + 1", "f(2) == 2 * n", "f(2)", "g(2) == 3", "", "f(1) == 3 f(2) == [3]"],
)
def test_what_shows_no_value_is_no_example(docstring: str) -> None:
    assert visible_examples(problem_with(docstring)) == ()


def test_examples_that_contradict_each_other_in_shape_are_none() -> None:
    assert visible_examples(problem_with("f(1) = 3\n    f(3) = [1, 3]\n    f(4) = [2]")) == ()
    assert visible_examples(problem_with("f(1) = None\n    f(3) = [1, 3]")) != ()


def test_examples_of_humaneval_are_counted() -> None:
    found = [visible_examples(problem.visible()) for problem in PROBLEMS]
    assert (sum(map(bool, found)), sum(map(len, found))) == (135, 381)


def test_the_canonical_solution_agrees_with_every_example_but_those_of_two_problems() -> None:
    wrong = {problem.task_id for problem in PROBLEMS if not all(holds(problem))}
    assert wrong == MISLEADING


def holds(problem: Problem) -> list[bool]:
    namespace: dict[str, Any] = {}
    exec(problem.prompt + problem.canonical_solution, namespace)
    return [
        namespace[problem.entry_point](*copy.deepcopy(example.arguments)) == example.expected
        for example in visible_examples(problem.visible())
    ]


def test_renaming_the_entry_point_changes_no_example() -> None:
    for problem in PROBLEMS:
        prompt = re.sub(rf"\b{problem.entry_point}\b", "renamed", problem.prompt)
        twin = Problem("Other/1", prompt, "renamed", "", "")
        assert visible_examples(twin) == visible_examples(problem.visible())


def test_an_example_is_shown_as_a_call() -> None:
    assert Example((1, "a"), None).call("f") == "f(1, 'a')"

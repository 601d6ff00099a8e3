"""Categories by hint, by example, by word; test_strategy_snapshots.py shows those of all HumanEval problems."""

from __future__ import annotations

import re

import pytest

from pytest_humaneval import Problem
from pytest_humaneval.dataset.category import Category, category
from pytest_humaneval.dataset.load import read_problems


def judged(signature: str, docstring: str = "") -> Category:
    return category(Problem("Test/0", f'def f{signature}:\n    """{docstring}"""\n', "f", "", ""))


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("(a: str) -> int", Category.STRING),
        ("(a: List[str])", Category.STRING),
        ("(a: Optional[str], n: int)", Category.STRING),
        ("(n: int) -> str", Category.STRING),
        ("(a: list, n: int)", Category.LIST),
        ("(a: 'List[int]')", Category.OTHER),  # a hint in quotes is not read
        ("(a: List[int])", Category.LIST),
        ("(n: int, x: float) -> List[int]", Category.MATH),
        ("(d: dict)", Category.OTHER),
        ("(n: int, d: dict)", Category.OTHER),
    ],
)
def test_type_hints_decide(signature: str, expected: Category) -> None:
    assert judged(signature) is expected


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Given a list.\n>>> f('abc')\n1", Category.STRING),
        ("f([1, 2], 3) => 4", Category.LIST),
        ("f([]) == 0\nf(['a']) == 1", Category.STRING),
        ("f(3, -4) ➞ 5", Category.MATH),
        ("f({'a': 1}) should return True", Category.OTHER),
        ("f(x) => 1, but f((1, 2)) => 2", Category.OTHER),
        ("f('a)') => 1", Category.STRING),
    ],
)
def test_without_hints_the_examples_decide(docstring: str, expected: Category) -> None:
    assert judged("(a, b=0)", docstring) is expected


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("You are given a string s of numbers.", Category.STRING),
        ("Given an array of integers, add them.", Category.LIST),
        ("Given a list of two strings, add their lengths.", Category.STRING),
        ("Given a positive integer, count its digits.", Category.MATH),
        ("Given a positive integer, write it as a string of digits.", Category.STRING),
        ("Whatever.", Category.OTHER),
    ],
)
def test_without_examples_the_first_words_decide(docstring: str, expected: Category) -> None:
    assert judged("(a)", docstring) is expected


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Return l sorted.", Category.SORTING),
        ("Return l in descending order.", Category.SORTING),
        ("Return whether l is sorted.", Category.LIST),
        ("Return the unsortable.", Category.LIST),
    ],
)
def test_a_list_to_sort_is_sorting_but_a_question_about_order_is_not(docstring: str, expected: Category) -> None:
    assert judged("(l: list)", docstring) is expected


def test_only_lists_are_sorted() -> None:
    assert judged("(a: str)", "Return the letters in ascending order.") is Category.STRING
    assert judged("(n: int)", "Return the divisors in ascending order.") is Category.MATH


STRANGE = ["", "def g(a: str):\n    ...\n", "def f(a: str", "f = (" * 300, "def f():\n    \x00"]


@pytest.mark.parametrize("prompt", STRANGE)
def test_what_is_no_function_of_that_name_is_other(prompt: str) -> None:
    assert category(Problem("Test/0", prompt, "f", "", "")) is Category.OTHER


@pytest.mark.parametrize("name", ["renamed_function", "sort", "string"])
def test_renaming_the_entry_point_changes_no_category(name: str) -> None:
    for problem in read_problems():
        prompt = re.sub(rf"\b{problem.entry_point}\b", name, problem.prompt)
        if name not in problem.prompt:
            assert category(Problem("Other/1", prompt, name, "", "")) is category(problem), problem.task_id

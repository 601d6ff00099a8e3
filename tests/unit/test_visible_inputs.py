"""What candidates are compared on: made of the prompt alone, the same everywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pytest_humaneval import Problem, read_problems
from pytest_humaneval.dataset.examples import visible_examples
from pytest_humaneval.dataset.stated import shown_arguments, stated_examples
from pytest_humaneval.guiding.visible_inputs import all_examples, drawn_inputs
from pytest_humaneval.strengthen import plain_values as st
from pytest_humaneval.testing import ADD

PROBLEMS = tuple(read_problems())


def problem(docstring: str, signature: str = "f(x)", name: str = "f") -> Problem:
    return Problem("T/0", f'def {signature}:\n    """{docstring}"""\n', name, "    return 1\n", "def check(c): pass\n")


# --- examples in words


@pytest.mark.parametrize(
    ("docstring", "signature", "arguments", "expected"),
    [
        ("For x = [1,2] the output should be 3", "f(x)", ([1, 2],), 3),
        ('For num = "AB" the output should be 1.', "f(num)", ("AB",), 1),
        ('For c = "ae", s = "abcde", the result should be (1,False)', "f(s, c)", ("abcde", "ae"), (1, False)),
        ('For N = 150, the sum of digits will be 6 the output should be "110".', "f(N)", (150,), "110"),
        ("Input: [4,2]\n        Output: [2, 1]", "f(x)", ([4, 2],), [2, 1]),
        ("Input: a = [4], k = 2\n    Output: [4]", "f(a, k)", ([4], 2), [4]),
        ("Input:\n  grid : [[0]]\n  bucket : 1\n  Output: 6", "f(grid, capacity)", ([[0]], 1), 6),
        ("f(8, 2) => true", "f(x, n)", (8, 2), True),
        ("f(3, 2) => false", "f(x, n)", (3, 2), False),
        ('f("a", 19) ->19 - 5 - 6 = 8', "f(s, n)", ("a", 19), 8),
        ("assert other([1, 2]) => [2]", "f(x)", ([1, 2],), [2]),
    ],
)
def test_an_example_in_words_is_read(
    docstring: str, signature: str, arguments: tuple[object, ...], expected: object
) -> None:
    (example,) = stated_examples(problem(docstring, signature))
    assert (example.arguments, example.expected) == (arguments, expected)
    assert type(example.expected) is type(expected)


@pytest.mark.parametrize(
    "docstring",
    [
        "",
        "For every x the output should be 3",
        "For x = 1, y = 2 the output should be 3",  # two arguments, where there is one
        "Input: [1, 2",
        "f(1) and other(2) => 3",  # another function, beside the right one
        "f(1) => [1]\n    f(2) => 2",  # they contradict each other
        "Input: 3\n Output: as many",
    ],
)
def test_what_is_no_example_is_left_alone(docstring: str) -> None:
    assert stated_examples(problem(docstring)) == ()


def test_examples_in_the_form_of_calls_come_first_and_stay_what_they_are() -> None:
    assert all_examples(ADD) == visible_examples(ADD) != ()
    both = problem("For x = 5 the output should be 6\n    >>> f(1)\n    2\n    ")
    assert [each.arguments for each in all_examples(both)] == [(1,)]


def test_a_canonical_solution_gives_what_its_docstring_states() -> None:
    """Not on HumanEval, which is not looked at: on a problem of ours that states all forms."""
    said = stated_examples(
        problem("For x = 2 the output should be 4\n    Input: 3\n    Output: 9\n    f(4) -> 4 * 4 = 16")
    )
    assert {each.arguments[0]: each.expected for each in said} == {2: 4, 3: 9, 4: 16}


def test_arguments_are_shown_by_calls_whose_values_contradict_each_other() -> None:
    assert shown_arguments(problem("f(1) => [1]\n    f(2) => 2\n    f(n) => f(n-1)")) == [(1,), (2,)]


# --- inputs


def test_neither_the_hidden_test_nor_the_solution_nor_the_task_decides_anything() -> None:
    for each in PROBLEMS[:60]:
        other = replace(each, task_id="Other/1", test="assert 1 / 0", canonical_solution="no", strong_test="none")
        assert drawn_inputs(each, 16) == drawn_inputs(other, 16)
        assert all_examples(each) == all_examples(other)


def test_the_name_of_the_function_decides_nothing() -> None:
    for each in PROBLEMS[:60]:
        text = each.prompt.replace(each.entry_point, "renamed_function")
        other = Problem("Other/1", text, "renamed_function", "", "")
        assert drawn_inputs(each, 16) == drawn_inputs(other, 16)


def test_most_problems_of_humaneval_have_inputs() -> None:
    counts = [len(drawn_inputs(each, 16)) for each in PROBLEMS]
    assert sum(count >= 4 for count in counts) >= 150
    assert max(counts) == 16


def test_these_inputs_are_a_part_of_what_the_strategies_are() -> None:
    """Where this fails, the strategies that draw inputs are other ones, and their published figures not theirs."""
    assert drawn_inputs(problem("", "f(n: int)"), 8) == ((1,), (2,), (3,), (5,), (8,), (12,), (7,), (10,))
    assert digest_of_all() == "5dabdc881a3d292bfd2e7acc500ba99d334fbd79d3ac92014997866d1cf66429"


def digest_of_all() -> str:
    return hashlib.sha256(repr([drawn_inputs(each, 16) for each in PROBLEMS]).encode()).hexdigest()


def test_inputs_are_the_same_in_another_process_and_need_no_hypothesis() -> None:
    script = "import sys, test_visible_inputs as t; print(t.digest_of_all()); assert 'hypothesis' not in sys.modules"
    folder = Path(__file__).parent
    told = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert told.strip() == digest_of_all()


@pytest.mark.parametrize(
    ("signature", "docstring", "first"),
    [
        ("f(s: str)", "", ("abc",)),
        ("f(a: List[int], b: float)", "", ([1, 2, 3], 2.5)),
        ("f(n)", "Given a positive integer n, count.", (1,)),
        ("f(words, n)", "A list words and a number n.", ([1, 2, 3], 2)),
        ("f(x)", "f(7) gives [1]; f(8) gives 2.\n f(7) == [1]\n f(8) == 2", (8,)),
    ],
)
def test_without_examples_types_and_words_give_inputs(
    signature: str, docstring: str, first: tuple[object, ...]
) -> None:
    assert first in drawn_inputs(problem(docstring, signature), 16)


@pytest.mark.parametrize("signature", ["f(x)", "f(x: Graph)", "f(a: int, b)", "f()"])
def test_of_what_nobody_knows_there_are_none(signature: str) -> None:
    assert drawn_inputs(problem("", signature), 16) == ()


def test_inputs_keep_what_the_docstring_asks_for() -> None:
    sorted_lists = problem("For x = [1,2,9] the output should be 1\n    For x = [3,4,5] the output should be 2\n"
                           "    x is a sorted list of positive numbers")  # fmt: skip
    drawn = drawn_inputs(sorted_lists, 16)
    assert drawn
    assert all(list(each) == sorted(each) and min(each) > 0 for (each,) in drawn)


# --- what they are drawn by


def test_plain_values_are_within_their_bounds() -> None:
    makes: dict[st.Values, Callable[[Any], bool]] = {
        st.integers(-2, 3): lambda value: -2 <= value <= 3,
        st.floats(0.5, 0.75, allow_nan=False, allow_infinity=False): lambda value: 0.5 <= value <= 0.75,
        st.text("ab", min_size=1, max_size=3): lambda value: 1 <= len(value) <= 3 and set(value) <= set("ab"),
        st.lists(st.just(1), min_size=2, max_size=4): lambda value: 2 <= len(value) <= 4,
        st.lists(st.booleans(), min_size=0, max_size=9, unique_by=repr): lambda value: len(value) <= 2,
        st.dictionaries(st.integers(0, 9), st.none(), min_size=1, max_size=2): lambda value: (
            set(value.values()) == {None}
        ),
        st.one_of(st.just(1), st.just(2)): lambda value: value in (1, 2),
        st.tuples(st.sampled_from("x"), st.just(1).map(str)): lambda value: value == ("x", "1"),
        st.integers(1, 3).flatmap(st.just): lambda value: 1 <= value <= 3,
    }
    for values, holds in makes.items():
        assert all(holds(values.make(Random(seed))) for seed in range(30))


def test_what_is_shared_is_one_value_within_an_input() -> None:
    rows = st.lists(st.shared(st.integers(0, 99), key="width"), min_size=3, max_size=3)
    drawn = [rows.make(Random(seed)) for seed in range(9)]
    assert all(len(set(each)) == 1 for each in drawn)
    assert len({each[0] for each in drawn}) > 3

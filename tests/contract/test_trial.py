"""Visible examples, run in a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_available import opened

from pytest_humaneval import Problem
from pytest_humaneval.dataset.examples import Example
from pytest_humaneval.guiding.trial import MOST_INPUTS, derive_inputs, try_completion
from pytest_humaneval.prompting.guided import Trial
from pytest_humaneval.sandbox import Sandbox

ADD = Problem(
    "T/0",
    'def add(a, b):\n    """Adds.\n    >>> add(1, 2)\n    3\n    >>> add(0.1, 0.2)\n    0.3\n    """\n',
    "add",
    "",
    "raise SystemExit('the hidden test was run')",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with opened("lockdown") as sandbox:
        yield sandbox


def test_right_code_passes_its_examples_and_floats_are_compared_with_care(sandbox: Sandbox) -> None:
    trial = try_completion(sandbox, ADD, "    return a + b\n")
    assert trial.passed
    assert (trial.num_right, trial.num_examples, trial.failure) == (2, 2, "")


def test_the_first_wrong_result_is_told(sandbox: Sandbox) -> None:
    trial = try_completion(sandbox, ADD, "    return 0.3\n")
    assert not trial.passed
    assert (trial.kind, trial.num_right) == ("passed", 1)
    assert trial.failure == "add(1, 2) returns 0.3, but should return 3"


def test_an_exception_is_told(sandbox: Sandbox) -> None:
    trial = try_completion(sandbox, ADD, "    return a / 0\n")
    assert trial.failure == "add(1, 2) raises ZeroDivisionError: division by zero, but should return 3"


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("    while True: pass\n", "timed out"),
        ("    return (\n", "syntax error"),
        ("    import os; os._exit(0)\n", "exception"),
        ("    return bytearray(10**11)\n", "out of memory"),
        ("", "empty"),
    ],
)
def test_code_that_gives_no_answers_has_a_kind_and_nothing_right(sandbox: Sandbox, completion: str, kind: str) -> None:
    trial = try_completion(sandbox, ADD, completion)
    assert not trial.passed
    assert trial.num_right == 0
    assert trial.kind == kind or (kind, trial.kind) in {("out of memory", "passed"), ("empty", "passed")}


def test_an_object_that_says_it_equals_everything_is_not_right(sandbox: Sandbox) -> None:
    liar = "    class Liar(int):\n        def __eq__(self, other): return True\n        __hash__ = None\n"
    liar += "    return Liar(9)\n"
    assert try_completion(sandbox, ADD, liar).num_right == 0


def test_equal_behaviour_has_an_equal_digest_on_derived_inputs_too(sandbox: Sandbox) -> None:
    plain, other, wrong = "    return a + b\n", "    return b + a\n", "    return a - b\n"
    for derived in (False, True):
        trials = [try_completion(sandbox, ADD, each, derived_inputs=derived) for each in (plain, other, wrong)]
        assert trials[0].behaviour == trials[1].behaviour != trials[2].behaviour
    assert trials[0].num_examples == 0


def test_without_examples_it_is_enough_to_load(sandbox: Sandbox) -> None:
    silent = replace(ADD, prompt='def add(a, b):\n    """Adds."""\n')
    assert try_completion(sandbox, silent, "    return 1\n").passed
    assert not try_completion(sandbox, silent, "    return (\n").passed


def test_drawn_inputs_come_behind_the_examples_and_each_answer_has_its_digest(sandbox: Sandbox) -> None:
    right = try_completion(sandbox, ADD, "    return a + b\n", drawn_inputs=5)
    other = try_completion(sandbox, ADD, "    return sum([a, b])\n", drawn_inputs=5)
    wrong = try_completion(sandbox, ADD, "    return a + b if b == 2 * a else 77\n", drawn_inputs=5)
    raising = try_completion(sandbox, ADD, "    return a / 0\n", drawn_inputs=5)
    assert right == other
    assert right.passed
    assert (right.num_examples, len(right.answers)) == (2, 7)
    assert right.answers[:2] == wrong.answers[:2]
    assert right.answers != wrong.answers
    assert set(raising.answers) == {""}


def test_answers_are_the_same_where_values_are_equal(sandbox: Sandbox) -> None:
    bodies = (
        "    return [9, {1: 2, 3: 4}, {1, 2}, True]\n",
        "    import collections\n    return [9.0, collections.Counter({3: 4, 1: 2}), {2, 1}, 1]\n",
        "    return (9, {1: 2, 3: 4}, {1, 2}, True)\n",
    )
    first, equal, other = (try_completion(sandbox, ADD, body, drawn_inputs=1).answers for body in bodies)
    assert first == equal != other


arguments = st.lists(
    st.integers(-9, 9) | st.text("ab", max_size=4) | st.lists(st.integers(0, 3), max_size=4), max_size=3
)


@given(st.lists(arguments, max_size=4))
def test_derived_inputs_begin_with_the_shown_ones_are_few_and_each_is_there_once(shown: list[list[object]]) -> None:
    examples = [Example(tuple(each), None) for each in shown]
    inputs = derive_inputs(examples)
    different = list({repr(each.arguments): each.arguments for each in examples}.values())
    assert list(inputs[: len(different)]) == different
    assert len({repr(each) for each in inputs}) == len(inputs) <= len(shown) + MOST_INPUTS
    assert inputs == derive_inputs(examples)


@pytest.mark.parametrize("shape", ["{}", "[{}, 1]", "({},)", "{{{}}}", "{{1: {}}}", "{{{}: [1]}}"])
def test_a_number_with_more_digits_than_python_writes_costs_no_trial(shape: str, sandbox: Sandbox) -> None:
    def tried(number: str) -> Trial:
        return try_completion(
            sandbox, ADD, f"    return a + b if a > 0 else {shape.format(number)}\n", derived_inputs=True
        )

    trials = [tried(number) for number in ("10**5000", "10**5000", "10**5000 + 1")]
    assert [trial.kind for trial in trials] == ["passed"] * 3
    assert trials[0].answers == trials[1].answers != trials[2].answers


def test_a_number_beyond_all_floats_is_a_wrong_answer(sandbox: Sandbox) -> None:
    trial = try_completion(sandbox, ADD, "    return a + b if a == 1 else 10**5000\n")
    assert (trial.kind, trial.num_right, trial.num_examples) == ("passed", 1, 2)
    assert trial.failure.startswith("add(0.1, 0.2) returns '0x")

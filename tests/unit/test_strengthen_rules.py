"""What makes an input defensible: how a test compares, what known inputs share, what a docstring says, who agrees."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import Problem
from pytest_humaneval.strengthen import traits
from pytest_humaneval.strengthen.agreement import Case, is_defensible, within
from pytest_humaneval.strengthen.choosing import Suspect, chosen
from pytest_humaneval.strengthen.comparing import Comparison, comparison_of
from pytest_humaneval.strengthen.domain import Answers, Domain, is_numbers
from pytest_humaneval.strengthen.drawing import drawn
from pytest_humaneval.strengthen.mutants import mutants
from pytest_humaneval.strengthen.programs import independent
from pytest_humaneval.strengthen.promises import is_plain_speech, promised
from pytest_humaneval.strengthen.running import condition
from pytest_humaneval.strengthen.traits import FIRM
from pytest_humaneval.strengthen.writing import strong_test
from pytest_humaneval.testing import ADD


def problem_with(*assertions: str, docstring: str = "") -> Problem:
    test = "def check(candidate):\n" + "".join(f"    {line}\n" for line in assertions)
    return Problem("T/0", f'def f(x):\n    """{docstring}"""\n', "f", "    return x\n", test)


# --- how a test compares


@pytest.mark.parametrize(
    ("assertion", "view"),
    [
        ("assert candidate(1) == 2", "_"),
        ("assert 2 == candidate(1), 'why'", "_"),
        ("assert candidate(1) is True", "_"),
        ("assert candidate(1)", "bool(_)"),
        ("assert not candidate(1)", "bool(_)"),
        ("assert tuple(candidate([1])) == (1,)", "tuple(_)"),
        ("assert set(f([1])) == {1}", "set(_)"),
        ("assert abs(candidate(1) - 2.5) < 1e-6", "_"),
        ("assert math.isclose(candidate(1), 2.5)", "_"),
    ],
)
def test_a_comparison_is_read_off_an_assertion(assertion: str, view: str) -> None:
    how = comparison_of(problem_with("assert True", assertion))
    assert how is not None
    assert how.view == view


def test_the_largest_tolerance_of_a_test_holds() -> None:
    how = comparison_of(problem_with("assert abs(candidate(1) - 2.5) < 1e-2", "assert abs(candidate(1) - 2.5) < 1e-6"))
    assert how == Comparison("_", 1e-2)


@pytest.mark.parametrize(
    "assertion",
    [
        "assert abs(poly(xs, candidate(xs))) < 1e-4",  # any root is right
        "assert candidate(1) in (2, 3)",
        "assert candidate(1) != 2",
        "assert norm(candidate(1)) == 2",
        "assert len(x) == 1",  # judges nothing that it calls
    ],
)
def test_a_test_that_judges_in_a_way_of_its_own_is_not_imitated(assertion: str) -> None:
    assert comparison_of(problem_with(assertion)) is None


def test_an_assertion_is_written_as_the_test_compares() -> None:
    assert condition(([1],), "(1,)", Comparison("tuple(_)")) == "tuple(candidate([1])) == (1,)"
    assert condition((1, "a"), "[2.5]", Comparison()) == "candidate(1, 'a') == approximately([2.5])"


def test_floats_are_near_and_all_else_is_equal() -> None:
    told = strong_test([Case((1,), frozenset(), "[2.5, 'a', 3]")], Comparison())
    namespace: dict[str, Any] = {}
    exec(told, namespace)

    def passes(result: Any) -> bool:
        try:
            namespace["check"](lambda x: result)
        except AssertionError:
            return False
        return True

    assert [passes([2.5 + 1e-9, "a", 3]), passes([2.5, "a", 3.0])] == [True, True]
    assert [passes([2.51, "a", 3]), passes([2.5, "b", 3]), passes((2.5, "a", 3)), passes(None)] == [False] * 4


# --- what known inputs share


@pytest.mark.parametrize(
    ("known", "other", "broken"),
    [
        ([(1,), (5,)], (3,), set()),
        ([(1,), (5,)], (True,), {FIRM}),
        ([(1,), (5,)], (1.0,), {FIRM}),
        ([(1,), (5,)], (0,), {FIRM}),  # a number by itself: taste
        ([(0,), (5,)], (-1,), {FIRM}),
        ([([1],), ([5],)], ([0],), {traits.ZERO}),  # one among others
        ([([0],), ([5],)], ([-1],), {traits.NEGATIVE}),
        ([("a b",), ("c",)], ("",), {FIRM, traits.EMPTY}),  # no word, or one without letters?
        ([(1,), (5,)], (6,), {traits.LARGE}),
        ([(1.0,), (5.0,)], (2.5,), {traits.WHOLE}),
        ([([1, 2],), ([3],)], ([],), {traits.EMPTY}),
        ([([1, 2],), ([1],)], ([2, 1],), {traits.ORDER}),
        ([([1, 2],), ([2, 1],)], ([1, 1],), {traits.REPEATS}),
        ([([[1], [2]],), ([[1, 2], [2, 1]],)], ([[1], [1, 2]],), {FIRM}),  # rows of one length
        ([([[2, 1], [3, 4]],), ([[1, 2], [4, 3]],)], ([[1, 2], [2, 3]],), {FIRM}),  # 1 to 4, each once
        ([([[5, 1], [3, 1]],), ([[1, 2], [5, 3]],)], ([[5, 1]],), {FIRM, traits.SHORT}),  # square
        ([("()",), ("(())()",)], (")(",), {FIRM}),
        ([("()",), ("(())()",)], ("()()",), set()),
        ([("abcdef",), ("x y",)], ("ab",), {traits.SHORT}),
        ([("abcdef",), ("xyz",)], ("ABC",), {traits.CHARACTERS}),
        ([("ab cd",), ("x",)], (" ab",), {traits.SPACES}),
        ([("01",), ("11",)], ("02",), {FIRM}),
        (
            [("01-02-2000",), ("31-12-1999",), ("11-11-1111",), ("22-03-2040",)],
            ("3-4-2000",),
            {traits.MASK, traits.SHORT},
        ),
        ([(1, 2), (2, 3), (3, 4)], (3, 2), {FIRM}),  # the first is the smaller one
        ([([1, 2], [3, 4]), ([1], [2]), ([3], [4])], ([1], [2, 3]), {FIRM}),  # of one length
        ([("+", [1, 2]), ("+*", [3, 1, 2]), ("*", [3, 2])], ("+*", [1, 2]), {FIRM}),  # one more than operators
        ([(1,)], (1, 2), {FIRM}),
    ],
)
def test_an_input_shares_what_all_known_ones_have_in_common(known: list[Any], other: Any, broken: set[str]) -> None:
    assert Domain(known).broken_by(other) == broken


@pytest.mark.parametrize(
    ("known", "other", "two_ways"),
    [
        ([("7/10",), ("12/34",)], ("20/3",), False),
        ([("7/10",), ("12/34",)], ("02/3",), True),  # eval("02/3") is an error, Fraction("02/3") is not
        ([("7/10",), ("02/3",)], ("01/2",), False),
        ([("1.05",), ("2.5",)], ("5.02",), False),
        ([([3, 0.5],), ([4, 1.5],)], ([4, 0.5],), False),
        ([([3, 0.5],), ([4, 1.5],)], ([4, 1.0],), True),  # whole, and no integer
        ([([3, 0.5],), ([4, 2.0],)], ([4, 1.0],), False),
        ([([0.5],), ([1.5],)], ([1.0],), False),  # there are no integers to take it for
    ],
)
def test_what_can_be_read_in_two_ways_is_left_out(known: list[Any], other: Any, two_ways: bool) -> None:
    assert (within(Domain(known), set(), other, 20) is None) is two_ways


def test_asking_about_an_input_teaches_nothing() -> None:
    domain = Domain([([],), ([],)])
    before = domain.broken_by(([1],))
    assert within(domain, set(), ([1],), 20) is None
    assert domain.broken_by(([1],)) == before


def test_a_vocabulary_is_firm() -> None:
    known = [("one two three",), ("three one",), ("two two one three",), ("one one",)]
    assert Domain(known).broken_by(("one four",)) == {FIRM}
    assert Domain(known).broken_by(("three three",)) == set()


def test_what_the_docstring_speaks_of_is_kept() -> None:
    positive = promised(problem_with(docstring="Given a positive integer, return it."))
    assert traits.ZERO in positive
    assert traits.EMPTY not in positive
    assert traits.EMPTY in promised(problem_with(docstring="Given a non-empty list."))
    assert promised(problem_with(docstring="Return it.")) == set()


def test_what_is_given_up_needs_programs_that_agree() -> None:
    domain = Domain([([1],), ([2, 1],)])
    assert within(domain, set(), ([],), 4) is None
    assert within(domain, set(), ([],), 5) == frozenset({traits.EMPTY})
    assert within(domain, {traits.EMPTY}, ([],), 5) is None
    assert within(domain, set(), ([0],), 2) is None
    assert within(domain, set(), ([0],), 3) == frozenset({traits.ZERO})
    assert within(domain, set(), (["a"],), 9) is None
    assert within(domain, set(), ([2],), 0) == frozenset()


@pytest.mark.parametrize(
    ("broken", "marks", "kept"),
    [
        (set(), "", False),
        (set(), "=", False),
        (set(), "#", False),  # one against the canonical solution alone
        (set(), "==#", True),
        (set(), "==###", False),
        (set(), "==?????", True),
        (set(), "==+", False),  # slow, which is not wrong
        (set(), "=====+", True),
        ({traits.ZERO}, "==", False),
        ({traits.ZERO}, "===", True),
        ({traits.ZERO}, "===#", True),
        ({traits.ZERO}, "===##", False),
        ({traits.EMPTY}, "====", False),
        ({traits.CHARACTERS}, "=====", True),
        ({traits.CHARACTERS}, "=====!", True),
        ({traits.EMPTY}, "=====!!", False),
    ],
)
def test_one_against_many_is_wrong_and_many_against_many_is_ambiguous(broken: set[str], marks: str, kept: bool) -> None:
    assert is_defensible(Case((1,), frozenset(broken), "1", marks)) is kept


def test_where_few_pass_the_others_are_witnesses_of_answers_that_tell() -> None:
    assert is_defensible(Case((1,), frozenset(), "'abc'", "#", "==##"))
    assert not is_defensible(Case((1,), frozenset(), "'abc'", "", "=#"))
    assert not is_defensible(Case((1,), frozenset(), "True", "=", "==##"))  # two of four say yes by chance
    assert not is_defensible(Case((1,), frozenset(), "0", "", "===#"))


def test_yes_and_no_need_one_more_program() -> None:
    assert not is_defensible(Case((1,), frozenset(), "True", "=="))
    assert is_defensible(Case((1,), frozenset(), "True", "==="))


@pytest.mark.parametrize(
    ("marks", "kept"),
    [("", True), ("=", True), ("==", True), ("#", False), ("=#", False), ("+", False), ("===", True), ("==##", True)],
)
def test_numbers_as_all_known_ones_are_need_nobody_but_nobody_may_object(marks: str, kept: bool) -> None:
    assert is_defensible(Case((1,), frozenset(), "True", marks, is_plain=True)) is (kept and marks != "==##")
    assert not is_defensible(Case((1,), frozenset({traits.LARGE}), "True", marks[:2], is_plain=False))


@pytest.mark.parametrize(
    ("docstring", "plain"),
    [
        ("How many of the numbers are even?", True),
        ("Round it to the nearest integer.", False),
        ("Knowing that a is less then 100.", False),
        ("For 0 < n < 10.", False),
        ("The numbers between a and b.", False),
    ],
)
def test_a_docstring_that_limits_or_rounds_is_not_plain(docstring: str, plain: bool) -> None:
    assert is_plain_speech(problem_with(docstring=docstring)) is plain


def test_what_has_text_in_it_is_not_numbers_alone() -> None:
    assert is_numbers(([1, 2.5], True, [[0]]))
    assert not is_numbers(([1, "2"],))
    assert not is_numbers((None,))


def test_of_nothing_only_nothing_is_natural() -> None:
    assert is_defensible(Case(([],), frozenset({traits.EMPTY}), "[]", "======"))
    assert not is_defensible(Case(([],), frozenset({traits.EMPTY}), "0", "======"))


def test_an_answer_is_of_a_kind_that_was_met() -> None:
    positive = Answers([3, 5])
    assert [positive.broken_by(value) for value in (7, 2.5)] == [set()] * 2
    assert [positive.broken_by(value) for value in (0, -1, None, True, "a")] == [{FIRM}] * 5
    signed = Answers([-3, 5])
    assert [signed.broken_by(value) for value in (0, -1)] == [set()] * 2
    assert Answers(["a", None]).broken_by(None) == set()


def test_a_first_negative_answer_needs_programs_that_agree() -> None:
    """The largest of [-3, -2], where all answers before were positive; -1 may be a way to say that there is none."""
    assert [Answers([3, 5]).broken_by(value) for value in (-2, -0.5, -1.0)] == [{traits.NEGATIVE}] * 2 + [{FIRM}]


def test_an_answer_of_the_docstring_needs_no_program() -> None:
    assert is_defensible(Case((1,), frozenset(), "0", "#####=", is_example=True))


# --- programs and choice


def test_programs_that_differ_in_names_and_comments_are_one() -> None:
    samples = [
        ("chat", "    total = a + b\n    return total\n"),
        ("cot", "    # the sum\n    c = a + b\n    return c\n"),
        ("vote", "    return b + a\n"),
        ("vote", "    return (\n"),
    ]
    found = independent(ADD, samples)
    assert [program.strategies for program in found] == [("chat", "cot"), ("vote",)]


def test_what_rejects_programs_is_chosen_first_and_the_smaller_one_of_equals() -> None:
    cases = [Case((number,), frozenset(), "1") for number in (1000, 20, 3, 4)]
    suspects = [Suspect("##==")]
    assert [case.arguments for case in chosen(cases, suspects, 2)] == [(20,), (1000,)]
    assert len(chosen(cases, suspects, 3)) == 3


def test_mutants_are_the_same_every_time_and_none_is_the_solution() -> None:
    assert mutants(ADD, 5) == mutants(ADD, 5) != []
    assert mutants(replace(ADD, canonical_solution="    return (\n"), 5) == []


def test_inputs_do_not_depend_on_the_source_of_loaded_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hypothesis")
    domain = Domain([([3, 1], 1.5, "abcd"), ([2], 2.5, "efgh"), ([8, 9, 7], 0.5, "ijkl")])
    before = drawn("a problem", domain, 100)
    (tmp_path / "constants_of_a_module.py").write_text("NUMBERS = (4, 5, 6, 0.75, 1.25, 'acegi')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("constants_of_a_module")
    assert drawn("a problem", domain, 100) == before

"""What rewriting costs, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.gates import Gates
from pytest_humaneval.report.partial import partial_notes
from pytest_humaneval.report.rewrite_gate import judge_rewrites
from pytest_humaneval.report.robustness_table import robustness_lines
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.robustness import Robustness, robustness_of


def outcome(number: int, rewrite: str, passed: bool) -> Outcome:
    task = f"Mine/{number}"
    return Outcome(
        task + (f"+{rewrite}" if rewrite else ""),
        "minimal",
        0,
        kind="passed" if passed else "assertion",
        dataset="mine" + (f"+{rewrite}" if rewrite else ""),
        original=task if rewrite else "",
        rewrite=rewrite,
    )


def of(passed: dict[str, str], max_drop: float | None = None) -> Robustness:
    """By rewrite (empty: as it was), a sign for each problem: 1 passes, 0 fails, blank: not there."""
    made = [
        outcome(number, rewrite, sign == "1")
        for rewrite, signs in passed.items()
        for number, sign in enumerate(signs)
        if sign != " "
    ]
    (found,) = robustness_of(made, max_drop)
    return found


def test_each_rewrite_is_compared_with_the_problems_that_it_fits() -> None:
    found = of({"": "1110", "a": "10 1", "b": "111 "})
    a, b = found.comparisons
    assert (found.dataset, found.problems, found.pass_at_1) == ("mine", 4, 0.75)
    assert (a.first, a.problems, a.second_pass_at_1, a.first_pass_at_1) == ("a", 3, 2 / 3, 2 / 3)
    assert (a.worse, a.better) == (("Mine/1",), ("Mine/3",))
    assert (b.problems, b.difference) == (3, 0.0)


def test_the_worst_case_is_right_however_it_is_said() -> None:
    found = of({"": "1110", "a": "10 1", "b": "111 "})
    assert found.worst_case == 0.5  # the first and the third problem; the fourth is wrong as it was
    assert found.worst is not None
    assert found.worst.first == "a"


def test_the_worst_case_leaves_out_what_an_error_has_taken() -> None:
    made = [outcome(number, rewrite, True) for number in range(3) for rewrite in ("", "a")]
    made[1] = replace(made[1], kind="error")  # who knows whether Mine/0 would have passed?
    made[4] = replace(made[4], kind="error")  # Mine/2 as it was
    made.append(replace(outcome(1, "b", False), sample_index=1))
    made.append(replace(outcome(1, "b", False), kind="error"))  # of two samples one is judged
    (found,) = robustness_of(made)
    assert (found.problems, found.pass_at_1, found.worst_case) == (1, 1.0, 0.0)
    assert [one.problems for one in found.comparisons] == [1, 1]
    (found,) = robustness_of([*made[:1], replace(made[1], kind="error"), *made[2:3], outcome(1, "a", True),
                              replace(outcome(1, "b", True), kind="error")])  # fmt: skip
    assert "worst case not known" in "\n".join(robustness_lines([found], 120))


def test_p_values_are_corrected_over_all_rewrites() -> None:
    found = of({"": "111111", "a": "000000", "b": "111111"})
    assert [one.p for one in found.comparisons] == [pytest.approx(2 / 64), 1.0]
    assert [one.p_holm for one in found.comparisons] == [pytest.approx(4 / 64), 1.0]


def test_nothing_is_said_where_nothing_was_rewritten() -> None:
    assert robustness_of([outcome(0, "", True)]) == []
    assert robustness_lines([], 80) == []


@pytest.mark.parametrize(
    ("passed", "holds", "told"),
    [
        ({"": "1" * 100, "a": "1" * 100}, True, ""),
        ({"": "1" * 100, "a": "1" * 100, "b": "0" * 50 + "1" * 50}, False, "shown to be larger under b"),
        ({"": "1" * 5, "a": "1" * 5}, None, "not shown to be smaller under a"),
    ],
)
def test_the_gate_asks_every_rewrite(passed: dict[str, str], holds: bool | None, told: str) -> None:
    (verdict,) = judge_rewrites(Gates(max_drop=0.1, on_rewrites=True), [of(passed, 0.1)])
    assert (verdict.holds, verdict.strategy) == (holds, "minimal on mine")
    assert told in verdict.reason


def test_the_gate_says_no_yes_of_what_has_no_rewritten_problem() -> None:
    gates, row = Gates(max_drop=0.1, on_rewrites=True), of({"": "1" * 100, "a": "1" * 100}, 0.1)
    asked = [("minimal", "mine"), ("minimal", "other")]
    yes, unknown = judge_rewrites(gates, [row], asked)
    assert (yes.holds, yes.strategy) == (True, "minimal on mine")
    assert (unknown.holds, unknown.strategy) == (None, "minimal on other")
    assert unknown.reason == "no problem of it was rewritten"


def test_the_table_names_what_breaks() -> None:
    lines = "\n".join(robustness_lines([of({"": "111", "a": "110"})], 120))
    assert "minimal broken by a: Mine/2" in lines
    assert "worst case 0.667" in lines


def test_rewritten_problems_are_none_of_those_selected() -> None:
    made = tuple(outcome(number, rewrite, True) for number in range(2) for rewrite in ("", "a"))
    parts = [{"name": "mine", "available": 3}, {"name": "mine+a", "available": 2, "rewrite": "a"}]
    run = {"dataset": {"available": 5, "problems": 4}, "datasets": parts}
    assert partial_notes(Results(made, run)) == ["note: 2 of 3 problems were selected; the figures are partial"]

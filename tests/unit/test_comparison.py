from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Analysis, comparisons_between
from pytest_humaneval.report.comparisons import pair_lines
from pytest_humaneval.statistics.comparison import (
    Passes,
    compare,
    compare_pairs,
    compare_with_reference,
    passes_of,
    smallest_detectable,
    together,
)
from pytest_humaneval.statistics.paired import mcnemar, paired_interval


def one_each(passed: Iterable[bool]) -> dict[str, dict[int, bool]]:
    return {f"T/{number}": {0: one} for number, one in enumerate(passed)}


def several(*counts: int, of: int = 4) -> dict[str, dict[int, bool]]:
    return {f"T/{number}": {index: index < count for index in range(of)} for number, count in enumerate(counts)}


samples = st.dictionaries(st.sampled_from(["T/0", "T/1", "T/2"]), st.dictionaries(st.integers(0, 3), st.booleans()))


def test_one_sample_a_problem_is_counted_by_hand() -> None:
    first, second = one_each([True, True, True, False, False]), one_each([True, False, False, True, False])
    made = compare("new", first, "old", second)
    assert made is not None
    assert (made.better, made.worse, made.both, made.neither) == (("T/1", "T/2"), ("T/3",), ("T/0",), ("T/4",))
    assert (made.first_pass_at_1, made.second_pass_at_1, made.difference) == pytest.approx((0.6, 0.4, 0.2))
    assert (made.p, made.method) == (mcnemar(2, 1), "exact McNemar")
    assert made.interval == paired_interval(1, 2, 1, 1)
    assert made.spread == 0.6


def test_several_samples_are_compared_by_their_shares() -> None:
    made = compare("new", several(4, 3, 0, 2), "old", several(2, 3, 0, 1))
    assert made is not None
    assert (made.better, made.worse, made.both, made.neither) == (("T/0", "T/3"), (), ("T/1",), ("T/2",))
    assert made.difference == pytest.approx((0.5 + 0.25) / 4)
    assert made.method == "exact sign-flip"
    assert made.p == 0.5  # of the four choices of two signs, two are as far from 0
    # mean 0.1875; squares of 0.3125, 0.1875, 0.1875, 0.0625 over 3
    assert made.spread == pytest.approx(sqrt((0.3125**2 + 2 * 0.1875**2 + 0.0625**2) / 3))


def test_equal_runs_of_several_samples_are_no_certainty() -> None:
    made = compare("new", several(4, 3, 0, 2), "old", several(4, 3, 0, 2))
    assert made is not None
    assert (made.difference, made.p) == (0.0, 1.0)
    assert made.interval[0] < 0 < made.interval[1]


def test_only_problems_that_both_have_are_compared_by_all_samples_of_either() -> None:
    first: Passes = {"T/0": {0: True, 1: False}, "T/1": {0: True}, "T/2": {0: True}, "T/4": {}}
    second: Passes = {"T/0": {1: True, 2: True}, "T/1": {5: True}, "T/3": {0: True}, "T/4": {0: True}}
    made = compare("new", first, "old", second)
    assert made is not None
    assert (made.problems, made.first_samples, made.second_samples) == (2, 3, 3)
    assert (made.first_pass_at_1, made.second_pass_at_1, made.difference) == (0.75, 1.0, -0.25)
    assert (made.worse, made.both) == (("T/0",), ("T/1",))


def test_nothing_shared_is_no_comparison() -> None:
    assert compare("new", {"T/0": {0: True}}, "old", {"T/1": {0: True}}) is None
    assert compare("new", {"T/0": {}}, "old", {"T/0": {1: True}}) is None
    assert compare("new", {}, "old", {}) is None


def test_one_sample_is_compared_with_the_mean_of_five() -> None:
    # The README's example: of five samples only the first passes, the one sample passes: -0.8 on each of ten problems.
    five, one = several(*[1] * 10, of=5), one_each([True] * 10)
    made = compare("now", five, "before", one)
    assert made is not None
    assert (made.first_pass_at_1, made.second_pass_at_1, made.difference) == (0.2, 1.0, -0.8)
    assert (made.p, made.method) == (2 / 2**10, "approximate sign-flip")
    assert made.interval[1] < 0
    assert len(made.worse) == 10


def test_too_few_problems_to_show_anything_are_too_few_with_several_samples_too() -> None:
    made = compare("now", several(1, 1, 1, 1, 5, of=5), "before", one_each([True] * 5))
    assert made is not None
    power = smallest_detectable([made])  # p of five problems in one direction is 2/32
    assert power is not None
    assert power.difference is None


shares = st.lists(st.tuples(st.lists(st.booleans(), min_size=1), st.lists(st.booleans(), min_size=1)), min_size=1)


@given(shares, st.integers(1, 7), st.integers(1, 7))
def test_how_many_samples_a_side_has_changes_no_difference(
    problems: list[tuple[list[bool], list[bool]]], times: int, times_of_other: int
) -> None:
    """Each verdict several times over is the same pass@1: a worse run stays as much worse, a better one better."""

    def side(which: int, times: int) -> Passes:
        return {f"T/{number}": dict(enumerate(both[which] * times)) for number, both in enumerate(problems)}

    made, repeated = (
        compare("a", side(0, 1), "b", side(1, 1)),
        compare("a", side(0, times), "b", side(1, times_of_other)),
    )
    assert made is not None
    assert repeated is not None
    means = [sum(map(Fraction, both[which])) / len(both[which]) for both in problems for which in (0, 1)]
    exact = (sum(means[::2]) - sum(means[1::2])) / len(problems)
    assert made.difference == repeated.difference == float(exact)
    assert (repeated.better, repeated.worse) == (made.better, made.worse)
    assert repeated.p == pytest.approx(made.p)


@given(st.lists(st.integers(0, 4), min_size=6, max_size=30), st.integers(1, 9))
def test_a_run_that_is_worse_everywhere_is_found_worse_whatever_its_number_of_samples(
    passing: list[int], of: int
) -> None:
    before, worse = several(*[of] * len(passing), of=of), several(*passing, of=5)
    made = compare("now", worse, "before", before)
    assert made is not None
    assert made.difference < 0
    assert made.significant


@given(samples, samples)
def test_a_comparison_turned_round_is_its_mirror_image(first: Passes, second: Passes) -> None:
    made, turned = compare("a", first, "b", second), compare("b", second, "a", first)
    assert (made is None) == (turned is None)
    if made is not None and turned is not None:
        assert made.difference == -turned.difference
        assert made.p == pytest.approx(turned.p)
        assert set(made.better) == set(turned.worse)
        assert made.problems == sum(map(len, (made.better, made.worse, made.both, made.neither)))
        assert made.interval[0] <= made.difference <= made.interval[1]
        assert made.spread == pytest.approx(turned.spread)
        if made.method == "exact McNemar":
            assert made.interval == pytest.approx((-turned.interval[1], -turned.interval[0]))


def test_errors_are_no_verdicts() -> None:
    outcomes = [Outcome("T/0", "b", 0, "passed"), Outcome("T/1", "b", 0), Outcome("T/0", "a", 1, "timed out")]
    assert passes_of(outcomes) == {"a": {"T/0": {1: False}}, "b": {"T/0": {0: True}}}
    assert list(passes_of(outcomes)) == ["a", "b"]


def test_p_values_are_corrected_for_the_comparisons_made_together() -> None:
    good, bad, middle = one_each([True] * 8), one_each([False] * 8), one_each([True] * 4 + [False] * 4)
    made = compare_pairs({"bad": bad, "good": good, "middle": middle})
    assert [(one.first, one.second, one.p) for one in made] == [
        ("bad", "good", mcnemar(0, 8)),
        ("bad", "middle", mcnemar(0, 4)),
        ("good", "middle", mcnemar(4, 0)),
    ]
    assert [one.p_holm for one in made] == pytest.approx([3 * 2 / 256, 2 * 2 / 16, 2 * 2 / 16])
    assert [one.significant for one in made] == [True, False, False]


def test_one_problem_alone_compares_nothing() -> None:
    alone = {name: one_each([name == "a"]) for name in "abc"}
    assert comparisons_between(alone) == ([], [])
    two = {name: one_each([name == "a", True]) for name in "ab"}
    assert [len(made) for made in comparisons_between(two)] == [1, 1]


def test_the_reference_is_minimal_or_the_first() -> None:
    some = one_each([True, False])
    made = compare_with_reference({"a": some, "minimal": some, "z": some})
    assert [(one.first, one.second) for one in made] == [("a", "minimal"), ("z", "minimal")]
    assert [one.second for one in compare_with_reference({"a": some, "b": some})] == ["a"]


def test_what_could_be_detected_rests_on_the_strictest_step() -> None:
    some = {name: one_each([(i * step) % 5 > 1 for i in range(40)]) for name, step in (("a", 1), ("b", 2), ("c", 3))}
    made = compare_pairs(some)
    power = smallest_detectable(made)
    assert power is not None
    assert (power.problems, power.alpha) == (40, 0.05 / 3)
    alone = smallest_detectable(together(made[:1]))
    assert alone is not None
    assert alone.difference is not None
    assert power.difference is not None
    assert alone.difference < power.difference
    assert smallest_detectable([]) is None


def test_counts_leave_out_the_names() -> None:
    made = compare("a", one_each([True, False]), "b", one_each([False, False]))
    assert made is not None
    assert {key: made.counts()[key] for key in ("better", "worse", "both", "neither")} == {
        "better": 1, "worse": 0, "both": 0, "neither": 1,
    }  # fmt: skip


def test_the_matrix_has_differences_above_and_p_below_its_diagonal() -> None:
    some = {"good": one_each([True] * 20), "bad": one_each([False] * 20), "middle": one_each([True] * 15 + [False] * 5)}
    analysis = Analysis(compare_pairs(dict(sorted(some.items()))))
    assert "\n".join(pair_lines(analysis, 80, kept=False)) == (
        "in pairs, on 20 problems: above the diagonal pass@1 of the row minus that of the\n"
        "  column, below it p of the exact McNemar test, Holm-corrected over 3 pairs; *\n"
        "  is below 0.05\n"
        "\n"
        "              1        2        3\n"
        "1 bad         .   -1.000*  -0.750*\n"
        "2 good    <.001*       .   +0.250\n"
        "3 middle  <.001*   0.062        .\n"
        "\n"
        "20 problems show a true difference of 0.600 with a chance of 80% at alpha\n"
        "  0.05/3, if 67% of them differ as here (exact power, Duffy 1984)"
    )


def test_a_difference_larger_than_what_differs_is_not_told_as_one_that_could_be_seen() -> None:
    some = {"a": one_each([True] * 9 + [False]), "b": one_each([True] * 7 + [False] * 3)}
    pairs = compare_pairs(some)
    assert "\n".join(pair_lines(Analysis(pairs, pairs), 80, kept=False)).endswith(
        "10 problems show a true difference with a chance of 80% at alpha 0.05 only if\n"
        "  70% of them differ, all in one direction; here 20% differ (exact power, Duffy\n"
        "  1984)"
    )


def test_many_strategies_are_shown_against_the_reference() -> None:
    passes = {name: one_each([True] * 9 + [name == "g"]) for name in "abcdefg"}
    analysis = Analysis(compare_pairs(passes), compare_with_reference(passes))
    lines = pair_lines(analysis, 80, kept=True)
    assert " ".join(lines).startswith("minus a: p of the exact McNemar test, Holm-corrected over 6 strategies")
    assert any("all 21 pairs are in run.json" in line for line in lines)
    assert "f             +0.000  [-0.278, +0.278]       0      0  10  1.000" in lines
    assert (
        "g             +0.100  [-0.189, +0.404]       1      0  10  1.000" in lines
    )  # Wilson's [.722, 1], [.596, .982]


@pytest.mark.parametrize(("right", "how"), [(1, "all differ alike"), (2, "none differs")])
def test_what_could_be_shown_is_unknown_where_the_differences_do_not_vary(right: int, how: str) -> None:
    before = {f"T/{task}": {0: True, 1: True} for task in range(3)}
    now = {task: {0: right > 0, 1: right > 1} for task in before}
    pairs = compare_pairs({"a": now, "b": before})
    lines = pair_lines(Analysis(pairs, pairs), 200, kept=False)
    assert lines[-1] == f"the smallest difference that 3 problems could show is unknown: {how}"

from __future__ import annotations

import re

import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.report.baseline import BaselineComparison
from pytest_humaneval.report.gates import (
    DOES_NOT_HOLD,
    NOT_JUDGED,
    Gates,
    GateVerdict,
    answer,
    check_baseline,
    judge,
    least_pass_at_1,
)
from pytest_humaneval.statistics.comparison import Comparison, compare, together
from pytest_humaneval.statistics.metrics import pass_at_k_interval
from pytest_humaneval.statistics.noninferiority import margin_test


def passes(verdicts: str) -> dict[str, dict[int, bool]]:
    return {f"T/{number}": {0: letter == "p"} for number, letter in enumerate(verdicts)}


def dropped(now: str, before: str, *others: Comparison) -> GateVerdict:
    made = together([compare("chat", passes(now), "chat", passes(before)), *others])
    (verdict,) = judge(Gates(on_regression=True), {"chat": passes(now)}, BaselineComparison("old", tuple(made), ()))
    return verdict


def test_a_number_without_a_name_is_for_those_that_have_no_own() -> None:
    assert least_pass_at_1([("", 0.4), ("chat", 0.5)], ["chat", "cot"]) == {"chat": 0.5, "cot": 0.4}
    assert least_pass_at_1([("chat", 0.5)], ["chat", "cot"]) == {"chat": 0.5}
    assert least_pass_at_1([], ["chat"]) == {}


def test_an_unknown_name_or_two_numbers_for_one_are_refused() -> None:
    with pytest.raises(InputError, match="chta is not evaluated; this run has chat, cot"):
        least_pass_at_1([("chta", 0.5)], ["chat", "cot"])
    with pytest.raises(InputError, match=r"0.5 and 0.6 are both given for chat; give one"):
        least_pass_at_1([("chat", 0.5), ("chat", 0.6)], ["chat"])


def test_a_regression_needs_something_to_regress_from() -> None:
    check_baseline(Gates(), ["chat"], None, "--")
    asked = Gates(on_regression=True)
    check_baseline(asked, ["chat"], ["other"], "--")  # the only one against the only one
    with pytest.raises(InputError, match="no results of cot; it has chat, minimal"):
        check_baseline(asked, ["chat", "cot"], ["chat", "minimal"], "--")
    with pytest.raises(InputError, match=r"^--humaneval-max-drop needs --humaneval-baseline=PATH"):
        check_baseline(Gates(max_drop=0.1), ["chat"], None, "--humaneval-")


@pytest.mark.parametrize(("least", "holds"), [(0.5, True), (0.51, False), (0.0, True), (1.0, False)])
def test_the_least_is_allowed(least: float, holds: bool) -> None:
    (verdict,) = judge(Gates({"chat": least}), {"chat": passes("ppff")}, None)
    assert (verdict.holds, verdict.reason) == (holds, "0.5000, 2 of 4 samples")


@pytest.mark.parametrize(("least", "holds"), [(0.15, True), (0.1501, False), (0.5, False)])
def test_the_bound_is_compared_instead_of_the_figure(least: float, holds: bool) -> None:
    # Wilson's interval of 2 of 4: 0.5 plus or minus 0.3500.
    (verdict,) = judge(Gates({"chat": least}, on_bound=True), {"chat": passes("ppff")}, None)
    assert verdict.holds is holds
    assert verdict.gate == f"pass@1 of at least {least:g} by the lower end of its interval"
    assert verdict.reason == "[0.1500, 0.8500] of 0.5000, 2 of 4 samples"


def test_the_bound_of_several_samples_is_the_bootstrap_s() -> None:
    some = {f"T/{n}": {index: index < n % 5 for index in range(4)} for n in range(50)}
    interval = pass_at_k_interval([(4, n % 5) for n in range(50)], 1)
    assert interval is not None
    for least, holds in ((interval[0] - 0.001, True), (interval[0] + 0.001, False)):
        (verdict,) = judge(Gates({"chat": least}, on_bound=True), {"chat": some}, None)
        assert verdict.holds is holds
    assert judge(Gates({"chat": 0.5}, on_bound=True), {"chat": {}}, None)[0].holds is None


def test_pass_at_1_is_the_mean_over_problems_not_over_samples() -> None:
    some = {"T/0": {0: True, 1: False}, "T/1": {0: True}}
    (verdict,) = judge(Gates({"chat": 0.75}), {"chat": some}, None)
    assert verdict.holds


def test_a_mean_of_shares_is_not_a_bit_too_small() -> None:
    some = {f"T/{n}": {index: index < count for index in range(10)} for n, count in enumerate([1, 7])}
    assert (1 / 10 + 7 / 10) / 2 < 0.4
    (verdict,) = judge(Gates({"chat": 0.4}), {"chat": some}, None)
    assert verdict.holds


def test_a_strategy_without_any_verdict_is_not_judged() -> None:
    assert [one.holds for one in judge(Gates({"chat": 0.0}), {}, None)] == [None]


def test_only_a_significant_drop_is_a_regression() -> None:
    assert dropped("f" * 6 + "p" * 20, "p" * 26).holds is False  # p is 2/64
    assert dropped("f" * 5 + "p" * 20, "p" * 25).holds is True  # p is 2/32
    assert dropped("p" * 26, "f" * 6 + "p" * 20).holds is True  # significantly better


def test_a_drop_is_judged_after_the_correction() -> None:
    other = compare("cot", passes("pf" * 20), "cot", passes("pf" * 20))
    assert other is not None
    assert dropped("f" * 6 + "p" * 20, "p" * 26, other).holds is True  # p is 4/64


def test_too_few_problems_to_show_a_drop_are_not_judged() -> None:
    verdict = dropped("fff", "ppp")
    assert verdict.holds is None
    assert "too few to show any drop" in verdict.reason
    assert dropped("fpf", "fpf").holds is True  # the same verdicts: there is no drop to show


@pytest.mark.parametrize(
    ("now", "holds", "reason"),
    [
        ("p" * 80, True, r"\+0.000, 80 problems, one-sided 95% limits -0.03\d and \+0.03\d$"),
        ("f" * 40 + "p" * 40, False, r"-0.500, .* and -0.4\d\d$"),
        ("f" * 6 + "p" * 74, None, r"about \d+ problems would show it .* if nothing has really changed"),
    ],
)
def test_a_drop_is_judged_by_its_limits(now: str, holds: bool | None, reason: str) -> None:
    test = margin_test("chat", passes(now), passes("p" * 80), 0.05)
    assert test is not None
    (verdict,) = judge(Gates(max_drop=0.05), {"chat": passes(now)}, BaselineComparison("old", (), (), (test,)))
    assert verdict.holds is holds
    assert verdict.gate == "a drop of less than 0.05 against the baseline"
    assert re.search(reason, verdict.reason)


def test_what_one_strategy_s_problems_can_show_does_not_hang_on_another_s() -> None:
    few = compare("cot", passes("fp"), "cot", passes("pp"))
    many = compare("chat", passes("f" + "p" * 39), "chat", passes("p" * 40))
    assert few is not None
    assert many is not None
    baseline = BaselineComparison("old", (few, many), ())
    verdicts = judge(Gates(on_regression=True), {"cot": passes("fp"), "chat": passes("p")}, baseline)
    assert [(verdict.strategy, verdict.holds) for verdict in verdicts] == [("cot", None), ("chat", True)]


def test_a_drop_of_what_the_baseline_lacks_is_not_judged() -> None:
    (verdict,) = judge(Gates(max_drop=0.05), {"chat": passes("p")}, BaselineComparison("old", (), ()))
    assert verdict.holds is None


HOLDS, FAILS, UNJUDGED = (GateVerdict("g", "chat", holds, "") for holds in (True, False, None))


@pytest.mark.parametrize(
    ("verdicts", "status", "errors", "missing", "elsewhere", "expected"),
    [
        ([HOLDS, HOLDS], 1, 0, 0, 0, 0),
        ([HOLDS], 0, 0, 0, 0, 0),
        ([HOLDS, FAILS, UNJUDGED], 0, 0, 0, 0, DOES_NOT_HOLD),
        ([HOLDS, UNJUDGED], 1, 0, 0, 0, NOT_JUDGED),
        ([FAILS], 1, 0, 0, 2, DOES_NOT_HOLD),
        ([HOLDS], 1, 0, 0, 2, 1),
        ([], 1, 0, 3, 0, NOT_JUDGED),
        ([], 3, 2, 0, 0, 3),
        ([], 3, 2, 3, 0, 3),
        ([], 2, 0, 3, 0, 2),
        ([], 5, 0, 3, 0, 5),
    ],
)  # fmt: skip
def test_the_exit_status_is_the_gates_answer(
    verdicts: list[GateVerdict], status: int, errors: int, missing: int, elsewhere: int, expected: int
) -> None:
    found, told = answer(status, verdicts, errors, missing, elsewhere)
    assert found == expected
    assert f"exit status {expected}" in told


def test_no_gate_is_none() -> None:
    assert not Gates()
    assert Gates({"chat": 0.0})
    assert Gates(on_regression=True)

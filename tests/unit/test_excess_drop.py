"""What rewrites cost beyond a control, worked by hand; and where it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Looked, analyse
from pytest_humaneval.report.excess_table import excess_lines
from pytest_humaneval.report.terminal import analysis_lines
from pytest_humaneval.results.parts import control_of
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.excess_drop import drops, excess_drops


def outcomes(dataset: str, strategy: str, **signs: str) -> list[Outcome]:
    """By rewrite (``plain``: as it was), a sign for each problem: 1 passes, 0 fails, blank: not there."""
    made = []
    for name, row in signs.items():
        rewrite = "" if name == "plain" else name
        for number, sign in enumerate(row):
            original = f"{dataset}/{number}"
            made += [] if sign == " " else [
                Outcome(
                    f"{original}+{rewrite}" if rewrite else original, strategy, 0,
                    "passed" if sign == "1" else "assertion", dataset=f"{dataset}+{rewrite}" if rewrite else dataset,
                    original=original if rewrite else "", rewrite=rewrite,
                )
            ]  # fmt: skip
    return made


OURS = outcomes("Mine", "chat", plain="1111", typos="0000", layout="11  ", camel="1111")
THEIRS = outcomes("Control", "chat", plain="1100", typos="1000", layout="1100")


def test_a_drop_is_a_problems_share_before_minus_after() -> None:
    assert drops(OURS, ["typos", "layout"]) == {"Mine/0": 0.5, "Mine/1": 0.5, "Mine/2": 1.0, "Mine/3": 1.0}
    assert drops(THEIRS) == {"Control/0": 0.0, "Control/1": 0.5, "Control/2": 0.0, "Control/3": 0.0}
    assert drops(OURS, ["other"]) == {}


def test_only_rewrites_that_both_have_are_compared() -> None:
    (excess,) = excess_drops([*OURS, *THEIRS], "Control")
    assert (excess.strategy, excess.dataset, excess.control) == ("chat", "Mine", "Control")
    assert (excess.figure.first, excess.figure.second) == (0.75, 0.125)
    assert excess.by_rewrite == {"layout": (0.0, 0.0), "typos": (1.0, 0.25)}
    assert excess.p_holm == excess.figure.p == pytest.approx(3 / 70, abs=0.01)  # of 8 over 4, three are as large


def test_each_strategy_and_dataset_has_its_own_and_p_is_corrected() -> None:
    more = [*OURS, *THEIRS, *outcomes("Other", "chat", plain="11", typos="11"), *outcomes("Mine", "x", plain="1")]
    made = excess_drops(more, "Control")
    assert [(each.strategy, each.dataset) for each in made] == [("chat", "Mine"), ("chat", "Other")]
    assert made[0].p_holm == pytest.approx(2 * made[0].figure.p)


def test_without_a_control_or_rewrites_nothing_is_said() -> None:
    assert excess_drops([*OURS, *THEIRS], "") == []
    assert excess_drops(outcomes("Mine", "chat", plain="11"), "Control") == []
    assert excess_lines([], 80) == []


@given(st.text("01", min_size=4, max_size=4), st.text("01", min_size=4, max_size=4))
def test_a_set_against_its_like_has_no_excess(plain: str, typos: str) -> None:
    same = [outcomes(dataset, "chat", plain=plain, typos=typos) for dataset in ("Mine", "Control")]
    (excess,) = excess_drops([*same[0], *same[1]], "Control")
    assert excess.figure.difference == 0
    assert not excess.flagged


def test_the_runs_own_report_says_it() -> None:
    results = Results((*OURS, *THEIRS), {}, "here")
    analysis = analyse(results, None, Looked(control="Control"))
    lines = " ".join(" ".join(analysis_lines(analysis, 120, kept=True)).split())
    assert "drops in pass@1 under rewrites beyond those on Control, the control" in lines
    assert "chat, Mine" in lines
    assert "+0.625" in lines
    assert "the control's problems are easier" in lines
    (recorded,) = analysis.to_json()["excess_drops"]
    assert (recorded["dataset"], recorded["difference"]) == ("Mine", 0.625)
    assert (control_of({"control": "Control"}), control_of({"control": 1}), control_of({})) == ("Control", "", "")

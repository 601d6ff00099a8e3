"""Each dataset of a run, and all pooled where asked for, has everything that a run on one dataset has."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Analysis, Looked, analyse, judge_gates
from pytest_humaneval.report.gates import Gates
from pytest_humaneval.report.page.facts import changes, reliability
from pytest_humaneval.report.terminal import part_lines
from pytest_humaneval.results.history import lines_of
from pytest_humaneval.results.parts import POOLED, row_records
from pytest_humaneval.results.publication import every_eval_ever, hf_eval_results
from pytest_humaneval.results.read import Results
from pytest_humaneval.sample import Sampling
from pytest_humaneval.statistics.paired import ALPHA

DATASETS = [{"name": name, "sha256": f"sha256 of {name}", "problems": 40} for name in ("first", "second")]
RUN = {
    "started": "2026-01-01T00:00:00+00:00",
    "git_commit": None,
    "identity": {"engine": "scripted", "model": "tiny", "digest": "sha256:aaa"},
    "dataset": {"name": "first,second", "sha256": "sha256 of both", "problems": 80},
    "datasets": DATASETS,
    "experiments": [{"name": "chat", "sampling": asdict(Sampling()), "num_samples": 2, "postprocess": "auto"}],
    "engine_process": {},
    "pool": True,
}
MARGIN = 0.1


def outcomes(dataset: str, wrong: int) -> list[Outcome]:
    """Two samples of each of 40 problems; all of the first ``wrong`` fail, for one cause."""
    failed: dict[str, Any] = {"kind": "assertion", "cause": "returns None", "completion": "    return None\n"}
    right: dict[str, Any] = {"kind": "passed", "completion": "    return 1\n"}
    found = [Outcome(f"{dataset}/{place // 2}", "chat", place % 2, dataset=dataset) for place in range(80)]
    return [replace(one, **(failed if place < 2 * wrong else right)) for place, one in enumerate(found)]


def run_of(wrong_in_first: int, wrong_in_second: int) -> Results:
    return Results((*outcomes("first", wrong_in_first), *outcomes("second", wrong_in_second)), RUN, "run")


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """Nothing has changed on the first dataset; on the second half of what passed is broken."""
    return analyse(run_of(0, 20), run_of(0, 0), Looked((1, 2), MARGIN, pool=True))


def test_each_has_reliability_churn_and_a_test_of_its_drop(analysis: Analysis) -> None:
    assert [*analysis.parts] == ["first", "second", POOLED]
    problems = {name: [one.problems for one in part.reliability] for name, part in analysis.parts.items()}
    assert problems == {"first": [40], "second": [40], POOLED: [80]}
    assert analysis.parts["second"].reliability[0].all_pass[2] is not None
    compared = {name: part.baseline for name, part in analysis.parts.items()}
    broken = {name: one.churn[0].broken for name, one in compared.items() if one is not None}
    assert broken == {"first": 0, "second": 40, POOLED: 40}
    within = {name: one.margins[0].within for name, one in compared.items() if one is not None}
    assert within == {"first": True, "second": False, POOLED: False}


@pytest.mark.parametrize(
    ("pool", "holds"),
    [(False, {"chat on first": True, "chat on second": False}), (True, {f"chat on {POOLED}": False})],
)
def test_a_gate_on_a_drop_asks_each_or_all_together(pool: bool, holds: dict[str, bool]) -> None:
    now, gates = run_of(0, 20), Gates(max_drop=MARGIN)
    verdicts = judge_gates(gates, now.outcomes, analyse(now, run_of(0, 0), Looked((1,), MARGIN, pool)), pool=pool)
    assert {one.strategy: one.holds for one in verdicts} == holds


def one_each(dataset: str, wrong: Collection[int], problems: int = 40) -> list[Outcome]:
    """One sample of each problem, failing where it is said."""
    kinds = ["assertion" if number in wrong else "passed" for number in range(problems)]
    return [Outcome(f"{dataset}/{n}", "chat", 0, kind=kind, dataset=dataset) for n, kind in enumerate(kinds)]


def test_a_gate_corrects_for_all_datasets_that_it_looks_at_and_so_does_the_table_of_each() -> None:
    """Six problems of 40 broken and none fixed: p is 2/64, which one of two datasets does not show."""
    now = Results((*one_each("first", range(6)), *one_each("second", ())), RUN, "run")
    before = Results((*one_each("first", ()), *one_each("second", ())), RUN, "before")
    gates = Gates(on_regression=True)
    made = analyse(now, before, Looked((1,)))
    verdicts = judge_gates(gates, now.outcomes, made)
    assert [one.holds for one in verdicts] == [True, True]
    assert "p 0.0625 (Holm-corrected over 2)" in verdicts[0].reason
    table = " ".join(part_lines(now.outcomes, (1,), made, 100))
    assert table.count("p of the exact McNemar test, Holm-corrected over 2 comparisons on all datasets") == 2
    alone = Results(tuple(replace(one, dataset="") for one in one_each("first", range(6))), RUN, "run")
    found = judge_gates(gates, alone.outcomes, analyse(alone, before, Looked((1,))))
    assert [one.holds for one in found] == [False]
    pooled = analyse(now, before, Looked((1,), MARGIN, pool=True))
    of_parts = [part.baseline for part in pooled.parts.values() if part.baseline is not None]
    assert [of.comparisons[0].tests for of in of_parts] == [2, 2, 1]
    assert [of.margins[0].tests for of in of_parts] == [2, 2, 1]


def test_a_gate_on_many_datasets_errs_as_often_as_on_one() -> None:
    """Simulated: two equal runs on eight datasets, where four in ten problems differ; each dataset by itself errs."""
    generator, gates, runs = np.random.default_rng(8), Gates(on_regression=True), 100
    wrong = by_itself = 0
    for _ in range(runs):
        sides: list[list[Outcome]] = [[], []]
        for number in range(8):
            changed = generator.random(60) < 0.4
            first = generator.random(60) < 0.5
            for side, failed in zip(sides, (first, first ^ changed), strict=True):
                side += one_each(f"d{number}", {*map(int, np.flatnonzero(failed))}, 60)
        now, before = (Results(tuple(side), {}, "run") for side in sides)
        made = analyse(now, before, Looked(()))
        found = [one for part in made.parts.values() if part.baseline for one in part.baseline.comparisons]
        fails = any(one.holds is False for one in judge_gates(gates, now.outcomes, made))
        assert fails == any(one.significant and one.difference < 0 for one in found)
        wrong += any(one.significant for one in found)
        by_itself += any(one.p < ALPHA for one in found)
    limit = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / runs)
    assert wrong / runs < limit < by_itself / runs


def test_a_gate_on_a_bound_asks_for_the_interval_of_each() -> None:
    now = run_of(0, 20)
    gates = Gates({"chat": 0.9}, on_bound=True)
    verdicts = judge_gates(gates, now.outcomes, analyse(now, None, Looked((1,))))
    assert {one.strategy: one.holds for one in verdicts} == {"chat on first": True, "chat on second": False}
    assert all(one.reason.startswith("[") for one in verdicts)


def test_a_gate_on_a_drop_that_the_baseline_says_nothing_of_cannot_be_judged() -> None:
    now, before = run_of(0, 0), Results(tuple(outcomes("first", 0)), RUN, "before")
    verdicts = judge_gates(Gates(max_drop=MARGIN), now.outcomes, analyse(now, before, Looked((1,), MARGIN)))
    assert [one.holds for one in verdicts] == [True, None]


def test_the_terminal_tells_causes_and_reliability_of_each(analysis: Analysis) -> None:
    told = part_lines(run_of(0, 20).outcomes, (1, 2), analysis, 100)
    place = {name: next(at for at, line in enumerate(told) if line.startswith(f"{name}: ")) for name in analysis.parts}
    first, second = told[: place["second"]], told[place["second"] : place[POOLED]]
    assert not any("causes of" in line for line in first)
    assert "chat: causes of 40 wrong answers: 40 returns None" in second
    for part in (first, second, told[place[POOLED] :]):
        assert any("pass^2" in line for line in part)


def test_the_page_names_the_dataset_of_each() -> None:
    now = run_of(0, 20)
    names = ["chat on first", "chat on second", f"chat on {POOLED}"]
    assert [one.strategy for one in reliability(now, (1, 2))] == names
    compared = changes(now, run_of(0, 0))
    assert compared is not None
    assert [one.first for one in compared.comparisons] == [one.strategy for one in compared.churn] == names


def test_the_history_has_a_line_for_each() -> None:
    now = run_of(0, 20)
    lines = lines_of(RUN | {"strategies": row_records(now.outcomes, (1,), pool=True)}, now.outcomes)
    assert [(one.dataset, one.dataset_sha256, one.problems, one.pass_at_1) for one in lines] == [
        ("first", "sha256 of first", 40, 1.0),
        ("second", "sha256 of second", 40, 0.5),
        ("first,second", "sha256 of both", 80, 0.75),
    ]
    assert len(json.loads(lines[1].passed)) == 40


def test_figures_that_others_record_are_of_one_dataset_each() -> None:
    run = run_of(0, 20)
    found = json.loads(every_eval_ever(run, (1,), None))["evaluation_results"]
    scores = [(one["evaluation_name"], one["score_details"]["score"]) for one in found]
    assert scores == [("first", 1.0), ("second", 0.5)]
    digests = [one["source_data"]["additional_details"]["sha256"] for one in found]
    assert digests == ["sha256 of first", "sha256 of second"]


def test_the_hub_gets_the_figure_of_the_dataset_that_it_knows() -> None:
    run = run_of(0, 20)
    with pytest.raises(InputError, match="these problems are first,second's"):
        hf_eval_results(run, (1,), None)
    named = tuple(replace(one, dataset=one.dataset.replace("second", "HumanEval")) for one in run.outcomes)
    told = RUN | {"datasets": [DATASETS[0], {**DATASETS[1], "name": "HumanEval"}]}
    text = hf_eval_results(replace(run, outcomes=named, run=told), (1,), None)
    assert "value: 50.00" in text
    assert "80 samples of 40 problems" in text
    assert text.count("- dataset:") == 1

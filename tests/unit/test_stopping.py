from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import pytest

from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.report.gates import Gates, judge
from pytest_humaneval.results.stopping import Decision, Stop, Stopping, Stops, problem_order, recorded_stops
from pytest_humaneval.sample import ItemId

TASKS = [f"T/{number}" for number in range(164)]


def settled(stopping: Stopping, verdicts: Iterable[tuple[ItemId, bool | None]]) -> dict[str, int]:
    """After how many verdicts each strategy ended."""
    given = list(verdicts)
    stopping.expect(item for item, _ in given)
    return {name: number for number, verdict in enumerate(given, 1) for name in stopping.settle(*verdict)}


def run(strategies: Mapping[str, float], seed: int, *, differ: float = 0.3, tasks: int = 164) -> Stopping:
    """A run whose strategies are so much better than minimal in truth; verdicts come in the order of the problems."""
    random = Random(seed)
    stopping = Stopping(TASKS[:tasks], seed, ["minimal", *strategies], "minimal")
    verdicts: list[tuple[ItemId, bool | None]] = []
    for task in stopping.order:
        base = random.random() < 0.5
        verdicts.append((ItemId(task, "minimal", 0), base))
        for name, gain in strategies.items():
            # P(better) - P(worse) = gain and P(better) + P(worse) = differ, with minimal right half of the time
            turned = random.random() < (differ - gain if base else differ + gain)
            verdicts.append((ItemId(task, name, 0), base != turned))
    settled(stopping, verdicts)
    return stopping


def test_the_order_depends_on_the_seed_and_on_nothing_else() -> None:
    assert problem_order(TASKS, 0) == problem_order(reversed(TASKS), 0)
    assert problem_order(TASKS, 0) != problem_order(TASKS, 1)
    assert sorted(problem_order(TASKS, 0)) == sorted(TASKS)


def test_equal_strategies_are_told_apart_in_at_most_5_percent_of_runs() -> None:
    """Three equal strategies, looked at after every problem, 100 runs: any decision at all is an error.

    5 % of 100 are 5; more than 12 happen once in a thousand tests.
    """
    wrong = 0
    for seed in range(100):
        stops = run({"a": 0, "b": 0, "c": 0}, seed, tasks=100).stops((), "minimal")
        wrong += any(one.decision in ("better", "worse") for one in stops.strategies)
    assert wrong <= 12


def test_a_large_difference_is_found_early_and_none_is_given_up() -> None:
    found = [run({"good": 0.25, "same": 0.0}, seed).stops((), "minimal") for seed in range(10)]
    decisions = [(one.strategies[0].decision, one.strategies[1].decision) for one in found]
    assert sum(good == "better" for good, _ in decisions) >= 9
    assert sum(same == "futile" for _, same in decisions) >= 8
    assert sum(one.strategies[0].problems for one in found) / 10 < 80


def test_what_comes_early_waits_for_what_stands_before_it() -> None:
    stopping = Stopping(TASKS, 0, ["minimal", "good"], "minimal")
    first, *others = stopping.order
    verdicts = [(ItemId(task, name, 0), name == "good") for task in others for name in ("minimal", "good")]
    last = [(ItemId(first, name, 0), False) for name in ("minimal", "good")]
    ends = settled(stopping, [*verdicts, *last])
    assert ends == {"good": 2 * 164, "minimal": 2 * 164}
    (stop,) = stopping.stops(["good"], "minimal").strategies
    assert (stop.decision, stop.worse, stop.available) == ("better", 0, 164)
    assert stop.problems < 20  # and not all that were there by then


def test_what_has_no_verdict_or_does_not_run_holds_nothing_up() -> None:
    stopping = Stopping(TASKS, 0, ["minimal", "good"], "minimal")
    verdicts: list[tuple[ItemId, bool | None]] = []
    for number, task in enumerate(stopping.order[:60]):
        verdicts.append((ItemId(task, "minimal", 0), False))
        if number % 3:
            verdicts.append((ItemId(task, "good", 0), None if number % 3 == 1 else True))
    assert "good" in settled(stopping, verdicts)


def test_samples_count_together_when_all_are_there() -> None:
    before = {"good": {task: {0: False} for task in TASKS}}
    stopping = Stopping(TASKS, 0, ["good"], before=before)
    verdicts = [(ItemId(task, "good", index), index > 0) for task in stopping.order for index in range(2)]
    settled(stopping, verdicts)
    (stop,) = stopping.stops(["good"], "old").strategies
    assert (stop.decision, stop.difference) == ("better", 0.5)


def test_what_is_recorded_is_read_again() -> None:
    stops = run({"good": 0.25}, 0).stops(["good"], "minimal")
    assert recorded_stops(to_plain(stops)) == stops
    assert stops.marks() == {"good": "better"}
    assert recorded_stops(None) is recorded_stops({"against": 1}) is None
    assert recorded_stops(to_plain(stops) | {"seed": "x"}) is None


@pytest.mark.parametrize(("limits", "holds"), [((-0.01, 0.2), True), ((-0.3, -0.06), False), ((-0.2, 0.1), None)])
def test_a_gate_on_the_drop_goes_by_limits_that_hold_whenever_a_run_ends(
    limits: tuple[float, float], holds: bool | None
) -> None:
    stops = run({"good": 0.25}, 0).stops(["good"], "old")
    stop: Stop = replace(stops.strategies[0], limits=limits)
    (verdict,) = judge(Gates(max_drop=0.05), {}, None, Stops("old", 0, (stop,)), {"good"})
    assert verdict.holds is holds


@pytest.mark.parametrize(
    ("decision", "holds"), [("better", True), ("undecided", True), ("worse", False), ("futile", None)]
)
def test_a_gate_on_a_drop_goes_by_the_decision(decision: Decision, holds: bool | None) -> None:
    stops = run({"good": 0.25}, 0).stops(["good"], "old")
    stop: Stop = replace(stops.strategies[0], decision=decision)
    (verdict,) = judge(Gates(on_regression=True), {}, None, Stops("old", 0, (stop,)), {"good"})
    assert verdict.holds is holds


@pytest.mark.parametrize(
    ("tasks", "strategies", "holds"), [(0, 1, None), (7, 1, None), (8, 1, False), (8, 2, None), (9, 2, False)]
)
def test_too_few_problems_to_show_a_drop_are_not_judged(tasks: int, strategies: int, holds: bool | None) -> None:
    """The bets reach the 40 stakes of p = 0.05 with eight problems, if all of them are broken; not with seven."""
    names = [f"s{number}" for number in range(strategies)]
    stopping = Stopping(TASKS, 0, names, before={name: {task: {0: True} for task in TASKS} for name in names})
    settled(stopping, [(ItemId(task, name, 0), False) for task in TASKS[:tasks] for name in names])
    verdicts = judge(Gates(on_regression=True), {}, None, stopping.stops((), "old"))
    assert [verdict.holds for verdict in verdicts] == [holds] * strategies

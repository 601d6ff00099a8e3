"""What the page says of each strategy, and what it compares with what."""

from __future__ import annotations

from dataclasses import replace

from sample_results import KINDS, baseline, outcome, results

from pytest_humaneval.metrics import wilson_interval
from pytest_humaneval.page.facts import comparison_tables, fixed_and_broken, tiles
from pytest_humaneval.page.summary import matched, summaries
from pytest_humaneval.results import UNNAMED, Results


def test_the_best_strategy_comes_first_with_its_interval() -> None:
    first, second = summaries(results(), None)
    assert (first.strategy, first.pass_at_1, first.interval) == ("chat", 2 / 3, wilson_interval(2, 3))
    assert (second.strategy, second.pass_at_1, second.failed, second.timed_out) == ("minimal", 1 / 3, 2, 0)
    assert (first.failed, first.timed_out) == (0, 1)


def test_errors_are_outside_pass_at_1_and_counted() -> None:
    kinds = {**KINDS, "Mini/1": {"minimal": "error", "chat": "passed"}}
    minimal = summaries(results(kinds), None)[1]
    assert (minimal.pass_at_1, minimal.judged, minimal.errors) == (0.0, 2, 1)


def test_a_strategy_of_errors_alone_comes_last_without_a_figure() -> None:
    kinds = {"Mini/0": {"minimal": "error", "chat": "assertion"}}
    assert [(one.strategy, one.pass_at_1) for one in summaries(results(kinds), None)] == [
        ("chat", 0.0),
        ("minimal", None),
    ]


def test_several_samples_have_the_interval_that_the_record_says_or_none() -> None:
    drawn = tuple(outcome("Mini/0", "chat", kind, index) for index, kind in enumerate(["passed", "assertion"]))
    assert summaries(Results(drawn), None)[0].interval is None
    told = {"strategies": [{"strategy": "chat", "interval": [0.1, 0.9]}], "k": [1, 2]}
    one = summaries(Results(drawn, told), None)[0]
    assert (one.interval, one.pass_at_k) == ((0.1, 0.9), {1: 0.5, 2: 1.0})


def test_equal_strategies_are_compared() -> None:
    assert {place[1] for place in matched(results(), baseline())} == {"minimal"}
    (change,) = fixed_and_broken(results(), baseline())
    assert (change.strategy, change.shared) == ("minimal", 3)
    assert (change.fixed, change.broken) == (["Mini/1"], ["Mini/0", "Mini/10"])
    assert [one.baseline for one in summaries(results(), baseline())] == [None, 2 / 3]


def test_a_baseline_without_names_is_compared_with_every_strategy() -> None:
    nameless = Results(tuple(replace(one, strategy=UNNAMED) for one in baseline().outcomes))
    assert [change.strategy for change in fixed_and_broken(results(), nameless)] == ["chat", "minimal"]


def test_one_strategy_is_compared_with_one_of_another_name() -> None:
    ours = Results(tuple(one for one in results().outcomes if one.strategy == "chat"))
    assert [change.strategy for change in fixed_and_broken(ours, baseline())] == ["chat"]
    assert fixed_and_broken(results(), Results((outcome("Mini/0", "minimal", "error"),))) == []


def test_what_only_one_run_judged_is_left_out() -> None:
    former = Results(tuple(one for one in baseline().outcomes if one.task_id != "Mini/10"))
    assert fixed_and_broken(results(), former)[0].shared == 2
    erred = Results(tuple(replace(one, kind="error") for one in baseline().outcomes))
    assert fixed_and_broken(results(), erred) == []


def test_the_tiles_say_best_solved_samples_and_tokens() -> None:
    said = {tile.label: tile.value for tile in tiles(results(), summaries(results(), None))}
    assert said == {"best pass@1": "0.667", "solved by any strategy": "2", "samples judged": "6", "tokens": "120"}


def test_comparisons_become_tables_by_their_columns() -> None:
    rows = [
        {"first": "a", "p_value": 0.00004, "interval": [0.1, 0.25]},
        {"first": "b", "p_value": 1.0, "interval": None},
    ]
    (table,) = comparison_tables(rows)
    assert table.head == ["first", "p value", "interval"]
    assert [[text for text, _ in row] for row in table.rows] == [
        ["a", "4.0e-05", "[0.100, 0.250]"],
        ["b", "1.000", "n/a"],
    ]
    assert comparison_tables([]) == []

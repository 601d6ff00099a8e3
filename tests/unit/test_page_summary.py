"""What the page says of each strategy, and what it compares with what."""

from __future__ import annotations

from dataclasses import replace

from sample_results import KINDS, baseline, outcome, results

from pytest_humaneval.report.page.facts import Compared, compared, facts, tiles
from pytest_humaneval.report.page.summary import former, summaries
from pytest_humaneval.report.partial import partial_notes
from pytest_humaneval.results.read import UNNAMED, Results
from pytest_humaneval.statistics.metrics import wilson_interval


def test_the_best_strategy_comes_first_with_its_interval() -> None:
    first, second = summaries(results(), None)
    assert (first.strategy, first.pass_at_1, first.interval) == ("chat", 2 / 3, wilson_interval(2, 3))
    assert (second.strategy, second.pass_at_1, second.kinds["exception"]) == ("minimal", 1 / 3, 1)


def test_a_strategy_of_errors_alone_comes_last_without_a_figure() -> None:
    kinds = {"Mini/0": {"minimal": "error", "chat": "assertion"}}
    assert [(one.strategy, one.pass_at_1) for one in summaries(results(kinds), None)] == [
        ("chat", 0.0),
        ("minimal", None),
    ]


def test_outcomes_without_a_generation_have_no_tokens() -> None:
    one = Results(
        (outcome("Mini/0", "chat", "passed"), replace(outcome("Mini/1", "chat", "error"), completion_tokens=0))
    )
    (found,) = summaries(one, None)
    assert (found.tokens, found.median_tokens, found.seconds) == ([20], 20, [1.5])


def test_equal_strategies_are_compared() -> None:
    assert {place[1] for place in former(results(), baseline())} == {"minimal"}
    assert [one.baseline for one in summaries(results(), baseline())] == [None, 2 / 3]


def test_a_partial_run_says_so_above_its_figures() -> None:
    one = [{"name": "chat", "strategy": "chat", "num_samples": 2}]
    ordered = tuple(
        sorted(results().outcomes, key=lambda outcome: outcome.strategy)
    )  # each problem is among the first three

    def told(problems: int, available: int, expected: int, finished: int) -> list[str]:
        run = {
            "dataset": {"problems": problems, "available": available},
            "items": {"expected": expected, "finished": finished},
            "experiments": one,
        }
        return partial_notes(Results(ordered[:finished], run))

    assert told(3, 3, 6, 6) == []
    assert told(164, 164, 6, 6) == ["note: 3 of 164 problems were selected; the figures are partial"]
    assert told(3, 3, 4, 4) == ["note: 4 of 6 items were selected; the figures are partial"]
    assert told(3, 3, 6, 5) == ["warning: 1 of 6 items did not run; the figures are partial"]
    assert partial_notes(Results(results().outcomes, {})) == []


def test_samples_of_a_file_have_no_sampling_but_a_name() -> None:
    run = {"engine": {"name": "replay", "file": "theirs.jsonl"}, "sampling": {}, "identity": {"digest": "sha256:1"}}
    told = dict(facts(Results(results().outcomes, run), []))
    assert told["sampling"] == "not known: the samples come from a file"
    assert (told["samples"], told["sha256 of the samples"]) == ("theirs.jsonl", "sha256:1")
    assert "weights" not in told


def test_the_only_strategy_is_compared_with_the_only_one_of_another_name() -> None:
    ours = Results(tuple(one for one in results().outcomes if one.strategy == "chat"))
    nameless = Results(tuple(replace(one, strategy=UNNAMED) for one in baseline().outcomes))
    assert {(place[1], one.strategy) for place, one in former(ours, nameless).items()} == {("chat", "chat")}


def test_the_tiles_say_best_solved_samples_and_tokens() -> None:
    said = {tile.label: tile.value for tile in tiles(results(), summaries(results(), None))}
    assert said == {"best pass@1": "0.667", "solved by any strategy": "2", "samples judged": "6", "tokens": "120"}


def test_errors_are_told_beside_the_samples() -> None:
    kinds = {**KINDS, "Mini/1": {"minimal": "error", "chat": "passed"}}
    said = {tile.label: (tile.value, tile.note) for tile in tiles(results(kinds), summaries(results(kinds), None))}
    assert said["samples judged"] == ("5", "1 error of engine or sandbox")


def test_comparisons_come_from_the_record_or_are_made() -> None:
    made = compared(results())
    assert made is not None
    (pair,) = made.comparisons
    assert (pair["first"], pair["second"], pair["better"], pair["worse"]) == ("chat", "minimal", 1, 0)
    told = {**pair, "first": "told"}
    assert compared(replace(results(), run={"pairs": {"comparisons": [told], "detectable": None}})) == Compared(
        [told], None
    )
    for odd in ([told, {"first": "told"}], [told, None], [told | {"p": "small"}], 5):
        assert compared(replace(results(), run={"pairs": {"comparisons": odd}})) == made
    assert compared(Results(results().outcomes[:1])) is None


def test_many_strategies_are_compared_with_one() -> None:
    many = Results(tuple(replace(outcome("Mini/0", "chat", "passed"), strategy=f"s{number}") for number in range(8)))
    made = compared(many)
    assert made is not None
    assert [one["second"] for one in made.comparisons] == ["s0"] * 7

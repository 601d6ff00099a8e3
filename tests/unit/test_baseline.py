from __future__ import annotations

from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.baseline import compare_results
from pytest_humaneval.report.terminal import analysis_lines
from pytest_humaneval.results.read import UNNAMED, Results

RUN: dict[str, Any] = {
    "identity": {"engine": "vllm 1", "model": "tiny", "digest": "sha256:aaa"},
    "dataset": {"name": "T", "sha256": "abc"},
    "sampling": {"temperature": 0.0},
    "postprocess": "auto",
}


def results(verdicts: str, strategy: str = "chat", run: dict[str, Any] | None = None, start: int = 0) -> Results:
    """A letter a problem: p passed, f failed, e an error."""
    kinds = {"p": "passed", "f": "assertion", "e": "error"}
    outcomes = [
        Outcome(f"T/{number}", strategy, 0, kinds[letter]) for number, letter in enumerate(verdicts, start=start)
    ]
    return Results(tuple(outcomes), RUN if run is None else run, "old/run")


def test_fixed_broken_and_unchanged_problems_are_told_apart() -> None:
    compared = compare_results(results("ppff"), results("pfpf"))
    (one,) = compared.comparisons
    assert (one.better, one.worse, one.both, one.neither) == (("T/1",), ("T/2",), ("T/0",), ("T/3",))
    assert compared.notes == ()


def test_the_terminal_names_them() -> None:
    # Wilson's interval of 2 of 4 reaches 0.35 to each side, phi is 0: the difference's reaches 0.35 sqrt(2).
    compared = compare_results(results("ppff"), results("pfpf"))
    text = "\n".join(analysis_lines(Analysis(baseline=compared), 80, kept=False))
    assert (
        text
        == """
baseline  old/run

strategy  before    now  change     95 % interval  fixed  broken  of      p
chat       0.500  0.500  +0.000  [-0.495, +0.495]      1       1   4  1.000

p of the exact McNemar test; * is below 0.05
4 problems are too few to show any difference at alpha 0.05

chat fixed: T/1
chat broken: T/2
chat unchanged: 1 passed (T/0), 1 failed (T/3)"""
    )


def answered(*answers: str, strategy: str = "chat") -> Results:
    """A completion a problem; ``!`` at its beginning makes it right."""
    outcomes = [
        Outcome(f"T/{number}", strategy, 0, "passed" if text.startswith("!") else "assertion", completion=text)
        for number, text in enumerate(answers)
    ]
    return Results(tuple(outcomes), RUN, "old/run")


def test_what_became_of_the_answers_is_counted_and_shown() -> None:
    now = answered("!a", "b", "!c2", "d2", "e3", "!e", "!f", "g")
    compared = compare_results(now, answered("!a", "b", "!c", "d", "e2", "x", "y", "!z"))
    (one,) = compared.churn
    assert (one.answers, one.same, one.still_right, one.still_wrong) == (8, 2, 1, 2)
    assert (one.fixed, one.broken, one.flipped, one.changed) == (2, 1, 0, 6)
    text = "\n".join(analysis_lines(Analysis(baseline=compared), 100, kept=False))
    assert (
        """
strategy  answers  same text  changed: still right  still wrong  fixed  broken
chat            8          2                     1            2      2       1
"""
        in text
    )


def test_an_answer_of_one_text_and_two_verdicts_is_noted() -> None:
    before = answered("a", "b")
    now = Results((Outcome("T/0", "chat", 0, "passed", completion="a"), before.outcomes[1]), RUN)
    compared = compare_results(now, before)
    assert (compared.churn[0].same, compared.churn[0].flipped, compared.churn[0].fixed) == (1, 1, 0)
    lines = analysis_lines(Analysis(baseline=compared), 160, kept=False)
    assert "note: chat: 1 answer has the same text and another verdict: something beside the model changed" in lines


def test_results_without_texts_have_no_churn() -> None:
    assert compare_results(answered("!a", "b"), results("pf")).churn == ()
    assert compare_results(answered("!a"), Results((Outcome("T/0", "chat", 0, "empty"),), RUN)).churn[0].fixed == 1
    errors = Results((Outcome("T/0", "chat", 0, "error", completion="a"),), RUN)
    assert compare_results(answered("!a"), errors).churn == ()


def test_what_only_one_side_has_is_said() -> None:
    compared = compare_results(results("pfe", start=2), results("pfpfp"))
    assert compared.comparisons[0].problems == 2
    assert compared.notes == (
        "chat: compared on 2 of 3 problems that both have; 2 only in the baseline",
        "chat: samples without a verdict are left out: 1 of the run",
    )
    compared = compare_results(results("pfp", start=3), results("pfpfp"))
    assert compared.notes == ("chat: compared on 2 problems that both have; 1 only in the run, 3 only in the baseline",)


def test_samples_that_only_one_side_has_are_said() -> None:
    more = Results((*results("pf").outcomes, Outcome("T/0", "chat", 1, "passed")), RUN)
    assert compare_results(more, results("pf")).notes == (
        "chat: 3 samples in the run, 2 in the baseline; a problem counts by the share that passes of all its samples",
    )


def test_the_only_strategy_is_compared_with_the_only_one_whatever_their_names() -> None:
    compared = compare_results(results("pf"), results("pp", UNNAMED))
    assert [one.second for one in compared.comparisons] == [UNNAMED]
    assert compared.notes == ("chat is compared with (unnamed), the baseline's only strategy",)


def test_strategies_are_compared_by_name_and_the_others_are_told() -> None:
    now = Results((*results("pf").outcomes, *results("pf", "cot").outcomes), RUN)
    compared = compare_results(now, results("ff", "cot"))
    assert [(one.first, one.second) for one in compared.comparisons] == [("cot", "cot")]
    assert compared.notes == ("not in the baseline, which has cot: chat",)


def test_another_dataset_model_engine_sampling_or_post_processing_is_said() -> None:
    def notes(**other: Any) -> tuple[str, ...]:
        return compare_results(results("pf"), results("pf", run={**RUN, **other})).notes

    assert notes(dataset={"name": "U", "sha256": "def"}) == (
        "another dataset: U (sha256 def) before, T (sha256 abc) now; problems with the same task_id may differ",
    )
    assert notes(identity={"engine": "vllm 1", "model": "big", "digest": "sha256:bbb"}) == (
        "another model: big (sha256:bbb) before, tiny (sha256:aaa) now",
    )
    assert notes(identity=RUN["identity"] | {"engine": "vllm 2"}) == ("another engine: vllm 2 before, vllm 1 now",)
    assert notes(sampling={"temperature": 0.8}) == ("another sampling: temperature 0.8 before, temperature 0.0 now",)
    assert notes(postprocess="none") == ("another postprocess: none before, auto now",)


def test_results_without_run_json_say_what_they_do_not_say() -> None:
    known, unknown = results("pf"), results("pf", run={"other": 1})
    for now, before, which in ((known, unknown, "baseline"), (unknown, known, "run"), (unknown, unknown, "baseline")):
        (note,) = compare_results(now, before).notes
        assert (
            note == f"the {which} says neither what its model was nor which file its problems came from (no run.json)"
        )


def test_nothing_in_common_is_said() -> None:
    compared = compare_results(results("pf"), results("pf", start=7))
    assert compared.comparisons == ()
    assert any(
        "nothing can be compared" in line for line in analysis_lines(Analysis(baseline=compared), 80, kept=False)
    )


def test_several_strategies_are_corrected_together() -> None:
    now = Results((*results("p" * 8).outcomes, *results("p" * 8, "cot").outcomes), RUN)
    before = Results((*results("f" * 8).outcomes, *results("f" * 8, "cot").outcomes), RUN)
    assert [one.p_holm for one in compare_results(now, before).comparisons] == [2 * 2 / 256] * 2

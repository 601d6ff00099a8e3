from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_humaneval import Problem, Sampling, Strategy, completion_prompt
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.report.markdown import markdown_summary
from pytest_humaneval.report.strategy_table import table
from pytest_humaneval.report.terminal import summary_lines
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.sandbox.interface import SandboxOptions


def plan_of(tasks: int, *, num_samples: int = 1, ks: tuple[int, ...] = (1,)) -> Plan:
    problems = tuple(Problem(f"T/{number}", "def f():\n", "f", "    pass\n", "") for number in range(tasks))
    minimal = Strategy("minimal", "", lambda problem: completion_prompt(problem.prompt))
    identity = Identity("scripted", "stub", "digest")
    sandbox, engine = SandboxOptions(), EngineOptions()
    return Plan(
        "T", "0" * 64, problems, (minimal,), Sampling(), num_samples, ks, "auto", engine, identity, sandbox
    )  # fmt: skip


def report(task: int, kind: str, index: int = 0, test: str = "t.py::t", **fields: Any) -> Any:
    outcome = Outcome(f"T/{task}", "minimal", index, kind, **fields)
    return SimpleNamespace(nodeid=f"{test}[T/{task}-f-minimal-{index}]", when="call", humaneval=outcome.to_wire())


def ledger_of(plan: Plan, *reports: Any) -> Ledger:
    ledger = Ledger(plan)
    for one in reports:
        ledger.add(one)
    return ledger


def test_errors_are_outside_the_denominator() -> None:
    (row,) = ledger_of(plan_of(3), report(0, "passed"), report(1, "assertion"), report(2, "error")).rows()
    assert row.pass_at_k == {1: 0.5}
    assert (row.judged, row.passed, row.failed, row.timed_out, row.errors) == (2, 1, 1, 0, 1)


def test_nothing_judged_is_no_zero() -> None:
    (row,) = ledger_of(plan_of(1), report(0, "error")).rows()
    assert row.pass_at_k == {1: None}
    assert row.interval is None


def test_pass_at_k_takes_the_samples_of_each_problem_together() -> None:
    plan = plan_of(2, num_samples=2, ks=(1, 2, 3))
    reports = [report(0, "passed", 0), report(0, "assertion", 1), report(1, "empty", 0), report(1, "timed out", 1)]
    (row,) = ledger_of(plan, *reports).rows()
    assert row.pass_at_k == {1: 0.25, 2: 0.5, 3: None}
    assert row.intervals[3] is None
    low, high = row.interval or (1, 0)  # over two problems of 1/2 and 0: all that can be drawn
    assert (low, high) == (0.0, 0.5)


def test_a_rerun_replaces_an_error_and_no_verdict() -> None:
    (row,) = ledger_of(plan_of(1), report(0, "error"), report(0, "passed")).rows()
    assert (row.passed, row.errors) == (1, 0)
    (row,) = ledger_of(plan_of(1), report(0, "assertion"), report(0, "passed"), report(0, "error")).rows()
    assert (row.passed, row.failed, row.errors) == (0, 1, 0)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_one_verdict_counts_for_a_sample_whichever_test_came_first(order: tuple[int, ...]) -> None:
    reports = [
        report(0, "passed", test="test_humaneval.py::test_humaneval"),
        report(0, "test failed", test="a_test.py::test_a"),
        report(0, "error", test="test_mine.py::test_mine"),
    ]
    ledger = ledger_of(plan_of(1), *(reports[index] for index in order))
    ledger.expect(one.nodeid for one in reports)
    (row,) = ledger.rows()
    assert (row.judged, row.passed, row.errors) == (1, 1, 0)
    assert [one.kind for one in ledger.errors] == ["error"]  # the run's exit status says so all the same
    assert (ledger.missing, ledger.not_run) == (0, 0)
    text = "\n".join(summary_lines(ledger, {}, (), 3.0, width=200))
    assert "further tests: 2 on samples that are counted already, outside pass@k: a_test.py::test_a, " in text


@pytest.mark.parametrize("name", ["t[T/1-f-minimal]", "t.py::t[T/1-f-minimal]"])
def test_an_item_that_took_its_worker_down_is_an_error(name: str) -> None:
    ledger = ledger_of(plan_of(3), SimpleNamespace(nodeid=name, when="???"))
    assert [(one.task_id, one.kind) for one in ledger.errors] == [("T/1", "error")]


def test_an_item_is_known_by_its_name_wherever_the_dashes_are() -> None:
    plan = plan_of(2)
    problems = (replace(plan.problems[0], task_id="T-1/0-f-a"), *plan.problems)
    strategies = tuple(
        replace(plan.strategies[0], name=name, num_samples=count)
        for name, count in (("a-b", 1), ("b", 2), ("b-1-2", 1))
    )
    plan = replace(plan, problems=problems, strategies=strategies, given={("T/1", "b"): frozenset({1})})
    ids = dict(plan.ids())
    ledger = Ledger(plan)
    assert ledger.items_of(f"t.py::t[{name}]" for name in ids) == list(ids.values())
    assert len(ids) == 3 * 2 + 2 + 2 + 1
    others = ("T/1-f-b-0", "T/1-f-b-2", "T/1-f", "T/1-f-", "b-1", "", "T/1-f-b-1-", "T/2-f-a-b")
    assert ledger.items_of([*(f"t.py::t[{name}]" for name in others), "t.py::T/1-f-b-1"]) == []


def test_other_people_s_reports_are_left_alone() -> None:
    ledger = ledger_of(plan_of(3), SimpleNamespace(nodeid="t.py::test_other", when="???", outcome="failed"))
    assert ledger.rows() == []


def test_a_part_of_the_problems_or_items_is_told() -> None:
    ledger = ledger_of(plan_of(3), report(0, "passed"))
    assert ledger.selected == "1 of 3 problems"
    assert "note: 1 of 3 problems was selected; the figures are partial" in summary_lines(ledger, {}, (), 3.0)
    assert "**Note:** 1 of 3 problems was selected" in markdown_summary(ledger)
    chosen = replace(plan_of(2), problems_in_dataset=164)  # by --humaneval-limit, say
    assert ledger_of(chosen, report(0, "passed"), report(1, "empty")).selected == "2 of 164 problems"
    assert ledger_of(plan_of(1, num_samples=2), report(0, "passed", 1)).selected == "1 of 2 items"
    assert ledger_of(plan_of(1), report(0, "passed")).selected == ""


def test_items_that_did_not_run_are_told() -> None:
    ledger = ledger_of(plan_of(2), report(0, "passed"))
    ledger.expect([f"t.py::t[T/{task}-f-minimal-0]" for task in range(2)])
    assert ledger.not_run == 1
    assert "warning: 1 of 2 items did not run; the figures are partial" in summary_lines(ledger, {}, (), 3.0)


def test_numbers_are_aligned_to_the_right_under_their_heads() -> None:
    plan = plan_of(2, ks=(1, 10))
    rows = ledger_of(
        plan, report(0, "passed", completion_tokens=1200, generation_seconds=10.0), report(1, "refused")
    ).rows()
    assert table(rows, plan.ks, 120) == [
        "strategy  pass@1   95 % interval  pass@10  passed  failed  timed out  errors  tokens  tok/s     s",
        "minimal    0.500  [0.095, 0.905]      n/a       1       1          0       0    1200    120  10.0",
    ]


def test_columns_that_do_not_fit_go_below_and_an_interval_stays_beside_its_figure() -> None:
    rows = ledger_of(plan_of(2), report(0, "passed", completion_tokens=7), report(1, "refused")).rows()
    assert table(rows, (1,), 30) == [
        "strategy  pass@1   95 % interval",  # wider than 30, but there is nothing left to move
        "minimal    0.500  [0.095, 0.905]",
        "",
        "strategy  passed  failed",
        "minimal        1       1",
        "",
        "strategy  timed out  errors",
        "minimal           0       0",
        "",
        "strategy  tokens",  # nothing took this run any time
        "minimal        7",
    ]


def test_the_summary_counts_kinds_steps_and_truncated_generations() -> None:
    reports = [report(0, "passed", steps=["fences", "cut"]), report(1, "empty", steps=["cut"], finish_reason="length")]
    text = "\n".join(summary_lines(ledger_of(plan_of(2), *reports), {}, ("oracle",), 3.0))
    assert "minimal: 1 empty\n" in text
    assert "minimal: post-processing changed cut 2, fences 1" in text
    assert "minimal: 1 generation reached the token limit" in text
    assert "warning: minimal: 1 of 2 completions are empty or do not parse" in text


def test_answers_of_a_chat_model_that_were_judged_as_code_are_told_with_what_takes_them() -> None:
    answer = "Sure:\n```python\ndef add(x, y):\n    return x + y\n```"
    reports = [report(0, "syntax error", completion=answer), report(1, "passed", completion="    return x + y\n")]
    text = "\n".join(summary_lines(ledger_of(plan_of(2), *reports), {}, ("oracle",), 3.0))
    assert "--humaneval-postprocess=post_v1 takes the code" in " ".join(text.split())
    others = [report(0, "syntax error", completion="    return ("), report(1, "empty", completion="")]
    text = "\n".join(summary_lines(ledger_of(plan_of(2), *others), {}, ("oracle",), 3.0))
    assert "post_v1" not in text
    assert "look at the prompt" in " ".join(text.split())


def test_the_summary_says_how_much_of_the_prompts_the_prefix_cache_answered() -> None:
    progress = {
        "finished": 2, "from_store": 0, "tokens": 50, "prompt_tokens": 400, "cached_prompt_tokens": 300,
        "generating_seconds": 5.0, "loading_seconds": 1.0,
    }  # fmt: skip
    lines = summary_lines(ledger_of(plan_of(1), report(0, "passed")), progress, (), 3.0)
    begin = lines.index("engine    2 generated in 5.0 s (50 tokens, 10 tok/s); 75% of 400 prompt tokens")
    assert lines[begin + 1] == "          from the prefix cache; engine ready in 1.0 s"

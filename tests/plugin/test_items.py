"""Which items there are, and what selects them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import Evaluate, distributed, row_of


@distributed
def test_each_problem_and_strategy_is_one_item(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "-v", strategy="minimal,chat")
    result.assert_outcomes(passed=6)
    for name in ("Mini/0-add-chat", "Mini/0-add-minimal", "Mini/10-first-minimal"):
        result.stdout.fnmatch_lines([f"*test_humaneval.py::test_humaneval[[]{name}[]]*"])


def test_the_table_says_pass_at_1_of_each_strategy(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"Mini/0 chat": "    return 0\n"}, strategy="minimal,chat")
    assert row_of(result, "chat")["pass@1"] == "0.667"
    assert row_of(result, "minimal")["pass@1"] == "1.000"
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("expression", "count"), [("add", 2), ("Mini/10", 2), ("Mini/1", 4), ("chat", 3), ("not chat and shout", 1)]
)
def test_k_selects_by_entry_point_task_and_strategy(evaluate: Evaluate, expression: str, count: int) -> None:
    result = evaluate("-n0", "-k", expression, strategy="minimal,chat")
    result.assert_outcomes(passed=count, deselected=6 - count)


def test_task_selects_exactly(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-task=Mini/1", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*Mini/1-shout-minimal*"])


def test_task_can_be_given_twice_and_keeps_the_order_of_the_dataset(evaluate: Evaluate) -> None:
    result = evaluate("--humaneval-task=Mini/10", "--humaneval-task=Mini/0", "--collect-only", "-q")
    assert [line for line in result.outlines if "::" in line] == [
        "test_humaneval.py::test_humaneval[Mini/0-add-minimal]",
        "test_humaneval.py::test_humaneval[Mini/10-first-minimal]",
    ]


def test_limit_takes_the_first(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-limit=2", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*Mini/10*")


def test_collect_only_starts_no_engine(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--collect-only", "-q", script={"start": {"exit": 3}})
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*pass@1*")


@distributed
def test_the_sample_axis_appears_when_there_are_several(evaluate: Evaluate, workers: str) -> None:
    script = {"Mini/0": ["    return a + b\n", "    return 0\n"]}
    result = evaluate(workers, "-v", "--humaneval-num-samples=2", "--humaneval-k=1,2,3", script=script)
    result.assert_outcomes(passed=5, failed=1)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["pass@2"], row["pass@3"]) == ("0.833", "1.000", "n/a")


def test_an_id_as_printed_selects_the_item(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "test_humaneval.py::test_humaneval[Mini/1-shout-minimal]")
    result.assert_outcomes(passed=1)


@distributed
def test_last_failed_runs_what_failed(evaluate: Evaluate, workers: str) -> None:
    evaluate(workers, script={"Mini/1": "    return text\n"})
    result = evaluate(workers, "--lf", script={"Mini/1": "    return text\n"})
    result.assert_outcomes(failed=1)


def test_exit_first_stops_early_and_says_that_the_figures_are_partial(evaluate: Evaluate) -> None:
    result = evaluate("-n0", "-x", script={"Mini/0": "    return 0\n"})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["warning: 2 of 3 items did not run*"])


@pytest.mark.parametrize(
    "options", [("-p", "no:xdist"), ("-n2", "--dist=worksteal"), ("-n", "auto"), ("--durations=3",)]
)
def test_people_s_usual_options_work(evaluate: Evaluate, options: tuple[str, ...]) -> None:
    evaluate(*options).assert_outcomes(passed=3)


@distributed
def test_a_user_s_own_test_is_parametrized(pytester: pytest.Pytester, evaluate: Evaluate, workers: str) -> None:
    pytester.makepyfile(
        test_mine="""
        def test_functional_correctness(problem, completion, check_correctness):
            verdict = check_correctness(problem, completion)
            assert verdict.passed, verdict.detail

        def test_prompts_are_short(problem, strategy):
            assert len(strategy.build_prompt(problem.visible()).text) < 400

        def test_of_something_else():
            pass
        """
    )
    result = evaluate(workers, "test_mine.py", script={"Mini/0": "    return 0\n"})
    result.assert_outcomes(passed=6, failed=1)
    assert row_of(result, "minimal")["pass@1"] == "0.667"
    assert "did not run" not in result.stdout.str()  # test_prompts_are_short has no verdict to give


@distributed
def test_two_tests_of_the_same_samples_count_once(pytester: pytest.Pytester, evaluate: Evaluate, workers: str) -> None:
    pytester.makepyfile(
        test_mine="""
        def test_it_is_short(problem, completion, check_correctness):
            assert check_correctness(problem, completion).passed
            assert len(completion) < 20, "too long"
        """
    )
    options = (workers, "--humaneval-output=out", "--humaneval-min-pass-at-1=0.6")
    result = evaluate("test_mine.py", "test_humaneval.py", *options, script={"Mini/0": "    return 0\n"})
    result.assert_outcomes(passed=2, failed=4)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["interval"], row["passed"], row["failed"]) == ("0.667", "[0.208,0.939]", "2", "1")
    result.stdout.fnmatch_lines(["further tests: 3 on samples *, outside pass@k: test_mine.py::test_it_is_short"])
    assert result.ret == 0  # the gate holds; the further tests are about the same answers
    rows = [json.loads(line) for line in (pytester.path / "out" / "results.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["assertion", "passed", "passed"]


def test_a_test_that_uses_the_fixtures_is_skipped_without_a_strategy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(problem, completion, check_correctness): raise AssertionError")
    result = pytester.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs --strategy=NAME*"])


def test_a_test_that_never_asks_for_a_verdict_is_an_error(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makepyfile(test_mine="def test_it(problem, completion, check_correctness): pass")
    result = evaluate(workers, "test_mine.py")
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["errors"]) == ("n/a", "3")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_a_dataset_without_solutions_can_be_evaluated(evaluate: Evaluate, mini: Path) -> None:
    rows = [{**json.loads(line), "canonical_solution": ""} for line in mini.read_text().splitlines()]
    mini.write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluate("-n0").assert_outcomes(passed=3)


def test_an_expected_failure_still_counts_as_wrong(pytester: pytest.Pytester, evaluate: Evaluate, workers: str) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.xfail
        def test_it(problem, completion, check_correctness):
            assert check_correctness(problem, completion).passed
        """
    )
    result = evaluate(workers, "test_mine.py", script={"Mini/0": "    return 0\n"})
    assert row_of(result, "minimal")["pass@1"] == "0.667"

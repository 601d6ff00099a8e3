"""What a run prints and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import RIGHT, Evaluate, distributed, row_of

from pytest_humaneval.__main__ import main

WRONG = "    return a - b\n"
LOOP = "    while True: pass\n"


@distributed
def test_a_failure_shows_problem_completion_and_assertion_in_this_order(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"Mini/0": WRONG})
    result.stdout.fnmatch_lines(
        [
            "--- Mini/0, minimal: the problem ---",
            "def add(a: int, b: int) -> int:",
            "--- the completion ---",
            "    return a - b",
            "--- the verdict: assertion ---",
            "*assert candidate(1, 2) == 3*",
            "FAILED test_humaneval.py::test_humaneval[[]Mini/0-add-minimal[]] - assertion: *",
        ]
    )
    result.stdout.no_fnmatch_line("*check_correctness(problem, completion)*")


def test_kinds_of_verdict_are_told_apart(evaluate: Evaluate, workers: str) -> None:
    script = {"Mini/0": LOOP, "Mini/1": "    return undefined\n", "Mini/10": "    return (\n"}
    result = evaluate(workers, "--timeout=1", "--humaneval-postprocess=none", script=script)
    row = row_of(result, "minimal")
    assert (row["passed"], row["failed"], row["timed_out"], row["errors"]) == ("0", "2", "1", "0")
    result.stdout.fnmatch_lines(["minimal: 1 exception, 1 syntax error, 1 timed out"])


@pytest.mark.parametrize(
    ("options", "ini"), [(["--timeout=0.5"], "timeout = 60"), ([], "timeout = 0.5")], ids=["option", "ini"]
)
@distributed
def test_pytest_timeout_s_number_is_the_check_s_limit(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str, options: list[str], ini: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    slow = {"text": "    return text.upper()\n", "delay": 1}
    result = evaluate(workers, *options, script={"Mini/0": LOOP, "Mini/1": slow})
    result.assert_outcomes(passed=2, failed=1)
    assert row_of(result, "minimal")["timed_out"] == "1"
    result.stdout.fnmatch_lines(["checks    0.5 s*"])


@distributed
def test_output_files_hold_every_sample_and_the_run(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    output = tmp_path / "deep" / "out"
    evaluate(workers, f"--humaneval-output={output}", script={"Mini/0": WRONG, "Mini/1": {"error": "broken"}})
    samples = [json.loads(line) for line in (output / "samples.jsonl").read_text().splitlines()]
    assert [(row["task_id"], row["completion"]) for row in samples] == [
        ("Mini/0", WRONG),
        ("Mini/10", "    return items[0] if items else None\n"),
    ]
    results = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    assert [(row["passed"], row["kind"]) for row in results] == [
        (False, "assertion"),
        (None, "error"),
        (True, "passed"),
    ]
    run = json.loads((output / "run.json").read_text())
    items = {"planned": 3, "expected": 3, "finished": 3, "errors": 1, "verdicts_from_store": 0, "kept": 0}
    assert run["items"] == items
    assert run["strategies"][0]["pass_at_k"] == {"1": 0.5}
    assert run["dataset"]["sha256"]
    assert run["versions"]["pytest"] == pytest.__version__
    assert run["exit_status"] == 3


def test_a_replay_of_the_samples_gives_the_same_verdicts(
    evaluate: Evaluate, workers: str, tmp_path: Path, pytester: pytest.Pytester, mini: Path
) -> None:
    evaluate("-n0", f"--humaneval-output={tmp_path / 'out'}", script={"Mini/0": WRONG})
    result = pytester.runpytest_subprocess(
        "--strategy=minimal",
        f"--humaneval-dataset={mini}",
        f"--humaneval-replay={tmp_path / 'out' / 'samples.jsonl'}",
        workers,
    )
    result.assert_outcomes(passed=2, failed=1)


def test_a_part_of_a_replay_passes_no_gate_when_it_is_reported_either(
    pytester: pytest.Pytester, mini: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = tmp_path / "samples.jsonl"  # two of the first problem, so that samples are no product of two numbers
    rows = [("Mini/0", WRONG), *RIGHT.items()]
    samples.write_text("".join(json.dumps({"task_id": task, "completion": text}) + "\n" for task, text in rows))
    for number, (options, status) in enumerate([([], 0), (["-k", "not Mini/1"], 11)]):
        pytester.runpytest_subprocess(
            "-n0", "--strategy=minimal", f"--humaneval-dataset={mini}", f"--humaneval-replay={samples}", *options,
            "--humaneval-num-samples=2", f"--humaneval-output={tmp_path / str(number)}",
        )  # fmt: skip
        assert main(["report", str(tmp_path / str(number)), "--min-pass-at-1=0.5"]) == status
    assert "items of this run without a verdict: 2" in " ".join(capsys.readouterr().out.split())


def test_few_usable_completions_are_warned_of(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"Mini/0": ""})
    result.stdout.fnmatch_lines(["warning: minimal: 1 of 3 completions are empty or do not parse*"])


def test_quiet_runs_still_print_the_table(evaluate: Evaluate, workers: str) -> None:
    assert row_of(evaluate(workers, "-q"), "minimal")["pass@1"] == "1.000"


def test_a_log_says_what_the_engine_is_doing(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"start": {"delay": 1.5}, "Mini/10": {"text": "    return 1\n", "delay": 1.5}})
    result.stdout.fnmatch_lines(["engine: *", "engine: */3 generated*"])


def test_the_header_gives_the_limit_that_held(evaluate: Evaluate, workers: str, tmp_path: Path) -> None:
    full = {"text": WRONG, "finish_reason": "context_full", "prompt_tokens": 150, "completion_tokens": 106}
    summary = tmp_path / "summary.md"
    result = evaluate(workers, f"--humaneval-markdown={summary}", script={"Mini/0": full})
    held = "for some, a context of 256 tokens was full first"
    assert f"sampling  greedy, up to 768 tokens; {held}" in result.outlines
    result.stdout.fnmatch_lines(["minimal: generations that ended otherwise: 1 context_full"])
    result.stdout.fnmatch_lines(["*the context was full, or a limit of the engine's own reached*"])
    assert held in summary.read_text().replace("\\", "")

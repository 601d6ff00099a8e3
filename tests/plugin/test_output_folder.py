"""A folder of results loses nothing to a run that evaluated less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mini import Evaluate, distributed

WRONG = "    return a - b\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def verdicts(folder: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    return {f"{row['task_id']} {row['strategy']}": row["kind"] for row in rows}


def run_json(folder: Path) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return run


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize(
    ("workers", "selection"),
    [
        ("-n0", ("-k", "add")),
        ("-n2", ("-k", "add")),
        ("-n0", ("--humaneval-limit=1",)),
        ("-n0", ("--humaneval-task=Mini/0",)),
    ],
    indirect=["workers"],
)
def test_what_a_part_did_not_evaluate_stays_beside_it(
    evaluate: Evaluate, workers: str, out: Path, selection: tuple[str, ...]
) -> None:
    evaluate(workers, f"--humaneval-output={out}", script={"Mini/1": WRONG})
    before = contents(out)
    result = evaluate(workers, f"--humaneval-output={out}", *selection, script={"Mini/1": WRONG})
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"*are in {out}, with 2 of an earlier run that this one did not evaluate"])
    assert verdicts(out) == {"Mini/0 minimal": "passed", "Mini/1 minimal": "exception", "Mini/10 minimal": "passed"}
    run = run_json(out)
    assert run["items"]["kept"] == 2
    assert run["dataset"]["problems"] == 3
    assert run["strategies"][0]["judged"] == 3
    assert len((out / "prompts.jsonl").read_text().splitlines()) == 3
    assert contents(out)["samples.jsonl"] == before["samples.jsonl"]


@pytest.mark.parametrize(
    ("selection", "script"), [(("-k", "nothing_of_this_name"), {}), ((), {"start": {"error": "no such device"}})]
)
def test_a_run_without_a_verdict_changes_nothing(
    evaluate: Evaluate, workers: str, out: Path, selection: tuple[str, ...], script: dict[str, Any]
) -> None:
    evaluate(workers, f"--humaneval-output={out}")
    before = contents(out)
    assert evaluate(workers, f"--humaneval-output={out}", *selection, script=script).ret != 0
    assert contents(out) == before


def test_a_part_of_another_plan_gets_a_folder_within(evaluate: Evaluate, workers: str, out: Path) -> None:
    evaluate(workers, f"--humaneval-output={out}")
    before = contents(out)
    result = evaluate(workers, f"--humaneval-output={out}", "-k", "add", script={"Mini/0": WRONG})
    result.stdout.fnmatch_lines(
        [f"note: {out} keeps the 3 results of an earlier run, 2 of which this one did not evaluate (another model); *"]
    )
    assert contents(out) == before
    assert verdicts(out / "run-2") == {"Mini/0 minimal": "assertion"}
    evaluate(workers, f"--humaneval-output={out}", "-k", "shout", strategy="minimal_v2")
    assert verdicts(out / "run-3") == {"Mini/1 minimal_v2": "empty"}


def test_a_part_under_another_time_limit_gets_a_folder_within(evaluate: Evaluate, workers: str, out: Path) -> None:
    evaluate(workers, f"--humaneval-output={out}")
    result = evaluate(workers, f"--humaneval-output={out}", "--timeout=30", "-k", "add")
    result.stdout.fnmatch_lines(["note: * (another time limit of checks); *"])
    assert (run_json(out)["timeout"], run_json(out / "run-2")["timeout"]) == (3, 30)


@distributed
def test_a_whole_run_of_another_model_replaces_what_was_there(evaluate: Evaluate, workers: str, out: Path) -> None:
    evaluate(workers, f"--humaneval-output={out}", "-k", "add")
    evaluate(workers, f"--humaneval-output={out}", script={"Mini/0": WRONG})
    assert verdicts(out) == {"Mini/0 minimal": "assertion", "Mini/1 minimal": "passed", "Mini/10 minimal": "passed"}
    assert sorted(file.name for file in out.iterdir()) == [
        "prompts.jsonl", "results.jsonl", "run.json", "samples.jsonl",
    ]  # fmt: skip
    assert run_json(out)["items"]["kept"] == 0


def test_an_error_takes_no_verdict_s_place(evaluate: Evaluate, workers: str, out: Path) -> None:
    evaluate(workers, f"--humaneval-output={out}")
    other = evaluate(workers, f"--humaneval-output={out}", script={"Mini/0": {"error": "broken"}, "Mini/1": WRONG})
    assert other.ret == pytest.ExitCode.INTERNAL_ERROR
    assert set(verdicts(out).values()) == {"passed"}
    assert verdicts(out / "run-2")["Mini/0 minimal"] == "error"


def test_results_that_cannot_be_read_are_not_written_over(refused: Evaluate, out: Path) -> None:
    out.mkdir()
    (out / "results.jsonl").write_text("of another program\nand its lines\n")
    result = refused(f"--humaneval-output={out}")
    result.stderr.fnmatch_lines(["*--humaneval-output: * holds results that cannot be read (*) and would be lost; *"])
    assert (out / "results.jsonl").read_text().startswith("of another program")


def test_samples_that_nothing_has_judged_are_not_written_over(refused: Evaluate, out: Path) -> None:
    out.mkdir()
    (out / "samples.jsonl").write_text('{"task_id": "Mini/0", "completion": ""}\n')
    refused(f"--humaneval-output={out}").stderr.fnmatch_lines(["*holds samples that nothing has judged*"])
    assert (out / "samples.jsonl").stat().st_size


@pytest.mark.parametrize(
    ("option", "name"), [("output", "out/results.jsonl"), ("output", "out/run.json"), ("markdown", "out/run.md")]
)
def test_a_file_that_cannot_be_written_whole_is_not_exit_status_0(
    evaluate: Evaluate, workers: str, tmp_path: Path, out: Path, option: str, name: str
) -> None:
    out.mkdir()
    conftest = f"def pytest_collection_finish():\n    import os; os.makedirs({str(tmp_path / name)!r} + '.partial')\n"
    Path("conftest.py").write_text(conftest)
    target = tmp_path / (name if option == "markdown" else "out")
    result = evaluate("-n0", f"--humaneval-{option}={target}")
    result.assert_outcomes(passed=3)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines([f"warning: {target} * (Is a directory)"])

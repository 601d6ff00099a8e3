"""Figures that others read: judged by huggingface_hub's own reader, and by every-eval-ever's own validator.

The latter needs Python 3.12: HUMANEVAL_EEE_PYTHON names the Python of an environment with every-eval-ever 0.3.0.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_humaneval.__main__ import main
from pytest_humaneval.results.read import read_results
from pytest_humaneval.results.rows import rows_of

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
MAIN_JOB, CHAT = RESULTS / "main_job", RESULTS / "table" / "chat"


def exported(style: str, results: Path, folder: Path, *options: str) -> Path:
    assert main(["export", f"--format={style}", str(results), str(folder / "out"), *options]) == 0
    return folder / "out"


def test_huggingface_hub_reads_what_is_written(tmp_path: Path) -> None:
    reader = pytest.importorskip("huggingface_hub")
    written = yaml.safe_load(exported("hf-eval-results", MAIN_JOB, tmp_path).read_text())
    (entry,) = reader.parse_eval_result_entries(written)
    (row,) = rows_of(read_results(MAIN_JOB).outcomes, (1,))
    assert (entry.dataset_id, entry.task_id) == ("openai/openai_humaneval", "openai_humaneval")
    assert entry.value == pytest.approx(100 * (row.pass_at_k[1] or 0), abs=0.005)
    low, high = row.intervals[1] or (0, 0)
    assert f"95 % interval {100 * low:.1f} to {100 * high:.1f}; 164 samples of 164 problems, 0 errors" in entry.notes
    assert "strategy expert_v00; qwen2.5-coder-0.5b-instruct (sha256:1d9614638d18)" in entry.notes
    assert reader.eval_result_entries_to_yaml([entry]) == written


def test_every_strategy_is_a_result_of_every_eval_ever_s_record(tmp_path: Path) -> None:
    record = json.loads(exported("every-eval-ever", CHAT, tmp_path).read_text())
    rows = {row.strategy: row for row in rows_of(read_results(CHAT).outcomes, (1,))}
    found: dict[str, Any] = {
        one["score_details"]["details"]["strategy"]: one["score_details"] for one in record["evaluation_results"]
    }
    assert {name: one["score"] for name, one in found.items()} == {name: row.pass_at_k[1] for name, row in rows.items()}
    interval = found["chat_cot"]["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == rows["chat_cot"].interval
    assert (interval["method"], found["chat_cot"]["uncertainty"]["num_samples"]) == ("Wilson", 164)
    assert record["model_info"]["inference_engine"]["name"].startswith("vllm")
    one = exported("every-eval-ever", CHAT, tmp_path, "--strategy=chat_cot")
    assert len(json.loads(one.read_text())["evaluation_results"]) == 1


@pytest.mark.parametrize("results", [MAIN_JOB, CHAT])
def test_every_eval_ever_s_own_validator_takes_it(results: Path, tmp_path: Path) -> None:
    python = os.environ.get("HUMANEVAL_EEE_PYTHON")
    if not python:
        pytest.skip("give the Python of an environment with every-eval-ever 0.3.0 in HUMANEVAL_EEE_PYTHON")
    place = f"data/HumanEval/unknown/some-model/{uuid.uuid4()}.json"  # where its collection would have it
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    exported("every-eval-ever", results, tmp_path).rename(file)
    command = [python, "-m", "every_eval_ever", "validate", "--format", "json", place]
    (told,) = json.loads(subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).stdout)
    assert told["valid"]
    assert told["errors"] == []
    # A warning of a name without an organisation is right: ours is an alias.
    assert [one["loc"] for one in told["warnings"]] == ["model_info"]
    broken = json.loads(file.read_text())
    del broken["model_info"]
    file.write_text(json.dumps(broken))
    (told,) = json.loads(subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).stdout)
    assert not told["valid"]


def test_figures_of_nobody_knows_what_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"task_id": "HumanEval/0", "completion": "", "passed": True, "strategy": "chat", "sample_index": 0}
    (tmp_path / "results.jsonl").write_text(json.dumps(row) + "\n")
    for style in ("hf-eval-results", "every-eval-ever"):
        assert main(["export", f"--format={style}", str(tmp_path), str(tmp_path / "out")]) == 4
        assert "without a run.json that names model and problems" in capsys.readouterr().err
    run = {"identity": {"model": "m", "digest": "d", "engine": "e"}, "dataset": {"name": "Mine", "sha256": "s"}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert main(["export", "--format=hf-eval-results", str(tmp_path), str(tmp_path / "out")]) == 4
    assert "the hub has a name for HumanEval only" in capsys.readouterr().err
    record = json.loads(exported("every-eval-ever", tmp_path, tmp_path).read_text())
    assert record["evaluation_results"][0]["source_data"]["source_type"] == "other"
    assert main(["export", "--format=every-eval-ever", str(tmp_path), str(tmp_path / "out"), "--strategy=cot"]) == 4


def test_the_hub_does_not_get_the_figure_of_some_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("run.json", "results.jsonl"):
        lines = (MAIN_JOB / name).read_text().splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines if name == "run.json" else lines[:2]))
    assert main(["export", "--format=hf-eval-results", str(tmp_path), str(tmp_path / "out")]) == 4
    assert "2 of 164 problems were evaluated, and the hub's figure is of all of them" in capsys.readouterr().err

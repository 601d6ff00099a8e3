"""Folders of results that others made: whatever is in them, a command reads it or says in a line what is wrong."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.__main__ import main
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.results.read import read_results

ROW = {"task_id": "HumanEval/0", "strategy": "chat", "sample_index": 0, "completion": "    pass\n", "passed": True}
ROWS = [ROW | {"task_id": f"HumanEval/{n}", "strategy": name, "passed": n % 2 == 0} for n in range(4) for name in "ab"]
DEEP = "[" * 100_000
DIGITS = "9" * 5_000
SECONDS = 20.0  # of a busy machine; each takes milliseconds

ODD_ROWS = [
    DEEP,
    f'{{"task_id": "T/2", "passed": true, "completion": {DEEP}',
    f'{{"task_id": "T/2", "passed": true, "sample_index": {DIGITS}}}',
    '{"task_id": "T/2", "passed": true, "duration": 1e999}',
    '{"task_id": "T/2", "passed": true, "duration": NaN}',
    f'{{"task_id": "T/2", "passed": true, "prompt_tokens": {DIGITS}}}',
    '{"task_id": "T/2", "passed": true, "prompt_tokens": null}',
    '{"task_id": "T/2", "passed": true, "completion_tokens": "many"}',
    '{"task_id": "T/2", "passed": true, "completion_tokens": -1e300}',
    r'{"task_id": "\ud800\u0000\u202e", "passed": true, "strategy": "\ud800", "completion": "\ud800"}',
    '{"task_id": "T/2", "passed": true, "completion": null, "detail": 5, "steps": {"a": 1}}',
    '{"task_id": "' + "T" * 1_000_000 + '", "passed": true}',
    '{"task_id": {}, "passed": []}',
    "null",
    "NaN",
]
ODD_RUNS = [
    DEEP,
    f'{{"num_samples": {DIGITS}, "k": [{DIGITS}], "dataset": {{"problems": {DIGITS}}}}}',
    '{"k": [null, "1", -5, 1e999], "num_samples": -1}',
    r'{"identity": {"engine": "\ud800\u0000", "model": "\u202e::error::x\n::error::y", "digest": 5}, "date": "\ud800"}',
    '{"sampling": {"temperature": NaN, "top_p": Infinity, "seed": 1e400, "max_tokens": "all"}}',
    '{"versions": {"\ud800": null}, "datasets": [null, {"name": null}], "pairs": {"comparisons": [null, {}]}}'.encode(
        "utf-16", "surrogatepass"
    ),
    '{"datasets": [null, {"name": null}], "pairs": {"comparisons": [null, {}]}, "with_reference": {"comparisons": 5}}',
    '{"usage": null, "engine": {"prompt_tokens": "many", "tokens": null, "rate": {}}, "counts": {"errors": "no"}}',
    '{"pairs": {"comparisons": [], "detectable": ["difference", "problems"]}}',
    '{"pairs": {"comparisons": [], "detectable": {"difference": "small", "problems": 5}}}',
    '{"gates": [1], "engine_process": 5, "items": [], "postprocess": {}, "started": 7, "finished": [], "plan": 5}',
    '{"gates": {"answer": {}}, "engine_process": {"guided_sampling": 3}, "items": {"expected": "x"}, "plan": {"a": 1}}',
    '{"strategies": 5, "experiments": [1], "pool": "yes", "command": {"a": 1}, "layers": "x", "results": [[[[]]]]}',
]


def folder(where: Path, rows: str = "", run: str | bytes = "") -> Path:
    where.mkdir(exist_ok=True)
    (where / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS) + rows)
    if run:
        (where / "run.json").write_bytes(run if isinstance(run, bytes) else run.encode("utf-8", "surrogatepass"))
    return where


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that shows what it can, or refuses."""
    started = time.monotonic()
    status = main(list(arguments))
    told = capsys.readouterr()
    assert status == 0 or (status == 4 and told.err.startswith("error: ")), (status, told.err)
    assert "Traceback" not in told.out + told.err
    assert time.monotonic() - started < SECONDS
    assert not any(line.startswith("::") for line in (told.out + told.err).splitlines())
    assert len(told.err) < 2_000
    return told.err


@pytest.mark.parametrize("row", ODD_ROWS, ids=range(len(ODD_ROWS)))
def test_odd_rows_are_read_or_named(row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd, right = folder(tmp_path / "odd", row + "\n" + json.dumps(ROW) + "\n"), folder(tmp_path / "right")
    error = said(capsys, "report", str(odd))
    assert not error or "results.jsonl:9: " in error
    said(capsys, "compare", str(right), str(odd))


@pytest.mark.parametrize("run", ODD_RUNS, ids=range(len(ODD_RUNS)))
def test_an_odd_run_json_is_read_or_named(run: str | bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd, right = folder(tmp_path / "odd", run=run), folder(tmp_path / "right")
    error = said(capsys, "report", str(odd), f"--markdown={tmp_path / 'r.md'}", f"--html={tmp_path / 'r.html'}")
    assert not error or "run.json: " in error
    said(capsys, "compare", str(right), str(odd))
    said(capsys, "export", "--format=hf-eval-results", str(odd), str(tmp_path / "out"))


@pytest.mark.parametrize("name", ["results.jsonl", "run.json"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    odd = folder(tmp_path / "odd")
    (odd / name).unlink(missing_ok=True)
    os.mkfifo(odd / name)
    with pytest.raises(DatasetError, match=rf"{name}: cannot be read \(not a regular file"):
        read_results(odd)


@pytest.mark.parametrize("content", [b"\xff\xfe\xfd", b"\x1f\x8b garbage", b"\0" * 1_000])
def test_what_is_no_text_is_named(content: Any, tmp_path: Path) -> None:
    odd = folder(tmp_path / "odd")
    (odd / "results.jsonl").write_bytes(content)
    with pytest.raises(DatasetError, match=r"results\.jsonl"):
        read_results(odd)

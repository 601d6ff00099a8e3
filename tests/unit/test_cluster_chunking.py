from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.cluster.chunking import CHUNK_CHARACTERS, CHUNK_SAMPLES, Sample, chunks, read, survey
from pytest_humaneval.engine.replay import read_samples
from pytest_humaneval.exceptions import DatasetError

TASKS = ("T/0", "T/1")


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(task_id: str, completion: str = "", **more: object) -> dict[str, Any]:
    return {"task_id": task_id, "completion": completion, **more}


@given(st.lists(st.tuples(st.sampled_from(TASKS), st.sampled_from(["", "chat"]), st.text(st.characters())), min_size=1))
def test_a_file_streams_as_a_replay_reads_it(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[str, str, str]]
) -> None:
    rows = [row(task, text, **({"strategy": name} if name else {})) for task, name, text in wanted]
    path = write(tmp_path_factory.mktemp("samples") / "s.jsonl", *rows)
    packed = path.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    streamed = [
        ((one.task_id, one.strategy.replace("(unnamed)", ""), one.sample_index), one.completion) for one in read(path)
    ]
    assert streamed == list(read_samples(path).items())
    assert list(read(packed)) == list(read(path))


def test_a_survey_counts_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", row("T/0"), row("T/0"), row("T/1", strategy="chat", sample_index=9))
    found = survey(path, TASKS)
    assert (found.samples, found.num_samples, found.problems) == (3, 10, 2)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json}", r":3: not JSON \("),
        ('{"task_id": "T/0"}', ":3: expected a JSON object with task_id and completion"),
        ('{"task_id": "T/2", "completion": ""}', ":3: unknown problem T/2; name the file of its problems with"),
        ('{"task_id": "T/1", "completion": "", "strategy": "a b"}', ":3: 'a b' cannot be the name of a strategy"),
        ('{"task_id": "T/0", "completion": "", "sample_index": 0}', ":3: sample 0 of T/0 already appears in line 2"),
    ],
)
def test_a_line_that_cannot_be_judged_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("\n" + json.dumps(row("T/0")) + "\n" + line + "\n")
    with pytest.raises(DatasetError, match=f"^{path}{message}"):
        survey(path, TASKS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n", ": holds no sample"),
        (gzip.compress(b'{"task_id": "T/0", "completion": "x"}')[:-9], ": truncated or damaged gzip data"),
        (b'\n{"task_id": "\xff"}', r":2: not UTF-8 text \(byte 13 of the line\)"),
    ],
    ids=["empty", "truncated", "latin-1"],
)
def test_a_file_that_is_no_samples_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=f"^{path}{message}"):
        survey(path, TASKS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none.jsonl: cannot be read \(No such file or directory\)"):
        survey(tmp_path / "none.jsonl", TASKS)


@given(st.lists(st.sampled_from([0, 10, 1000, CHUNK_CHARACTERS // 2, CHUNK_CHARACTERS + 1]), max_size=80))
def test_chunks_are_all_samples_in_order_and_none_is_large(lengths: list[int]) -> None:
    samples = [Sample("T/0", "s", index, "x" * length) for index, length in enumerate(lengths)]
    made = list(chunks(samples))
    assert [sample for chunk in made for sample in chunk] == samples
    for chunk in made:
        characters = sum(len(sample.completion) for sample in chunk)
        assert 1 <= len(chunk) <= CHUNK_SAMPLES
        assert len(chunk) == 1 or characters <= CHUNK_CHARACTERS

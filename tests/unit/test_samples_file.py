"""A file of samples is continued where it ends, however it came to its end."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.engine.replay import read_samples
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.generating import samples_file
from pytest_humaneval.generating.samples_file import SamplesFile
from pytest_humaneval.sample import ItemId

SETTINGS = {"model": "one"}
ROWS = [
    {"task_id": f"T/{number % 3}", "completion": f"    return {number}\n", "strategy": "s", "sample_index": number}
    for number in range(12)
]


def item(row: dict[str, Any]) -> ItemId:
    return ItemId(row["task_id"], row["strategy"], row["sample_index"])


def write(path: Path) -> int:
    """Add the rows that are not there; how many were."""
    with SamplesFile(path, SETTINGS) as file:
        there = file.count
        for row in ROWS:
            if not file.has(item(row)):
                file.add(row)
    return there


@pytest.fixture(params=["samples.jsonl", "samples.jsonl.gz"])
def path(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(samples_file, "BLOCK", 5)
    name: str = request.param
    return tmp_path / name


def test_a_file_cut_anywhere_is_continued_to_the_same_rows(path: Path) -> None:
    assert write(path) == 0
    whole = path.read_bytes()
    expected = {item(row): row["completion"] for row in ROWS}
    assert read_samples(path) == expected
    there = set()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        there.add(write(path))
        assert read_samples(path) == expected
    assert there == ({0, 5, 10} if path.suffix == ".gz" else {*range(12)})
    assert write(path) == 12


def test_a_file_of_something_else_is_left_alone(path: Path) -> None:
    write(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="belong to another run: model is 'one' there and 'two' here; give another"):
        SamplesFile(path, {"model": "two"})
    path.with_name(f"{path.name}.made-with.json").unlink()
    with pytest.raises(InputError, match=r"already exists, and no samples\.jsonl.*\.made-with\.json says where"):
        SamplesFile(path, SETTINGS)
    assert path.read_bytes() == before


def test_damage_before_the_end_is_named(path: Path) -> None:
    write(path)
    content = bytearray(path.read_bytes())
    content[0 if path.suffix != ".gz" else 40] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"line 1 is not a sample|damaged gzip data from byte 0 on"):
        SamplesFile(path, SETTINGS)
    assert path.read_bytes() == content


def test_what_is_no_sample_is_named(path: Path) -> None:
    write(path)
    text = b'{"task_id": "T/0"}\n'
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    with pytest.raises(DatasetError, match="1 is not a sample; move the file away"):
        SamplesFile(path, SETTINGS)


def test_two_do_not_write_to_one_file(path: Path) -> None:
    with SamplesFile(path, SETTINGS), pytest.raises(InputError, match="another process is writing to"):
        SamplesFile(path, SETTINGS)

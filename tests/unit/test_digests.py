from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.models.digests import digest_of_directory, digest_of_file

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc", from FIPS 180-2


def unexpected(file: object, name: str) -> None:
    raise AssertionError(f"{file} was read again")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_file_is_read_once(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_of_file(file, cache) == ABC
    monkeypatch.setattr(hashlib, "file_digest", unexpected)
    assert digest_of_file(file, cache) == ABC


def test_a_file_that_changed_is_read_again(file: Path, cache: Path) -> None:
    digest_of_file(file, cache)
    status = file.stat()
    file.write_bytes(b"abd")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert digest_of_file(file, cache) == hashlib.sha256(b"abd").hexdigest()


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_read_again(file: Path, cache: Path) -> None:
    digest_of_file(file, cache)
    status = file.stat()
    other = file.with_name("other")
    other.write_bytes(b"abd")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    assert digest_of_file(file, cache) == hashlib.sha256(b"abd").hexdigest()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"PATH": 1}', '{"PATH": [3]}', '{"PATH": [3, 0, 0, 7]}'])
def test_damaged_notes_are_ignored(content: str, file: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "digests.json").write_text(content.replace("PATH", str(file)))
    assert digest_of_file(file, cache) == ABC
    assert json.loads((cache / "digests.json").read_text())[str(file)][3] == ABC


def test_a_cache_that_cannot_be_written_only_costs_time(file: Path, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    assert digest_of_file(file, cache) == ABC


@given(st.dictionaries(st.sampled_from(["a.json", "b.json", "c.safetensors"]), st.binary(max_size=9), min_size=1))
def test_a_directory_changes_its_digest_with_every_file(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("model")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    before = digest_of_directory(folder, folder / "cache")
    changed = folder / min(files)
    changed.write_bytes(changed.read_bytes() + b"x")
    assert digest_of_directory(folder, folder / "cache") != before

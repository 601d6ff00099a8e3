from __future__ import annotations

import os
import random
import warnings
from pathlib import Path

import pytest

from pytest_humaneval.sandbox.oracle.surroundings import Surroundings
from pytest_humaneval.sandbox.wire.encoder import encode
from pytest_humaneval.sandbox.wire.world import (
    MAX_FILES,
    MAX_WARNING,
    MAX_WARNINGS,
    WorldError,
    draws_between,
    files_in,
    put_files,
)


def test_files_arrive_as_they_were(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "a").mkdir()
    (here / "a" / "b.txt").write_bytes(b"b")
    (here / "empty").mkdir()
    (there / "old").mkdir()
    (there / "old" / "gone.txt").write_text("")
    put_files(str(there), files_in(str(here)), files_in(str(there)))
    assert files_in(str(there)) == {"a": None, "a/b.txt": b"b", "empty": None}


@pytest.mark.parametrize(
    "path", ["../evil", "/tmp/evil", "a/../../evil", "", ".", "a//b", "a/", "a\0b", "x" * 500, 5, b"evil"]
)
def test_paths_that_lead_out_are_refused(tmp_path: Path, path: object) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    with pytest.raises(WorldError, match="outside"):
        put_files(str(folder), {path: b"evil"}, {})
    assert os.listdir(tmp_path) == ["scratch"]


@pytest.mark.parametrize(
    "told", [5, [], {"a": 5}, {"a": "text"}, {"a": bytes(MAX_FILES + 1)}, dict.fromkeys(map(str, range(999)))]
)
def test_what_is_no_files_is_refused(tmp_path: Path, told: object) -> None:
    with pytest.raises(WorldError):
        put_files(str(tmp_path), told, {})


def test_links_are_neither_read_nor_written_through(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    assert files_in(str(folder)) == {}
    with pytest.raises(OSError, match="symbolic links"):
        put_files(str(folder), {"link": b"evil"}, {})
    assert (tmp_path / "secret").read_text() == "secret"


def test_more_than_can_be_shared_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(MAX_FILES + 1)
    with pytest.raises(WorldError, match="more than"):
        files_in(str(tmp_path))


@pytest.mark.parametrize("count", [0, 1, 5, 623, 624, 625, 3_000])
def test_draws_are_counted(count: int) -> None:
    generator = random.Random(7)
    before = generator.getstate()
    for _ in range(count):
        generator.getrandbits(32)
    assert draws_between(before, generator.getstate()) == count


def test_draws_after_another_seed_are_not_counted() -> None:
    assert draws_between(random.Random(7).getstate(), random.Random(8).getstate()) == -1


WARNINGS = Surroundings(frozenset({"warnings"}), "")


def reply(warned: object) -> bytes:
    return encode(("", "", 0, None, warned, b"V"))


def test_warnings_are_given_again_by_the_filters_of_the_test() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert WARNINGS.received(reply([("DeprecationWarning", "old"), ("UserWarning", "x" * 5_000)])) == b"V"
    assert [(each.category, len(str(each.message))) for each in caught] == [
        (DeprecationWarning, 3),
        (UserWarning, MAX_WARNING),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        WARNINGS.received(reply([("DeprecationWarning", "old")]))


@pytest.mark.parametrize(
    "warned",
    [
        5, None, [5], [("ValueError", "no warning")], [("open", "x")], [("UserWarning", 5)], [("UserWarning",)],
        [([], "x")], [("UserWarning", "x")] * (MAX_WARNINGS + 1), (("UserWarning", "x"),),
    ],
)  # fmt: skip
def test_what_is_no_warning_of_pythons_is_refused(warned: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        WARNINGS.received(reply(warned))
    assert Surroundings(frozenset({"output"}), "").received(reply(warned)) == b"V", "nobody asked for any"

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_humaneval.background.private_directory import PrivateDirectory, default_directory
from pytest_humaneval.exceptions import InputError


@pytest.fixture
def directory(tmp_path: Path) -> PrivateDirectory:
    return PrivateDirectory(tmp_path / "run" / "private")


def test_it_is_made_for_its_owner_alone(directory: PrivateDirectory) -> None:
    assert directory.path.stat().st_mode & 0o7777 == 0o700
    assert PrivateDirectory(directory.path).path == directory.path


def test_an_object_comes_back_and_goes(directory: PrivateDirectory) -> None:
    directory.write("engine-1", {"pid": 7})
    directory.write("engine-1", {"pid": 8})
    assert directory.read("engine-1") == {"pid": 8}
    assert directory.names("engine-") == ["engine-1"]
    assert (directory.path / "engine-1.json").stat().st_mode & 0o777 == 0o600
    directory.remove("engine-1")
    directory.remove("engine-1")
    assert directory.read("engine-1") == {}
    assert list(directory.path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[1]", "\udcff"])
def test_what_cannot_be_read_is_empty(directory: PrivateDirectory, content: str) -> None:
    (directory.path / "x.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert directory.read("x") == {}


def test_a_link_in_it_is_not_followed(directory: PrivateDirectory, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"pid": 1}')
    (directory.path / "x.json").symlink_to(tmp_path / "elsewhere")
    assert directory.read("x") == {}


def test_a_pipe_in_it_holds_nobody_up(directory: PrivateDirectory) -> None:
    os.mkfifo(directory.path / "x.json")
    assert directory.read("x") == {}


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_one_that_others_can_enter_is_refused(directory: PrivateDirectory, mode: int) -> None:
    directory.path.chmod(mode)
    with pytest.raises(InputError, match=rf"open to other users \(mode {mode:04o}, expected 0700\).*remove it, or"):
        PrivateDirectory(directory.path)


def test_another_user_s_is_refused(directory: PrivateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(InputError, match=f"belongs to user {os.getuid()}, not to user {os.getuid() + 1}"):
        PrivateDirectory(directory.path)


def test_a_link_to_it_is_refused(directory: PrivateDirectory, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(directory.path)
    with pytest.raises(InputError, match="is a symbolic link"):
        PrivateDirectory(tmp_path / "link")


def test_one_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/private cannot be used"):
        PrivateDirectory(tmp_path / "file" / "private")


def test_looking_for_one_does_not_make_it(tmp_path: Path) -> None:
    assert PrivateDirectory.existing(tmp_path / "none") is None
    assert list(tmp_path.iterdir()) == []


def test_the_runtime_directory_comes_before_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_directory() == tmp_path / "pytest-humaneval"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    assert default_directory().parent == tmp_path / "cache" / "pytest-humaneval" / "run"

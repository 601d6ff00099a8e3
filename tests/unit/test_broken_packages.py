from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from pytest_humaneval import broken_packages
from pytest_humaneval.broken_packages import mark_broken_packages_absent


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package that imports and one that breaks after importing a module of its own."""
    names = ("sound_package", "broken_package", "package_nobody_has")
    for name, code in zip(
        names, ("", "import broken_package.ops\nraise RuntimeError('nms does not exist')"), strict=False
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code)
        (tmp_path / name / "ops.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(broken_packages, "SUSPECTS", names)
    for name in (*names, "broken_package.ops"):  # so that all is as before after the test
        monkeypatch.setitem(sys.modules, name, sys)
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_only_what_is_there_and_broken_is_marked_absent(site: Path) -> None:
    assert mark_broken_packages_absent() == ("broken_package",)
    assert "sound_package" in sys.modules
    assert importlib.util.find_spec("broken_package") is None
    assert "broken_package.ops" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        __import__("broken_package")


def test_a_second_call_finds_nothing_more_to_do(site: Path) -> None:
    mark_broken_packages_absent()
    assert mark_broken_packages_absent() == ()

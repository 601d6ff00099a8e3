from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_humaneval.models import broken_packages
from pytest_humaneval.models.broken_packages import environment_without, mark_broken_packages_absent, unseen


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


def test_a_package_is_unseen_for_a_while_unless_it_is_there_already(site: Path) -> None:
    __import__("sound_package")
    with unseen("sound_package", "broken_package", "package_nobody_has"):
        assert "sound_package" in sys.modules
        assert importlib.util.find_spec("sound_package") is not None
        assert importlib.util.find_spec("broken_package") is None
        with pytest.raises(ModuleNotFoundError):
            __import__("broken_package")
    assert importlib.util.find_spec("broken_package") is not None
    assert "package_nobody_has" not in sys.modules


def test_every_python_started_in_the_environment_takes_them_for_absent(tmp_path: Path) -> None:
    environment = environment_without(["colorsys"], {"PYTHONPATH": "/mine", "PATH": os.environ["PATH"]}, tmp_path)
    assert environment["PYTHONPATH"].endswith(f"{os.pathsep}/mine")
    code = "import importlib.util; print(importlib.util.find_spec('colorsys'))"
    found = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == "None"


def test_other_processes_still_see_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torchvision.py").touch()
    command = [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('torchvision') is None)"]
    without = environment_without(["torchvision"], os.environ, tmp_path / "cache")
    assert subprocess.check_output(command, text=True, env=without) == "True\n"
    assert os.environ["PYTHONPATH"] == str(tmp_path)
    assert subprocess.check_output(command, text=True) == "False\n"


def test_with_nothing_broken_the_environment_stays_as_it_is(tmp_path: Path) -> None:
    assert environment_without([], {"A": "b"}, tmp_path) == {"A": "b"}
    assert not list(tmp_path.iterdir())

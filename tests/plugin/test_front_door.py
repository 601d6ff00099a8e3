"""The first command, called where people call it: in a clone, and in a folder that has tests already."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Read by every Python that a run starts, workers too: what only the extra `dev` brings cannot be imported, and what is
# opened under tests/ is noted.
SURROUNDINGS = """
import sys

class OnlyWhatCpuInstalls:
    def find_spec(self, name, path=None, target=None):
        if name in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

def note(event, arguments):
    if event == "open" and str(arguments[0]).startswith({tests!r}):
        with open({log!r}, "a") as log:
            print(arguments[0], file=log)

sys.meta_path.insert(0, OnlyWhatCpuInstalls())
sys.addaudithook(note)
"""
ITEM = "test_humaneval.py::test_humaneval"
MINE = """
def test_mine(problem, completion, check_correctness):
    assert not check_correctness(problem, completion).passed
"""
STRATEGY = """
from pytest_humaneval import completion_prompt, strategy

@strategy({name!r}, "the problem as it is")
def ask(problem):
    return completion_prompt(problem.prompt)

def pytest_humaneval_strategies():
    return [ask]
"""


def only_dev_brings() -> list[str]:
    """Modules of the distributions that the extra ``dev`` names, and nothing else here needs."""
    named = {
        re.split(r"[^\w.-]", requirement)[0].lower()
        for requirement in requires("pytest-humaneval") or ()
        if any(f'extra == "{extra}"' in requirement for extra in ("dev", "report", "strengthen"))
    } - {"pytest-humaneval", "pyyaml"}  # vLLM needs YAML
    return [
        module
        for module, distributions in packages_distributions().items()
        if named & {distribution.lower() for distribution in distributions}
    ]


def called_in(folder: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What pytest says, called in this folder with a script that fails every problem."""
    script = tmp_path / "script.json"
    script.write_text('{"*": "    pass\\n"}')
    return subprocess.run(
        [
            sys.executable, "-m", "pytest", f"--humaneval-script={script}", "--humaneval-limit=1",
            f"--humaneval-cache-dir={tmp_path / 'cache'}", "-p", "no:cacheprovider", *arguments,
        ],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--strategy=expert_v00", "-n0"], "1 failed in"),
        (["--strategy=expert_v00", "-n2"], "1 failed in"),
        (["--strategy=minimal", f"{ITEM}[HumanEval/0-has_close_elements-minimal]"], "1 failed in"),
        (["--humaneval-list-strategies"], "expert_v00 "),
    ],
    ids=["alone", "with workers", "by node id", "list"],
)  # fmt: skip
def test_an_evaluation_in_a_clone_has_nothing_to_do_with_the_project_s_tests(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent, log = only_dev_brings(), tmp_path / "opened"
    assert {"hypothesis", "syrupy", "jinja2"} <= set(absent)
    (tmp_path / "sitecustomize.py").write_text(
        SURROUNDINGS.format(absent=absent, tests=f"{REPOSITORY / 'tests'}{os.sep}", log=str(log))
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = called_in(REPOSITORY, tmp_path, *arguments)
    assert said in done.stdout, done.stdout + done.stderr
    assert not log.exists(), log.read_text()


def test_the_project_s_own_tests_do_open_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above can fail."""
    log = tmp_path / "opened"
    (tmp_path / "sitecustomize.py").write_text(
        SURROUNDINGS.format(absent=["hypothesis"], tests=f"{REPOSITORY / 'tests'}{os.sep}", log=str(log))
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = called_in(REPOSITORY, tmp_path, "--collect-only")
    assert "No module named 'hypothesis'" in done.stderr
    assert "conftest.py" in log.read_text()


@pytest.mark.parametrize("name", ["top", "inner"])
def test_strategies_of_a_folder_with_tests_are_known(name: str, tmp_path: Path, workers: str) -> None:
    folder = folder_with_tests(tmp_path, "testpaths = tests")
    done = called_in(folder, tmp_path, f"--strategy={name}", workers)
    assert re.search("1 failed(, 1 deselected)? in", done.stdout), done.stdout + done.stderr  # with workers, unsaid
    assert f"{ITEM}[HumanEval/0-has_close_elements-{name}]" in done.stdout


@pytest.mark.parametrize("ini", ["", "testpaths = tests"])
def test_tests_that_use_the_fixtures_are_found_as_pytest_finds_them(ini: str, tmp_path: Path, workers: str) -> None:
    folder = folder_with_tests(tmp_path, ini)
    (folder / "tests" / "test_mine.py").write_text(MINE)
    (folder / "test_above.py").write_text(MINE)
    done = called_in(folder, tmp_path, "--strategy=top", workers, "-v")
    found = {name for name in ("test_above.py", "tests/test_mine.py", ITEM) if f"{name}::test_mine[Hu" in done.stdout}
    assert found == ({"tests/test_mine.py"} if ini else {"tests/test_mine.py", "test_above.py"}), done.stdout
    assert "test_ours" not in done.stdout
    assert ITEM not in done.stdout
    assert re.search(f"{len(found)} passed(, 1 deselected)? in", done.stdout), done.stdout + done.stderr


def test_the_bundled_test_runs_where_there_is_none(tmp_path: Path, workers: str) -> None:
    (tmp_path / "empty").mkdir()
    done = called_in(tmp_path / "empty", tmp_path, "--strategy=minimal", workers)
    assert "1 failed in" in done.stdout, done.stdout + done.stderr


def test_tests_that_use_no_fixture_are_told_to_evaluate_nothing(tmp_path: Path, workers: str) -> None:
    folder = folder_with_tests(tmp_path, "")
    (folder / "tests" / "test_ours.py").write_text("def test_ours(): pass\n")
    script = tmp_path / "broken.json"
    script.write_text('{"start": {"exit": 3}}')  # an engine that cannot be loaded
    done = called_in(folder, tmp_path, "--strategy=top", workers, "tests", f"--humaneval-script={script}")
    assert "1 passed in" in done.stdout, done.stdout + done.stderr
    told = "warning: nothing was evaluated: no test that ran uses the fixtures problem, strategy and check_correctness"
    assert told in " ".join(done.stdout.split())
    assert done.returncode == 0


def test_humaneval_testpaths_are_collected_and_other_tests_left_alone(tmp_path: Path, workers: str) -> None:
    folder = folder_with_tests(tmp_path, "testpaths = tests\nhumaneval_testpaths = evaluations test_humaneval.py")
    (folder / "tests" / "conftest.py").write_text("1 / 0")
    (folder / "evaluations").mkdir()
    (folder / "evaluations" / "conftest.py").write_text(STRATEGY.format(name="beside"))
    (folder / "evaluations" / "test_mine.py").write_text(MINE)
    done = called_in(folder, tmp_path, "--strategy=top,beside", workers)
    assert "2 failed, 2 passed in" in done.stdout, done.stdout + done.stderr


def test_a_folder_in_which_pytest_is_called_is_not_led_elsewhere(tmp_path: Path) -> None:
    folder = folder_with_tests(tmp_path, "humaneval_testpaths = nowhere")
    done = called_in(folder / "tests", tmp_path, "--strategy=top,inner", "-n0")
    assert "2 failed, 1 deselected in" in done.stdout, done.stdout + done.stderr


def test_humaneval_testpaths_that_are_not_there_are_named(tmp_path: Path) -> None:
    folder = folder_with_tests(tmp_path, "humaneval_testpaths = evaluation")
    done = called_in(folder, tmp_path, "--strategy=top", "-n0")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "file or directory not found: evaluation" in done.stderr


@pytest.mark.parametrize(
    ("ini", "addopts", "conftest", "said"),
    [
        ("", "", "import nothing_of_this_name", "while loading conftest '{folder}/conftest.py'"),
        ("strict_config = true\ntest_paths = tests", "", "", "Unknown config option: test_paths"),
        ("addopts = --strategies=chat", "", "", "{folder}/pytest.ini"),
        ("", "--humaneval-limits=3", "", "--humaneval-limits"),
        ("", "--humaneval-limit=three", "", "PYTEST_ADDOPTS: --humaneval-limit: 'three'"),
        ("humaneval_limit = three", "", "", "humaneval_limit: 'three'"),
    ],
)
def test_what_breaks_in_the_user_s_own_settings_is_named(
    ini: str, addopts: str, conftest: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with_tests(tmp_path, ini)
    (folder / "conftest.py").write_text(conftest)
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{os.environ['PYTEST_ADDOPTS']} {addopts}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--strategy=minimal", "--humaneval-engine=scripted"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said.format(folder=folder) in done.stderr


def folder_with_tests(tmp_path: Path, ini: str) -> Path:
    """A project with a test, and a strategy in each of its two conftest files: ``top`` and ``inner``."""
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (folder / "conftest.py").write_text(STRATEGY.format(name="top"))
    (folder / "tests" / "conftest.py").write_text(STRATEGY.format(name="inner"))
    (folder / "tests" / "test_ours.py").write_text("def test_ours():\n    assert False, 'no part of an evaluation'\n")
    return folder

"""What can be said of docker/ without a container engine: lint, and the facts that matter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCKER = Path(__file__).parents[2] / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))


def hadolint(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    # Beside this interpreter first: an environment need not be activated.
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed; it comes with the extra dev where PyPI has it for this machine")
    return subprocess.run([program, str(dockerfile)], capture_output=True, text=True, check=False)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Instructions with their arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_there_is_an_image_for_each_part() -> None:
    assert [path.stem for path in DOCKERFILES] == ["engine", "runner", "sandbox"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_hadolint_has_nothing_to_say(dockerfile: Path) -> None:
    result = hadolint(dockerfile)
    assert result.returncode == 0, result.stdout


def test_hadolint_would_say_something(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN cd /tmp && sudo apt-get install gcc\n")
    result = hadolint(tmp_path / "Dockerfile")
    assert result.returncode != 0
    assert {"DL3007", "DL3004"} <= set(re.findall(r"DL\d+", result.stdout))


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_an_image_has_a_base_that_can_be_replaced_and_a_user_without_rights(dockerfile: Path) -> None:
    given = instructions(dockerfile)
    assert given[0] == ("ARG", "BASE=python:3.11-slim-bookworm")
    assert {argument.split()[0] for name, argument in given if name == "FROM"} == {"${BASE}"}
    last = len(given) - 1 - [name for name, _ in given][::-1].index("FROM")
    users = [argument for name, argument in given[last:] if name == "USER"]
    assert [re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user) is not None for user in users] == [True]


def test_the_engine_says_whether_it_is_healthy_and_the_runner_where_results_go() -> None:
    engine, runner = (dict(instructions(DOCKER / f"{name}.Dockerfile")) for name in ("engine", "runner"))
    assert "/health" in engine["HEALTHCHECK"]
    assert "--start-period=" in engine["HEALTHCHECK"]
    assert "--humaneval-output=/results" in runner["ENTRYPOINT"]


def test_the_build_context_has_the_package_and_nothing_of_tests_or_history() -> None:
    lines = (DOCKER.parent / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    for path in ("pyproject.toml", "README.md", "LICENSE", "pytest_humaneval", "strategies", "soft_prompt"):
        assert f"!{path}" in rules
        assert (DOCKER.parent / path).exists()

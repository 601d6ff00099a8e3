"""The images of docker/, built and run by docker and podman where they answer; the engine's: test_engine_image.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from container_engines import ENGINES, HARDENED, LIMITS, REPOSITORY, build, choose_runtime, fill_context, need_base, run
from openai_server import FakeServer, Reply
from sandbox_corpus import TWICE

from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox

SANDBOX = "pytest-humaneval-test-sandbox"
RUNNER = "pytest-humaneval-test-runner"


@pytest.fixture(params=ENGINES)
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A container engine that answers, and has a base image."""
    name: str = request.param
    need_base(name)
    choose_runtime(name, tmp_path, monkeypatch)
    return name


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    fill_context(folder, "openai")
    return folder


@pytest.fixture
def volume(program: str) -> Iterator[str]:
    name = f"humaneval-test-{uuid.uuid4().hex[:8]}"
    yield name
    run(program, "volume", "rm", "--force", name)


def test_generated_code_is_judged_in_the_sandboxs_image_by_a_user_without_rights(program: str) -> None:
    build(program, "sandbox.Dockerfile", SANDBOX, REPOSITORY / "docker", BASE=need_base(program))
    who = "import os; print(os.getuid(), os.getgid())"
    assert run(program, "run", "--rm", *LIMITS, SANDBOX, "python3", "-c", who).stdout.split() == ["65534", "65534"]
    with open_sandbox(SandboxOptions(program, image=SANDBOX)) as sandbox:
        assert sandbox.check(TWICE, "    return x + x\n", timeout=10).passed
        assert sandbox.check(TWICE, "    pass\n", timeout=10).kind == "assertion"


def test_the_sandboxs_image_has_no_program_that_lends_its_owners_rights(program: str) -> None:
    build(program, "sandbox.Dockerfile", SANDBOX, REPOSITORY / "docker", BASE=need_base(program))
    found = run(program, "run", "--rm", *LIMITS, SANDBOX, "find", "/", "-xdev", "-type", "f", "-perm", "/6000")
    assert (found.stdout, found.returncode) == ("", 0)


@pytest.mark.nightly
def test_the_runner_evaluates_and_leaves_results_in_a_volume(program: str, volume: str, context: Path) -> None:
    given = {"BASE": need_base(program), "EXTRAS": "openai", "PIP_NO_INDEX": "1"}
    build(program, "runner.Dockerfile", RUNNER, context, **given)
    right = {problem.prompt.strip(): problem.canonical_solution for problem in read_problems()[:2]}

    def answer(body: dict[str, Any]) -> Reply:
        prompt = str(body["prompt"]).strip()
        return Reply(right[prompt] if "has_close_elements" in prompt else "    pass\n")

    with FakeServer(answer) as server:
        url = f"--humaneval-engine-url={server.url}"
        # No page: its packages are many megabytes.
        options = ("--strategy=minimal", "--humaneval-limit=2", "-n2", "--humaneval-html=", url)
        mounted = (f"--volume={volume}:/results", "--network=host", "--rm", "--pull=never")
        result = run(program, "run", *mounted, *HARDENED, "--tmpfs=/tmp:mode=1777", RUNNER, *options)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 failed, 1 passed" in result.stdout
    said = " ".join(result.stdout.split()).partition("sandbox ")[2].partition(" engine ")[0]
    assert {"oracle", "seccomp", "landlock", "no capabilities", "no new privileges", "rlimits"} <= {*said.split(", ")}
    read = "import os, pathlib; p = pathlib.Path('/results'); print(p.stat().st_uid, *sorted(os.listdir(p))); "
    read += "print((p / 'results.jsonl').read_text())"
    kept = ("run", "--rm", f"--volume={volume}:/results", *LIMITS, "--entrypoint=python3", RUNNER, "-c", read)
    listed, *rows = run(program, *kept).stdout.splitlines()
    assert listed.split() == ["10001", "junit.xml", "prompts.jsonl", "results.jsonl", "run.json", "samples.jsonl"]
    assert [json.loads(row)["passed"] for row in rows if row] == [True, False]

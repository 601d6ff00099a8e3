"""The engine's image: built, started as compose.yaml has it, and evaluated against.

It is gigabytes of vLLM and takes minutes, so one container engine has to do: the first that builds and runs here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_engines import (
    ENGINES,
    HARDENED,
    NUMA,
    build,
    choose_runtime,
    fill_context,
    need_base,
    need_mounts,
    places_of,
    run,
)
from tiny_model import make_tiny_model

from pytest_humaneval.background.service.health import free_port, wait_until_healthy

pytestmark = pytest.mark.nightly

IMAGE = "pytest-humaneval-test-engine"
SPACE = 20 << 30  # bytes: wheels, what is unpacked of them, the layer
START_SECONDS = 600.0  # until it is healthy, on a busy machine


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A container engine that can build the image and run it; the test is skipped, with the reasons, where none can."""
    if not places_of(NUMA):
        pytest.skip(f"this machine has no {NUMA} for the base image")
    reasons = []
    for name in ENGINES:
        try:
            need_base(name)
            need_mounts(name, monkeypatch)
            choose_runtime(name, tmp_path, monkeypatch)
            free = shutil.disk_usage(storage(name)).free
            if free >= SPACE:
                return name
            reasons.append(f"{name} has {free >> 30} GiB free of the {SPACE >> 30} it takes")
        except pytest.skip.Exception as reason:
            reasons.append(str(reason))
    pytest.skip("; ".join(reasons))


def storage(program: str) -> Path:
    """Where it keeps its images."""
    field = "{{.DockerRootDir}}" if program == "docker" else "{{.Store.GraphRoot}}"
    return Path(run(program, "info", "--format", field).stdout.strip())


@pytest.fixture
def image(program: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as context:  # pytest would keep three of them, with their wheels
        fill_context(Path(context), "cpu")
        given = {"BASE": need_base(program), "PACKAGES": "", "PIP_NO_INDEX": "1"}
        build(program, "engine.Dockerfile", IMAGE, Path(context), **given)
    yield IMAGE
    run(program, "rmi", "--force", IMAGE)


@pytest.fixture
def container(program: str) -> Iterator[str]:
    name = f"humaneval-test-{uuid.uuid4().hex[:8]}"
    yield name
    run(program, "rm", "--force", "--volumes", name)


def test_the_engines_image_serves_a_model_that_a_run_evaluates(
    program: str, image: str, container: str, tmp_path: Path
) -> None:
    model = make_tiny_model(tmp_path / "tiny", context=512)
    (model / "model.safetensors").chmod(0o644)  # safetensors writes it for its owner alone
    port = free_port("127.0.0.1", 0)
    told = ("--env=MODEL=/model", "--env=HOST=127.0.0.1", f"--env=PORT={port}", f"--volume={model}:/model:ro")
    hardened = (*HARDENED, "--tmpfs=/tmp:exec,mode=1777", "--shm-size=1g", "--network=host")
    started = run(
        program, "run", "--detach", f"--name={container}", "--pull=never", *hardened, *told, image,
        "--max-model-len=512",
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    healthcheck = json.loads(
        run(program, "image", "inspect", "--format={{json .Config.Healthcheck.Test}}", image).stdout
    )
    assert healthcheck[0] == "CMD"
    assert run(program, "exec", container, *healthcheck[1:]).returncode != 0
    need_healthy(program, container, f"http://127.0.0.1:{port}")
    assert run(program, "exec", container, *healthcheck[1:]).returncode == 0
    may = run(
        program, "exec", container, "sh", "-c", "id -u; echo > /opt/humaneval/mine || echo > /mine || echo read-only"
    )
    assert may.stdout.split() == ["10001", "read-only"]

    url = f"--humaneval-engine-url=http://127.0.0.1:{port}/v1"
    where = ("--humaneval-output=out", "--humaneval-cache-dir=cache")
    options = ("--strategy=minimal", "--humaneval-limit=2", "--humaneval-max-tokens=32", *where, url)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert "minimal" in result.stdout, result.stdout + result.stderr
    rows = [json.loads(row) for row in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [row["task_id"] for row in rows] == ["HumanEval/0", "HumanEval/1"]
    assert all(row["completion_tokens"] > 0 for row in rows)
    assert "error" not in {row["kind"] for row in rows}


def need_healthy(program: str, container: str, url: str) -> None:
    def running() -> bool:
        return run(program, "inspect", "--format={{.State.Running}}", container).stdout.strip() == "true"

    if (state := wait_until_healthy(url, running, START_SECONDS)) != "healthy":
        log = run(program, "logs", container)
        pytest.fail(f"the engine: {state}: {(log.stdout + log.stderr)[-10_000:]}")

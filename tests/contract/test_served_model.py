"""The service as it is: vLLM's own server with a tiny model, started, asked, watched and gone when it is idle."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_model import make_tiny_model

from pytest_humaneval.__main__ import main
from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import is_running
from pytest_humaneval.background.service.health import is_healthy
from pytest_humaneval.background.service.local import LocalService
from pytest_humaneval.background.service.wanted import Started
from pytest_humaneval.engine.serving_folder import PREFIX, remove_left_behind

pytestmark = [
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra cpu or gpu)"),
    pytest.mark.nightly,
]

PATIENCE = 600  # seconds for an answer: replicas share two cores with whatever else runs
IDLE_LIMIT = 20  # seconds; a busy machine must get its question in


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateDirectory]:
    """A private directory of the test; a service that is left at the end is ended."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    directory = PrivateDirectory(tmp_path / "pytest-humaneval")
    yield directory
    started = Started.read(directory.read("service"))
    if started is not None:
        LocalService(directory).stop(started)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, with a name that leaves room for those of sockets."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def ask(url: str) -> str:
    body = {"model": "tiny", "prompt": "def f(x):\n", "max_tokens": 5, "temperature": 0, "stop": list("αβγδεζ")}
    request = urllib.request.Request(
        f"{url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        text: str = json.loads(answer.read())["choices"][0]["text"]
    return text


def served(state: PrivateDirectory, *options: str) -> Started:
    """Start the service as a process of this machine."""
    assert main(["service", "start", "--backend=process", "--port=0", *options]) == 0
    started = Started.read(state.read("service"))
    assert started is not None
    return started


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="each replica wants a core of its own")
def test_two_replicas_of_the_server_share_the_questions_and_leave_nothing(
    state: PrivateDirectory, tmp_path: Path, temporary: Path
) -> None:
    model = make_tiny_model(tmp_path / "tiny", context=512)
    settings = ["max-model-len=256", "data-parallel-size=2"]
    where = [f"--model={model}", f"--cache-dir={tmp_path / 'cache'}", *(f"--engine-arg={each}" for each in settings)]
    started = served(state, *where)
    with ThreadPoolExecutor(8) as people:
        assert len(set(people.map(ask, [started.url] * 16))) == 1
    with urllib.request.urlopen(f"{started.url}/metrics", timeout=PATIENCE) as answer:
        metrics = answer.read().decode()
    shares = [
        int(float(count)) for count in re.findall(r"^vllm:e2e_request_latency_seconds_count\S* (\S+)", metrics, re.M)
    ]
    assert sum(shares) == 16
    assert len(shares) == 2
    assert min(shares) > 0
    (folder,) = temporary.iterdir()
    assert folder.name.startswith(f"{PREFIX}{started.pid}-")
    assert main(["service", "stop"]) == 0
    assert list(temporary.iterdir()) == []


def test_a_model_is_served_until_nobody_asks(
    state: PrivateDirectory, tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_tiny_model(tmp_path / "tiny", context=512)
    options = [f"--model={model}", f"--linger={IDLE_LIMIT}", f"--cache-dir={tmp_path / 'cache'}"]
    started = served(state, "--engine-arg=max-model-len=256", *options)
    assert ask(started.url) == ask(started.url), "greedy; with more stop strings than vLLM's own limit"
    asked = time.monotonic()
    capsys.readouterr()
    assert main(["service", "status"]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[:5] == ["service", "answers", "tiny", str(started.pid), started.url]
    assert int(row[7]) < IDLE_LIMIT, "seconds since it was asked"
    assert int(row[-2]) > 200, "MiB of the server and its engine"
    while is_running(started.pid, started.start_mark):
        assert is_healthy(started.url) or time.monotonic() - asked > IDLE_LIMIT, "it ends after the limit, not before"
        assert time.monotonic() - asked < IDLE_LIMIT + 60
        time.sleep(1)
    assert main(["service", "status"]) == 3
    (folder,) = temporary.iterdir()
    assert list(folder.glob("vllm_dist_*")), "or vLLM has learnt to remove it, and nobody needs the folder"
    remove_left_behind()  # as the next start does
    assert list(temporary.iterdir()) == []
    log = Path(started.log).read_text()
    assert log.count('"POST /v1/completions') == 2
    assert "GET /health" not in log

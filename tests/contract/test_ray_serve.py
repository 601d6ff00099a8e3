"""The openai engine against a Ray Serve application: nothing is lost, and nothing asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from test_openai_faults import ask, requests
from test_router import free_port
from tiny_model import make_tiny_model

from pytest_humaneval import Generation
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import EngineOptions

# grpc_reflection is what Serve needs beyond Ray.
HAS_SERVE = all(find_spec(name) for name in ("ray", "grpc_reflection", "transformers"))
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not HAS_SERVE, reason="no Ray Serve here (pip install 'ray[serve]' transformers)"),
]

COUNT = 60
APPLICATION = Path(__file__).with_name("serve_application.py")
ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listen on loopback alone
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",
}


class Journal:
    """What the replicas did."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    def counts(self, what: str) -> Counter[str]:
        """How often each prompt was answered, or refused."""
        return Counter(row[what] for row in self.rows() if what in row)


@contextmanager
def application(folder: Path, *, refused_for: float = 0.0) -> Iterator[tuple[str, Journal]]:
    """The application's URL, and its journal."""
    port, journal, log = free_port(), folder / "journal.jsonl", folder / "log"
    words = [make_tiny_model(folder / "tiny"), port, journal, refused_for]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, APPLICATION, *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=os.environ | ENVIRONMENT,
        )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            assert any(line == "listening\n" for line in process.stdout), log.read_text()
            yield f"http://127.0.0.1:{port}", Journal(journal)
        finally:
            process.stdin.close()


def answers_from(url: str, count: int = COUNT) -> dict[str, str]:
    """The text for each prompt."""
    options = EngineOptions("openai", "tiny", urls=(url,), request_timeout=120.0)
    with closing(OpenAIEngine(options, lambda message: None)) as engine:
        engine.start()
        answers = ask(engine, requests(count))
    texts = {f"prompt {key}": answer.text for key, answer in answers.items() if isinstance(answer, Generation)}
    assert len(texts) == count, answers
    return texts


def test_a_full_queue_loses_nothing_and_a_replica_that_dies_costs_time_alone(tmp_path: Path) -> None:
    with application(tmp_path) as (url, journal):
        texts = answers_from(url)
        rows = journal.rows()
        assert {row["answered"]: row["text"] for row in rows} == texts
        assert set(journal.counts("answered").values()) == {1}
        pids = {row["pid"] for row in rows}
        assert len(pids) == 2

        def kill_one() -> None:
            while len(journal.rows()) <= COUNT + 5:
                time.sleep(0.01)
            os.kill(pids.pop(), signal.SIGKILL)

        killing = threading.Thread(target=kill_one)
        killing.start()
        assert answers_from(url) == texts
        killing.join()
        again = journal.counts("answered") - Counter(texts.keys())
        assert len(again) == COUNT
        assert again.total() <= COUNT + 4  # what it had in hand it may have noted, and not handed on


def test_a_rate_limit_of_the_application_is_kept_to(tmp_path: Path) -> None:
    with application(tmp_path, refused_for=1.5) as (url, journal):
        texts = answers_from(url, 8)
        assert journal.counts("answered") == Counter(texts.keys())
        refused = journal.counts("refused")
        assert refused, "the limit was met"
        assert max(refused.values()) == 1, "each was refused once at most, and then waited"

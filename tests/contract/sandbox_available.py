"""The sandboxes of the contract suites, with the reason where one cannot be had here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sandbox_corpus import TWICE
from sandbox_image import IMAGE, build_image
from sandbox_surroundings import descendants, gone

from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox

CONTAINERS = ("docker", "podman")
CONFINING = ("lockdown", "bubblewrap", *CONTAINERS)


@contextmanager
def opened(name: str, memory_mb: int = 1024) -> Iterator[Sandbox]:
    """The sandbox, started; the test is skipped where it cannot be had."""
    if name in CONTAINERS:
        need_image(name)
    with ExitStack() as stack:
        try:
            options = SandboxOptions(name, memory_mb, IMAGE if name in CONTAINERS else "")
            sandbox = stack.enter_context(open_sandbox(options))
        except SandboxError as error:
            pytest.skip(f"{name}: {error}")
        yield sandbox


def _left_as_met(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox that must leave no process behind."""
    before = descendants(os.getpid())
    with opened(request.param) as sandbox:
        yield sandbox
    assert gone(descendants(os.getpid()) - before)


WITHOUT_ENGINE = ("lockdown", "bubblewrap", "unsafe-process")
sandbox = pytest.fixture(params=WITHOUT_ENGINE)(_left_as_met)
# One for all tests of a module, for those that only ask for verdicts: to start one takes longer than twenty checks.
kept_sandbox = pytest.fixture(scope="module", params=WITHOUT_ENGINE)(_left_as_met)


def passes(sandbox: Sandbox) -> bool:
    """Whether it still does its work."""
    return sandbox.check(TWICE, "    return x + x\n", timeout=10).passed


def containers(name: str, worker: int | None = None) -> list[str]:
    """The containers of this process, or of another worker, that are there."""
    if name not in CONTAINERS:
        return []
    listed = subprocess.run(
        [name, "ps", "--all", "--quiet", "--filter", f"name=humaneval-{worker or os.getpid()}-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split()


def need_image(program: str) -> None:
    """Make the image that the tests run containers of; the test is skipped where this engine cannot be had."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if subprocess.run([program, "info"], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"{program} does not answer: no daemon, or no right to talk to it")
    if subprocess.run([program, "image", "inspect", IMAGE], capture_output=True, check=False).returncode != 0:
        build_image(program)

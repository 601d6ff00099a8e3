"""The pins of the measured set are whole, and what CI installs is that set."""

from __future__ import annotations

import os
import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from benchmarks.pins import OURS, normalised, pins

FILE = Path(__file__).parents[2] / "benchmarks" / "requirements-cpu.txt"
LINE = re.compile(r"([a-z0-9-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


def pinned() -> dict[str, str]:
    lines = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), "a line is no pin with a hash"
    return {match[1]: match[2] for match in found if match}


def installed() -> dict[str, str]:
    """Everything that ``.[cpu]`` needs here, with what that needs in turn."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(OURS, frozenset({"cpu"}))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found[name] = version(name)
        for line in distribution(name).requires or ():
            wanted = Requirement(line)
            if not wanted.marker or any(wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((normalised(wanted.name), frozenset(wanted.extras)))
    return {name: release for name, release in found.items() if name != OURS}


def test_what_ci_installs_is_the_measured_set() -> None:
    try:
        found = installed()
    except PackageNotFoundError as error:
        pytest.skip(f"this environment has not all of the extra cpu: {error}")
    differing = {
        name: (release, found.get(name)) for name, release in pinned().items() if found.get(name) != release
    } | {name: (None, release) for name, release in found.items() if name not in pinned()}
    if differing and not os.environ.get("CI"):
        pytest.skip(f"this environment is not the measured set: {differing}")
    assert differing == {}, f"(pinned, installed); renew {FILE.name}, or install with it as constraints"


def test_a_pin_is_a_name_a_version_and_a_hash() -> None:
    report = [
        {
            "metadata": {"name": "Some_Package", "version": "1.2+cpu"},
            "download_info": {"archive_info": {"hashes": {"sha256": "0" * 64}}},
        },
        {"metadata": {"name": "pytest_humaneval", "version": "0.1.0"}, "download_info": {"dir_info": {}}},
    ]
    assert list(pins(report)) == [f"some-package==1.2+cpu --hash=sha256:{'0' * 64}"]

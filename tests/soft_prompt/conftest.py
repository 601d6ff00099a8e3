"""Makes the fixtures of tiny_training.py known to the tests of this folder."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from pytest_humaneval.models.broken_packages import mark_broken_packages_absent

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def without_broken_packages() -> None:
    """Before PEFT imports transformers. Not when tests are collected: it takes a second, in each of the workers."""
    mark_broken_packages_absent()


if find_spec("torch"):
    from tiny_training import frozen

    __all__ = ["frozen"]

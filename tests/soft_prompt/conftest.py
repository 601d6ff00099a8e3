"""Makes the fixtures of tiny_training.py known to the tests of this folder."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_humaneval.models.broken_packages import mark_broken_packages_absent

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]

mark_broken_packages_absent()  # before PEFT imports transformers

if find_spec("torch"):
    from tiny_training import frozen

    __all__ = ["frozen"]

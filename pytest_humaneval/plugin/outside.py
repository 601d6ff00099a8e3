"""What is registered, for commands that are no run of pytest."""

from __future__ import annotations

# pytest has no public way to read its configuration without a run.
from _pytest.config import _prepareconfig

from pytest_humaneval.extensions import Extensions
from pytest_humaneval.plugin.registered import known_extensions


def extensions_here() -> Extensions:
    """What a run of pytest in this folder would know by name: its conftest.py is read, and plugins are.

    Raises:
        InputError: a hook returns what cannot be registered.
    """
    config = _prepareconfig([])
    try:
        return known_extensions(config)
    finally:
        config._ensure_unconfigure()

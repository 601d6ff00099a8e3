"""The project's own test session: which tests need what.

Loaded also when the bundled test is run from elsewhere out of a checkout, so it must not name plugins.
"""

from __future__ import annotations

import pytest

WHEN_ASKED_FOR = ("benchmark", "nightly")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``benchmark`` or ``nightly`` unless -m names the mark: it takes minutes to hours."""
    asked = config.getoption("markexpr", "")
    unasked = [mark for mark in WHEN_ASKED_FOR if mark not in asked]
    left_out = [item for item in items if any(map(item.get_closest_marker, unasked))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]

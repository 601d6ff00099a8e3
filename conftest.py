"""The project's own test session: which tests need what.

Loaded also when the bundled test is run from elsewhere out of a checkout, so it must not name plugins.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``benchmark`` unless -m asks for it: it takes minutes to hours, on the real model."""
    if "benchmark" in config.getoption("markexpr", ""):
        return
    left_out = [item for item in items if item.get_closest_marker("benchmark")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

"""What all tests of this folder share; the fixtures of mini.py are made known."""

from __future__ import annotations

from collections.abc import Iterator

# pytester unloads what its tests import. NumPy warns where it is loaded a second time, and matplotlib does not know its
# own classes any more where a part of it stayed.
import matplotlib.figure  # noqa: F401
import numpy as np  # noqa: F401
import pytest
from mini import evaluate, mini, refused, workers
from warm_pytest import WarmPytest

import pytest_humaneval.plugin.run  # noqa: F401 - for runs in this process

__all__ = ["evaluate", "mini", "plugins", "refused", "workers"]

_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p xdist -p timeout -p humaneval"}


@pytest.fixture(scope="session")
def warm_pytest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPytest]:
    """What runs of pytest are forks of."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in _PLUGINS.items():
            monkeypatch.setenv(name, value)
        warm = WarmPytest(tmp_path_factory.mktemp("warm"))
    yield warm
    warm.close()


@pytest.fixture(autouse=True)
def plugins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the runs that are tested: ours and the two it works with.

    Importing all others that are installed takes two thirds of a small run's time. Modules that are about them, or
    about how ours is found, have a fixture of this name of their own.
    """
    if "pytester" in request.fixturenames:
        pytester = request.getfixturevalue("pytester")  # which unsets PYTEST_ADDOPTS: before it is set
        request.getfixturevalue("warm_pytest").serve(pytester, monkeypatch)
    for name, value in _PLUGINS.items():
        monkeypatch.setenv(name, value)

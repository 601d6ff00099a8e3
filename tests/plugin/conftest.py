"""What all tests of this folder share; the fixtures of mini.py are made known."""

from __future__ import annotations

# pytester unloads what its tests import. NumPy warns where it is loaded a second time, and matplotlib does not know its
# own classes any more where a part of it stayed.
import matplotlib.figure  # noqa: F401
import numpy as np  # noqa: F401
from mini import evaluate, mini, other, refused, workers
from warm_pytest import plugins, warm

import pytest_humaneval.plugin.run  # noqa: F401 - for runs in this process

__all__ = ["evaluate", "mini", "other", "plugins", "refused", "warm", "workers"]

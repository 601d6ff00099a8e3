"""Settings of all the project's tests.

They are not in pyproject.toml, as an evaluation that is started here has what is there.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# What several test files share.
sys.path[:0] = [
    str(Path(__file__).with_name(folder)) for folder in ("plugin", "contract", "browser", "soft_prompt", "docker")
]

# A shell that starts something in the background has it ignore Ctrl-C, and what that starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A loaded machine is no counterexample.
settings.register_profile("humaneval", deadline=None)
settings.load_profile("humaneval")


def pytest_configure(config: pytest.Config) -> None:
    """Make warnings errors."""
    config.addinivalue_line("filterwarnings", "error")

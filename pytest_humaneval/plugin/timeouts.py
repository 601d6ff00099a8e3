"""pytest-timeout's number becomes the check's limit; pytest-timeout itself becomes the backstop behind it."""

from __future__ import annotations

import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT

MOST_SECONDS = 86_400  # a day
BACKSTOP_FACTOR = 10
BACKSTOP_SECONDS = 30.0  # the sandbox ends a check at its own wall limit, far below factor * timeout + this


def default_timeout(config: pytest.Config) -> float:
    """Seconds of CPU time for a check: --timeout, else PYTEST_TIMEOUT, else the ini's ``timeout``, else 3.

    Raises:
        InputError: they cannot be.
    """
    if not config.pluginmanager.hasplugin("timeout"):
        return DEFAULT_TIMEOUT
    from pytest_timeout import get_env_settings

    # 0 switches pytest-timeout off, not the sandbox's limit: a program that loops must come to an end.
    seconds = float(get_env_settings(config).timeout or DEFAULT_TIMEOUT)
    if not 0 < seconds <= MOST_SECONDS:
        raise InputError(
            f"--timeout (or PYTEST_TIMEOUT, or the ini's timeout): {seconds:g} is not a number of seconds above 0 and "
            f"up to {MOST_SECONDS}; 0 stands for the default, {DEFAULT_TIMEOUT:g}"
        )
    return seconds


def check_timeout(item: pytest.Item) -> float:
    """The same for one item, whose ``timeout`` marker goes first."""
    marker = item.get_closest_marker("timeout")
    given = None
    if marker is not None:
        given = marker.args[0] if marker.args else marker.kwargs.get("timeout")
    return float(given) if given else default_timeout(item.config)


def add_backstop(item: pytest.Item, seconds: float) -> None:
    """Let pytest-timeout watch the check alone, and late.

    Without this, the user's ``--timeout`` would count the wait for the engine, which takes minutes, against the
    program. The number itself was read before (:func:`check_timeout`), so the user's still wins.
    """
    if not item.config.pluginmanager.hasplugin("timeout"):
        return
    limit = BACKSTOP_FACTOR * seconds + BACKSTOP_SECONDS
    item.add_marker(pytest.mark.timeout(limit, func_only=True), append=False)

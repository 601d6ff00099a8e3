"""Has hypothesis draw, so that the same seed gives the same values wherever the same release of it is installed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def examples_of(strategy: Any, seed: int, count: int) -> list[Any]:
    """Up to ``count`` values of hypothesis' strategy: with its release, the seed decides which."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    examples: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        examples.append(value)

    with _no_constants_of_ours():
        collect()
    return examples


@contextmanager
def _no_constants_of_ours() -> Iterator[None]:
    """Keep hypothesis from drawing what stands in the source of loaded modules that lie outside of site-packages.

    Those are ours in a checkout: there, each change of the code would make other inputs. Its releases before 6.131 do
    nothing of that; where a later one calls it otherwise, ``made_from`` differs by the release as well.
    """
    try:
        providers: Any = importlib.import_module("hypothesis.internal.conjecture.providers")
        of_modules, no_constants = providers._get_local_constants, providers.Constants()
    except (ImportError, AttributeError):
        yield
        return
    providers.CONSTANTS_CACHE.cache.clear()  # by type and range, of all that was drawn before
    providers._get_local_constants = lambda: no_constants
    try:
        yield
    finally:
        providers._get_local_constants = of_modules
        providers.CONSTANTS_CACHE.cache.clear()

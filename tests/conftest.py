"""Settings of all the project's tests."""

from __future__ import annotations

from hypothesis import settings

# A loaded machine is no counterexample.
settings.register_profile("humaneval", deadline=None)
settings.load_profile("humaneval")

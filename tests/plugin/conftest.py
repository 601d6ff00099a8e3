"""Makes the fixtures of mini.py known to the tests of this folder."""

from __future__ import annotations

from mini import evaluate, mini, workers

__all__ = ["evaluate", "mini", "workers"]

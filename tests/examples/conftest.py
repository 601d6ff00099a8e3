"""What all tests of this folder share."""

from __future__ import annotations

from warm_pytest import plugins, warm

__all__ = ["plugins", "warm"]

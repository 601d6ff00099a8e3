"""Makes a text fit to be source code at all."""

from __future__ import annotations

import re

MAX_CHARACTERS = 50_000  # the longest canonical solution has 864; what runs on this far is no answer
NOT_IN_SOURCE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` with Python's line ends, without NUL and lone surrogates, and no longer than a program may be."""
    lines = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    return NOT_IN_SOURCE.sub("", lines)

"""Makes any text safe to print, to put into XML and to send to another process."""

from __future__ import annotations

import re

# What XML 1.0 cannot hold (control characters, lone surrogates, two non-characters). execnet, which carries xdist's
# reports, ends the whole run on a lone surrogate; a terminal obeys control characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str, limit: int | None = None) -> str:
    """``text`` with unprintable characters shown as escapes, and its middle left out beyond ``limit`` characters."""
    if limit is not None and len(text) > limit:
        half = limit // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return _UNPRINTABLE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)

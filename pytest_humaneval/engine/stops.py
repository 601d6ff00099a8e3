"""Stop strings, where a server takes fewer than a strategy has: the rest of the work is done here."""

from __future__ import annotations

from collections.abc import Sequence


def essential_stops(stops: Sequence[str]) -> list[str]:
    """``stops`` without those that begin with another one, which ends the text at the same place or earlier."""
    unique = list(dict.fromkeys(stops))
    return [stop for stop in unique if not any(stop != other and stop.startswith(other) for other in unique)]


def cut_at_stop(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """``text`` up to the first of ``stops``, which is left out, and whether there was one."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)

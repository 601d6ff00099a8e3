"""What people watch while they wait for an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["idle", "loading", "generating", "failed"]


@dataclass
class EngineProgress:
    """What people watch while they wait. Seconds are those the engine was loading, and generating."""

    phase: Phase = "idle"
    message: str = ""
    total: int = 0  # different requests, without those answered from the store
    finished: int = 0
    from_store: int = 0
    dropped: int = 0  # of total, those that nobody wanted any more, and that were not made
    tokens: int = 0
    rate: float = 0.0  # tokens of answers a second, in the last half minute
    share: float = 0.0  # of the work that is done
    seconds_left: float | None = None  # where that can be told
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0  # of these, not computed: an earlier prompt began with them
    loading_seconds: float = 0.0
    generating_seconds: float = 0.0
    ready_at: float = 0.0  # seconds since the epoch; 0 where the engine never had to start
    warm: bool = False  # whether the engine had its model loaded already, by a former run

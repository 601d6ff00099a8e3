"""The learning rate by step."""

from __future__ import annotations

import math

from .config import Config


def learning_rate(config: Config, step: int, total_steps: int) -> float:
    """The rate of a step, counted from 0: a linear warm-up to ``learning_rate``, then constant or down to 0.

    The first step already learns, and so does the last.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / (config.warmup_steps + 1)
    share = (step - config.warmup_steps) / max(1, total_steps - config.warmup_steps)
    if config.lr_scheduler_type == "linear":
        return config.learning_rate * (1.0 - share)
    if config.lr_scheduler_type == "cosine":
        return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))
    return config.learning_rate

"""Tokens that go through the model: what a budget counts, whoever sends them.

A hook on the model itself counts, so that no method can forget some: virtual tokens, a teacher's and a reference's
passes, inner steps and samples count as the batches that are learned from do; padding does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TokenMeter:
    """Counts from the time on when it is hooked to a model. Add to ``tokens`` what another engine computes."""

    def __init__(self) -> None:
        self.tokens = 0

    def hook_to(self, model: Any) -> TokenMeter:
        """Count every forward pass of ``model``; returns itself."""
        model.register_forward_pre_hook(self._count, with_kwargs=True)
        return self

    def _count(self, model: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        offered = (named.get("inputs_embeds"), named.get("input_ids"), *arguments)
        given = next(each for each in offered if each is not None)
        mask = named.get("attention_mask")
        if mask is None or mask.dim() != 2:  # of gates, (batch, 1, seq, seq): what padding there is counts
            self.tokens += given.shape[0] * given.shape[1]
        else:  # (batch, past and seq): what has gone through before was counted then
            self.tokens += int(mask[:, -given.shape[1] :].sum())

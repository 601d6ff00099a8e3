"""Preference: of two completions of one problem the one that passes should be the likelier one.

Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290, equation 7), with pairs that nobody labels: in a
group of samples each completion that holds under every assertion stands against one that does not. The reference is the
prompt before the first step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

from .batches import Example, hardly_padded
from .model import FrozenModel, SoftPrompt
from .objectives import Work
from .sampled import Drawn, Sampled, by_row, token_logprobs

Pair = tuple[Example, Example]
"""What passes, and what does not."""


class Preference(Sampled):
    """The loss of pairs (passing, failing)."""

    lacking = "no problem has both a completion that passes and one that fails"

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        groups = self.groups(prompt, frozen, examples, step)
        pairs = [pair for group in groups for pair in pairs_of(group)]
        parts = hardly_padded(pairs, max(1, self._config.batch_size // 2), lambda pair: max(map(len, pair)))
        return self.works_or_none([self._work(part, frozen) for part in parts], groups, examples, frozen)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        rows, reference = work.more
        further = by_row(token_logprobs(prompt, frozen, work.batch), rows) - reference
        loss: Tensor = -torch.nn.functional.logsigmoid(self._config.beta * (further[0::2] - further[1::2])).sum()
        return loss

    def _work(self, pairs: Sequence[Pair], frozen: FrozenModel) -> Work:
        rows = tuple(chain.from_iterable(pairs))
        batch = self.batch(rows, frozen)
        return Work(batch, len(pairs), (rows, by_row(self.reference(frozen, batch), rows)))


def pairs_of(group: Sequence[Drawn]) -> list[Pair]:
    """Each distinct completion that passes against one that fails, as many pairs as the fewer of both allow."""
    passing = dict.fromkeys(drawn.example for drawn in group if drawn.passed)
    failing = dict.fromkeys(drawn.example for drawn in group if not drawn.passed)
    return list(zip(passing, failing, strict=False))

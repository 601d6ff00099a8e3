"""Keep what passes: the prompt learns its own completions that hold under every assertion.

Rejection sampling, then likelihood (Dong et al. 2023, arXiv:2304.06767, "RAFT"; Singh et al. 2023, arXiv:2312.06585).
Samples are of the prompt as it is now, so that it goes on from what it has become able to do. Of equal completions of a
problem one is kept, lest what is easy be learned over and over.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .batches import Example, hardly_padded
from .model import FrozenModel, SoftPrompt
from .objectives import Likelihood, Work
from .sampled import Sampled


class KeepPassing(Sampled):
    """Likelihood of the samples that pass."""

    lacking = "no completion holds under every assertion"

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        groups = self.groups(prompt, frozen, examples, step)
        kept = list(dict.fromkeys(drawn.example for group in groups for drawn in group if drawn.passed))
        batches = [self.batch(part, frozen) for part in hardly_padded(kept, self._config.batch_size)]
        return self.works_or_none([Work(batch, batch.num_labels) for batch in batches], groups, examples, frozen)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        return Likelihood().loss(prompt, frozen, work)

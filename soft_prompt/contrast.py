"""Contrast: problems of one category should look more alike to the model than problems of several.

Supervised contrastive learning (Khosla et al. 2020, arXiv:2004.11362, equation 2) beside another objective. What stands
for a problem is the model's last hidden state at the end of its question, behind the virtual tokens, of length 1. Each
problem of a batch is drawn to those of its category and away from all the others; one that is alone in its category
draws nothing. The representation comes out of the same forward pass as the loss that it is added to.

Validation is of the other objective alone, so that losses can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from .batches import Batch, Example
from .model import FrozenModel, SoftPrompt
from .objectives import Objective, Work

TEMPERATURE = 0.1  # the paper's


class Contrast(Objective):
    """Another objective, plus ``weight`` times the contrastive loss of each batch."""

    def __init__(self, inner: Objective, weight: float) -> None:
        self._inner, self._weight = inner, weight

    @property
    def num_iterations(self) -> int:
        return self._inner.num_iterations

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        return self._inner.prepare(prompt, frozen, examples, step)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        with last_states(frozen) as states:
            loss = self._inner.loss(prompt, frozen, work)
        # The prompt's own pass is the first; a teacher's comes after it.
        contrast = supervised_contrastive(at_question_ends(states[0], work.batch), work.batch.categories)
        total: Tensor = loss + self._weight * work.weight * contrast  # as a loss is a sum over the work's weight
        return total

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        return self._inner.validate(prompt, frozen, batches)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def last_states(frozen: FrozenModel) -> Iterator[list[Tensor]]:
    """The last hidden states, (batch, seq, dim), of every forward pass meanwhile, whatever kind of prompt makes it."""
    states: list[Tensor] = []
    handle = frozen.model.base_model.register_forward_hook(
        lambda module, given, output: states.append(output.last_hidden_state)
    )
    try:
        yield states
    finally:
        handle.remove()


def at_question_ends(states: Tensor, batch: Batch) -> Tensor:
    """The state at the last token of each question, of length 1: (batch, dim), float32."""
    of_text = states[:, -batch.input_ids.shape[1] :]  # without virtual tokens, where those have states
    ends = batch.questions.sum(dim=1) - 1
    return torch.nn.functional.normalize(of_text[torch.arange(len(batch)), ends].float(), dim=-1)


def supervised_contrastive(vectors: Tensor, categories: Sequence[str]) -> Tensor:
    """The mean loss of those that have another of their category; 0 where none has. ``vectors``: (batch, dim)."""
    same = torch.tensor([[first == second for second in categories] for first in categories], device=vectors.device)
    itself = torch.eye(len(categories), dtype=torch.bool, device=vectors.device)
    positives = same & ~itself
    scores = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -torch.inf)
    logprobs = torch.log_softmax(scores, dim=-1).masked_fill(~positives, 0.0)
    counts = positives.sum(dim=1)
    if not int(counts.sum()):
        return vectors.sum() * 0.0
    has = counts > 0
    loss: Tensor = -(logprobs.sum(dim=1)[has] / counts[has]).mean()
    return loss

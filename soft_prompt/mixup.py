"""Mixup: examples in between. A batch's problems are laid over each other, and so are their answers.

Zhang et al. 2018 (arXiv:1710.09412, equation 1): inputs and labels of two examples are mixed with a share drawn from
Beta(alpha, alpha). Tokens cannot be mixed, their embeddings can (Guo et al. 2019, arXiv:1905.08941); of the labels the
losses are. The larger share is always the first one's (MixMatch, Berthelot et al. 2019, arXiv:1905.02249, equation 9),
so that its text gives the length: the other lies over it such that both answers begin together, and where it does not
reach the first stands alone. With a share of 1 nothing is changed.

Validation is on examples as they are.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .batches import IGNORE_INDEX, Batch, Example, collate
from .model import FrozenModel, SoftPrompt
from .objectives import Likelihood, Work, label_loss


@dataclass(frozen=True, slots=True)
class Mixed:
    """``labels``: those of the examples that lie over a batch's, (batch, seq); ``share`` is the batch's own."""

    labels: Tensor
    share: float


class Mixup(Likelihood):
    """Likelihood of mixed answers to mixed questions."""

    def __init__(self, alpha: float, seed: int) -> None:
        self._alpha, self._seed = alpha, seed

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        chance = random.Random(f"{self._seed} {step} {[example.task_id for example in examples]}")
        share = chance.betavariate(self._alpha, self._alpha)
        turn = chance.randrange(1, max(2, len(examples)))
        partners = [*examples[turn:], *examples[:turn]]  # nobody's own, unless it is alone
        return [mixed(frozen, examples, partners, max(share, 1.0 - share))]

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        share, others = work.more.share, work.more.labels[:, work.batch.kept]
        logits = prompt.logits(frozen, work.batch)
        loss: Tensor = share * label_loss(logits, work.batch.kept_labels) + (1.0 - share) * label_loss(logits, others)
        return loss

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        return Likelihood().validate(prompt, frozen, batches)


def mixed(frozen: FrozenModel, examples: Sequence[Example], partners: Sequence[Example], share: float) -> Work:
    """A batch of ``examples``, each with its partner laid over it."""
    batch = collate(examples, frozen.tokenizer.eos_token_id, frozen.device)
    over = laid_over(batch, examples, partners)
    own, other = frozen.embed(batch.input_ids), frozen.embed(over.clamp(min=0))
    embeds = torch.where((over >= 0).unsqueeze(-1), share * own + (1.0 - share) * other, own)
    labels = over.masked_fill((over < 0) | (batch.labels == IGNORE_INDEX), IGNORE_INDEX)
    weight = share * batch.num_labels + (1.0 - share) * int((labels != IGNORE_INDEX).sum())
    return Work(replace(batch, inputs_embeds=embeds), weight, Mixed(labels, share))


def laid_over(batch: Batch, examples: Sequence[Example], partners: Sequence[Example]) -> Tensor:
    """The partners' tokens where they lie over the batch's, answer over answer; -1 elsewhere: (batch, seq)."""
    over = torch.full_like(batch.input_ids, -1)
    for row, example, partner in zip(over, examples, partners, strict=True):
        tokens = [*partner.prompt, *partner.solution]
        skipped = len(partner.prompt) - len(example.prompt)  # of the partner's question, or missing of it
        visible = tokens[max(0, skipped) : skipped + len(example)]
        start = max(0, -skipped)
        row[start : start + len(visible)] = torch.tensor(visible, device=over.device)
    return over

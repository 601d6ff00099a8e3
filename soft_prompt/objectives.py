"""What a training minimises: the interface, and the plain objective."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .batches import IGNORE_INDEX, Batch, Example, collate
from .model import FrozenModel, SoftPrompt


@dataclass(frozen=True, slots=True)
class Work:
    """What one forward and backward is about: a batch, and what else its objective has to know.

    ``weight`` is by what the loss of the work counts in the step's mean: its number of tokens with a loss; ``task``
    tells tasks apart where there are several.
    """

    batch: Batch
    weight: float
    more: Any = None
    task: str = ""


Check = Callable[[Tensor, Work], None]
"""Called with every loss; raises for one that is not finite."""


class Objective(abc.ABC):
    """Something to minimise; depends on its arguments alone, so that a resumed run goes on as if never stopped."""

    @property
    def num_iterations(self) -> int:
        """How many optimizer steps are taken on what was prepared for one batch."""
        return 1

    @abc.abstractmethod
    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        """What is to be done for one batch of examples, in parts that fit into memory; without gradients."""

    @abc.abstractmethod
    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        """The loss, summed over the work's tokens, in float32."""

    def gradients(self, prompt: SoftPrompt, frozen: FrozenModel, works: Sequence[Work], check: Check) -> float:
        """Accumulate gradients of the mean loss over the works' weight; returns that loss."""
        weight = max(1.0, sum(work.weight for work in works))
        total = 0.0
        for work in (work for work in works if work.weight):
            loss = self.loss(prompt, frozen, work) / weight
            check(loss, work)
            loss.backward()
            total += loss.item()
        return total

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        """The mean loss over examples that are not learned from."""
        total = weight = 0.0
        with torch.no_grad():
            for number, examples in enumerate(batches):
                for work in self.prepare(prompt, frozen, examples, -1 - number):
                    total += float(self.loss(prompt, frozen, work))
                    weight += work.weight
        return total / weight

    def close(self) -> None:  # noqa: B027  # most objectives hold nothing
        """Free what it holds."""


class Likelihood(Objective):
    """The solution's tokens should be likely: cross entropy, the plain objective of prompt tuning."""

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        batch = collate(examples, frozen.tokenizer.eos_token_id, frozen.device)
        return [Work(batch, batch.num_labels)]

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        return label_loss(prompt.logits(frozen, work.batch), work.batch.kept_labels)


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy summed over the places that have a label; (batch, kept, vocabulary) and (batch, kept)."""
    solution = labels != IGNORE_INDEX
    # In float32: a sum of exponentials over 150,000 words has no room in bfloat16's 8 bits.
    loss: Tensor = torch.nn.functional.cross_entropy(logits[solution].float(), labels[solution], reduction="sum")
    return loss

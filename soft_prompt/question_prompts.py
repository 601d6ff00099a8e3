"""Prompts that depend on the question: virtual tokens computed from the embedding of what is asked.

What they compute stands in pytest_humaneval/engine/conditioned.py, where the engines find it too. attention.py,
prototypes.py and network.py say what each kind starts from.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pytest_humaneval.engine.conditioned import shape_of, virtual_tokens

from .batches import Batch, Example
from .model import FrozenModel, SoftPrompt, prompted_logits


class ConditionedPrompt(SoftPrompt):
    """Virtual tokens that are a function of the question's embedding and of the tensors of a checkpoint."""

    def __init__(
        self, peft_type: str, learned: Mapping[str, Tensor], fixed: Mapping[str, Tensor] | None = None
    ) -> None:
        """Tensors by the names of the function's; those of ``fixed`` get no gradient."""
        super().__init__()
        self.peft_type = peft_type
        self.learned = nn.ParameterDict(
            {name: nn.Parameter(tensor.clone().float()) for name, tensor in learned.items()}
        )
        self.fixed = nn.ParameterDict(
            {name: nn.Parameter(tensor.clone().float(), requires_grad=False) for name, tensor in (fixed or {}).items()}
        )
        self.num_virtual_tokens = shape_of(peft_type, self.tensors())[0]

    def virtual(self, questions: Tensor) -> Tensor:
        """The virtual tokens (batch, num_virtual_tokens, dim) for questions (batch, dim)."""
        return virtual_tokens(self.peft_type, self.tensors(), questions)

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        return prompted_logits(frozen, self.virtual(questions_of(frozen, batch)), batch)

    def in_front(self, frozen: FrozenModel, example: Example) -> Tensor | None:
        with torch.no_grad():
            return self.virtual(question_of(frozen, example).unsqueeze(0))[0]

    def tensors(self) -> dict[str, Tensor]:
        return {**self.learned, **self.fixed}

    def files(self) -> dict[str, dict[str, Tensor]]:
        return {"": self.tensors()}


def questions_of(frozen: FrozenModel, batch: Batch) -> Tensor:
    """The mean embedding of each question of a batch: (batch, dim), float32."""
    counted = batch.questions.unsqueeze(-1)
    return (frozen.inputs_of(batch).float() * counted).sum(dim=1) / counted.sum(dim=1)


def question_of(frozen: FrozenModel, example: Example) -> Tensor:
    """The mean embedding of one question: (dim,), float32."""
    return frozen.embed(torch.tensor(example.prompt, device=frozen.device)).float().mean(dim=0)

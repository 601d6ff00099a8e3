"""One soft prompt for each category of problem, trained together; the problem's category says which one it gets.

The category is read from the prompt alone (pytest_humaneval/dataset/category.py), the same way when it is evaluated.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pytest_humaneval.dataset.category import Category

from .batches import Batch, Example
from .model import FrozenModel, SoftPrompt, prompted_logits


class RoutedPrompt(SoftPrompt):
    """Virtual tokens by category, all equal at the start."""

    def __init__(self, initial: Tensor) -> None:
        """``initial``: (num_virtual_tokens, dim)."""
        super().__init__()
        self.num_virtual_tokens = initial.shape[0]
        self.routes = nn.ParameterDict(
            {category.value: nn.Parameter(initial.detach().clone().float()) for category in Category}
        )

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        return prompted_logits(frozen, torch.stack([self.routes[category] for category in batch.categories]), batch)

    def in_front(self, frozen: FrozenModel, example: Example) -> Tensor | None:
        tensor: Tensor = self.routes[example.category].detach()
        return tensor

    def tensors(self) -> dict[str, Tensor]:
        return dict(self.routes.items())

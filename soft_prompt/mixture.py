"""Virtual tokens as learned mixtures of vocabulary embeddings.

SuperPos-Prompt (Sadraei Javaheri et al. 2024, arXiv:2406.05279): every virtual token is a weighted sum of the same
``num_mixed_tokens`` embeddings, drawn from the vocabulary; the weights are learned, and the embeddings with them. A
mixture stays near what the model has seen, and few weights move many numbers at once. The weights start such that each
virtual token is one of the embeddings, as with ``prompt_tuning_init`` vocabulary.

What is evaluated is the product, plain virtual tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .model import EmbeddedPrompt


class MixturePrompt(EmbeddedPrompt):
    """Weights (num_virtual_tokens, num_mixed_tokens) times embeddings (num_mixed_tokens, dim)."""

    def __init__(self, initial: Tensor, mixed: Tensor) -> None:
        """``initial``: (num_virtual_tokens, dim), the first of what is mixed; ``mixed``: the others."""
        super().__init__()
        self.num_virtual_tokens = len(initial)
        self.basis = nn.Parameter(torch.cat([initial, mixed]).detach().clone().float())
        self.weights = nn.Parameter(torch.eye(len(initial), len(self.basis), device=initial.device))

    @property
    def embedding(self) -> Tensor:
        """The virtual tokens: (num_virtual_tokens, dim)."""
        return self.weights @ self.basis

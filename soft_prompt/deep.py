"""Deep prompts: learned keys and values in front of every layer (Li and Liang 2021, arXiv:2101.00190).

Without a projection, so that what is learned is what is used. vLLM has no place for them; the transformers engine has.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pytest_humaneval.engine.virtual_tokens import cache_of
from pytest_humaneval.models.soft_checkpoint import DEEP

from .batches import Batch
from .model import FrozenModel, SoftPrompt


class DeepPrompt(SoftPrompt):
    """Keys and values of num_virtual_tokens positions for each layer, in PEFT's prefix-tuning layout."""

    peft_type = DEEP

    def __init__(self, initial: Tensor) -> None:
        """``initial``: (num_virtual_tokens, layers * 2 * key-value heads * head size)."""
        super().__init__()
        self.num_virtual_tokens = initial.shape[0]
        self.embedding = nn.Parameter(initial.detach().clone().float())

    @classmethod
    def like_plain(cls, frozen: FrozenModel, initial: Tensor) -> DeepPrompt:
        """The deep prompt that does what plain virtual tokens (num_virtual_tokens, dim) do.

        Random keys and values would be far from any the model ever made; these are its own, and training starts from
        a loss that makes sense.
        """
        embeds = initial.to(frozen.embeddings.dtype).unsqueeze(0)
        with torch.no_grad():
            cache = frozen.model(inputs_embeds=embeds, use_cache=True).past_key_values
        return cls(flat(cache))

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        cache = cache_of(self.embedding.to(frozen.embeddings.dtype), frozen.model.config, len(batch))
        ones = batch.attention_mask.new_ones(len(batch), self.num_virtual_tokens)
        output = frozen.model(
            inputs_embeds=frozen.inputs_of(batch),
            attention_mask=torch.cat([ones, batch.attention_mask], dim=1),
            past_key_values=cache,
            use_cache=True,  # the cache is where the prefix is
            logits_to_keep=batch.kept - 1,
        )
        logits: Tensor = output.logits
        return logits

    def in_front_of_layers(self) -> Tensor | None:
        return self.embedding.detach()

    def tensors(self) -> dict[str, Tensor]:
        return {"": self.embedding}


def flat(cache: Any) -> Tensor:
    """A cache of one sequence as (positions, layers * 2 * heads * head size)."""
    # Each layer's keys and values: (1, heads, positions, head size).
    both = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    return torch.stack([tensor[0].transpose(0, 1).flatten(1) for tensor in both], dim=1).flatten(1)

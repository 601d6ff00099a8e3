"""Virtual tokens made for each question by a small network: a prompt conditioned on the instance.

IDPG (Wu et al. 2022, arXiv:2204.04497): two layers with a narrow one between them, from the embedding of the input to
all the virtual tokens. The bias of the second layer is the plain prompt, and its weights start at zero: before the
first step every question gets the plain prompt, and what the network adds grows from nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pytest_humaneval.models.soft_checkpoint import NETWORK

from .question_prompts import ConditionedPrompt


def network_prompt(initial: Tensor, bottleneck: int, seed: int) -> ConditionedPrompt:
    """``initial``: (num_virtual_tokens, dim); ``bottleneck``: numbers of the narrow layer."""
    count, dim = initial.shape
    generator = torch.Generator().manual_seed(seed)
    return ConditionedPrompt(
        NETWORK,
        {
            "prompt_embeddings": initial,
            "down": torch.randn(bottleneck, dim, generator=generator) / dim**0.5,
            "bias": torch.zeros(bottleneck),
            "up": torch.zeros(count, dim, bottleneck),
        },
    )

"""A plain prompt, plus a mixture of several prompts that the question attends to, behind a gate that starts shut.

ATTEMPT (Asai et al. 2022, arXiv:2205.11961): source prompts, learned elsewhere, stay as they are; a small attention
network, and a prompt of the task's own, are learned. Here the question is pooled by its mean, as everywhere in this
package, where the paper takes the maximum, and scores are scaled by the square root of the width. Without source
prompts there are ``num_prompts`` of vocabulary embeddings, and they are learned too.

The gate is LLaMA-Adapter's (Zhang et al. 2023, arXiv:2303.16199): at zero the prompt is the plain one, and its own
gradient opens it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pytest_humaneval.models.soft_checkpoint import ATTENTION

from .question_prompts import ConditionedPrompt


def attention_prompt(
    initial: Tensor, prompts: Tensor, bottleneck: int, seed: int, *, learned: bool
) -> ConditionedPrompt:
    """``initial``: (num_virtual_tokens, dim); ``prompts``: (prompts, num_virtual_tokens, dim), ``learned`` or not."""
    dim = initial.shape[1]
    generator = torch.Generator().manual_seed(seed)
    own = {
        "prompt_embeddings": initial,
        "down": torch.randn(bottleneck, dim, generator=generator) / dim**0.5,
        "up": torch.randn(dim, bottleneck, generator=generator) / bottleneck**0.5,
        "gate": torch.zeros(()),
    }
    several = {"prompts": prompts}
    return ConditionedPrompt(ATTENTION, own | (several if learned else {}), {} if learned else several)

"""Virtual tokens that depend on the question: what training and every engine compute from the question's embedding.

The embedding of a question is the mean of its tokens' embeddings in the model's own table, (dim,), in float32.

    attention    a plain prompt, plus tanh(gate) times a mixture of several prompts, weighted by attention from the
                 question (Asai et al. 2022, arXiv:2205.11961, "ATTEMPT"; the gate that starts at zero is of Zhang et
                 al. 2023, arXiv:2303.16199, "LLaMA-Adapter", section 3.2)
    prototypes   the prompt of the nearest prototype, a mean of embeddings (Snell et al. 2017, arXiv:1703.05175)
    network      a plain prompt plus what a small network makes of the question (Wu et al. 2022, arXiv:2204.04497,
                 "IDPG")

Embeddings are normalised before anything learned sees them: a mean over a hundred tokens is much smaller than one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from pytest_humaneval.models.soft_checkpoint import ATTENTION, NETWORK, PROTOTYPES

Tensors = Mapping[str, Tensor]

# By the tensor's name in the checkpoint's file: its axes. A letter is one size everywhere: b the bottleneck, d the
# model's, m the prompts that there are to choose from, n the virtual tokens.
AXES: dict[str, dict[str, str]] = {
    ATTENTION: {"prompt_embeddings": "nd", "prompts": "mnd", "down": "bd", "up": "db", "gate": ""},
    PROTOTYPES: {"prototypes": "md", "prompts": "mnd"},
    NETWORK: {"prompt_embeddings": "nd", "down": "bd", "bias": "b", "up": "ndb"},
}


def virtual_tokens(peft_type: str, tensors: Tensors, questions: Tensor) -> Tensor:
    """The virtual tokens (batch, num_virtual_tokens, dim) for questions (batch, dim)."""
    return FUNCTIONS[peft_type](tensors, questions)


def attended(tensors: Tensors, questions: Tensor) -> Tensor:
    """The plain prompt, and tanh(gate) times the mixture of prompts that the questions attend to."""
    mixed = torch.einsum("bm,mnd->bnd", attention(tensors, questions), tensors["prompts"])
    return tensors["prompt_embeddings"] + torch.tanh(tensors["gate"]) * mixed


def attention(tensors: Tensors, questions: Tensor) -> Tensor:
    """How much each question attends to each prompt: (batch, prompts), rows that sum to 1."""
    narrow = torch.nn.functional.silu(normalised(questions) @ tensors["down"].T)
    queries = normalised(narrow @ tensors["up"].T)
    keys = normalised(tensors["prompts"].mean(dim=1))
    return torch.softmax(queries @ keys.T / math.sqrt(keys.shape[1]), dim=-1)


def routed(tensors: Tensors, questions: Tensor) -> Tensor:
    """The prompt of the nearest prototype."""
    return tensors["prompts"][nearest(tensors["prototypes"], questions)]


def nearest(prototypes: Tensor, questions: Tensor) -> Tensor:
    """Which prototype (m, dim) has the least distance: (batch,)."""
    return torch.cdist(questions, prototypes).argmin(dim=1)


def generated(tensors: Tensors, questions: Tensor) -> Tensor:
    """The plain prompt, and what a network of one narrow layer adds to it."""
    narrow = torch.relu(normalised(questions) @ tensors["down"].T + tensors["bias"])
    return tensors["prompt_embeddings"] + torch.einsum("bh,ndh->bnd", narrow, tensors["up"])


FUNCTIONS: dict[str, Callable[[Tensors, Tensor], Tensor]] = {
    ATTENTION: attended,
    PROTOTYPES: routed,
    NETWORK: generated,
}
assert FUNCTIONS.keys() == AXES.keys()


def normalised(vectors: Tensor) -> Tensor:
    """With mean 0 and variance 1 along the last axis."""
    return torch.nn.functional.layer_norm(vectors, vectors.shape[-1:])


def shape_of(peft_type: str, tensors: Mapping[str, Any]) -> tuple[int, ...]:
    """How many virtual tokens each prompt has, and of how many numbers."""
    return next(tuple(tensors[name].shape[-2:]) for name, axes in AXES[peft_type].items() if axes.endswith("nd"))


def fault_in(peft_type: str, tensors: Mapping[str, Any], num_virtual_tokens: int) -> str:
    """What keeps these tensors from being such a prompt, of whatever model; empty where nothing does."""
    if missing := [name for name in AXES[peft_type] if name not in tensors]:
        return f"holds no tensor {missing[0]!r}"
    sizes = {"n": num_virtual_tokens}
    for name, axes in AXES[peft_type].items():
        shape = tuple(tensors[name].shape)
        if len(shape) != len(axes) or any(
            sizes.setdefault(axis, size) != size for axis, size in zip(axes, shape, strict=True)
        ):
            return f"{name} has the shape {shape}, which does not fit the other tensors and num_virtual_tokens"
        if 0 in shape:
            return f"{name} is empty"
    wrong = [name for name in AXES[peft_type] if not bool(torch.isfinite(tensors[name]).all())]
    return f"{wrong[0]} has numbers that are not finite" if wrong else ""

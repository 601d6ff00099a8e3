"""What a soft prompt is before its first step."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import Config
from .deep import DeepPrompt
from .lora import made_lora
from .mixture import MixturePrompt
from .model import FrozenModel, PlainPrompt, SoftPrompt
from .routed import RoutedPrompt


def initial_embedding(frozen: FrozenModel, config: Config) -> Tensor:
    """What the virtual tokens are before the first step: (num_virtual_tokens, dim), float32.

    All three ways give vectors of the table's own scale; vectors far outside of it are where the NaN comes from.
    """
    table, count = frozen.embeddings.detach(), config.num_virtual_tokens
    generator = torch.Generator().manual_seed(config.seed)
    if config.prompt_tuning_init == "random":
        noise = torch.randn(count, table.shape[1], generator=generator)
        return (noise * table.float().std().cpu()).to(table.device)
    if config.prompt_tuning_init == "vocabulary":
        return _drawn_embeddings(frozen, count, generator)
    tokens = frozen.tokenizer.encode(config.prompt_tuning_init_text, add_special_tokens=False)
    return table[[tokens[index % len(tokens)] for index in range(count)]].float()


def _drawn_embeddings(frozen: FrozenModel, count: int, generator: torch.Generator) -> Tensor:
    """Embeddings of tokens that are text: (count, dim), float32."""
    ordinary = sorted(set(range(len(frozen.tokenizer))) - set(frozen.tokenizer.all_special_ids))
    places = torch.randint(0, len(ordinary), (count,), generator=generator).tolist()
    return frozen.embeddings.detach()[[ordinary[place] for place in places]].float()


def make_prompt(frozen: FrozenModel, config: Config) -> SoftPrompt:
    """The prompt that a configuration asks for, before the first step."""
    if config.kind == "lora":
        return made_lora(frozen, config)
    initial = initial_embedding(frozen, config)
    if config.kind == "deep":
        return DeepPrompt.like_plain(frozen, initial)
    if config.kind == "routed":
        return RoutedPrompt(initial)
    if config.kind == "mixture":
        others = max(0, config.num_mixed_tokens - config.num_virtual_tokens)
        generator = torch.Generator().manual_seed(config.seed + 1)
        return MixturePrompt(initial, _drawn_embeddings(frozen, others, generator))
    return PlainPrompt(initial)

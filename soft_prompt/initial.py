"""What a soft prompt is before its first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pytest_humaneval.exceptions import ConfigError, HumanEvalError

from .attention import attention_prompt
from .checkpoint import load_prompt
from .config import CHECKPOINT, INITIALISATIONS, Config
from .deep import DeepPrompt
from .gated import GatedPrompt
from .lora import made_lora
from .mixture import MixturePrompt
from .model import FrozenModel, PlainPrompt, SoftPrompt
from .network import network_prompt
from .prototypes import PrototypePrompt
from .routed import RoutedPrompt


def initial_embedding(frozen: FrozenModel, config: Config) -> Tensor:
    """What the virtual tokens are before the first step: (num_virtual_tokens, dim), float32.

    What is made anew has the table's own scale; vectors far outside of it are where the NaN comes from.

    Raises:
        ConfigError: a checkpoint that is not so many virtual tokens of this model.
    """
    if config.prompt_tuning_init == CHECKPOINT:
        return _virtual_tokens("prompt_tuning_init_checkpoint", config.prompt_tuning_init_checkpoint, frozen, config)
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
    """The prompt that a configuration asks for, before the first step.

    Raises:
        ConfigError: a source prompt that cannot be one, or a LoRA that cannot be made.
    """
    return MAKERS[config.kind](frozen, config, initial_embedding(frozen, config))


def _mixture(frozen: FrozenModel, config: Config, initial: Tensor) -> SoftPrompt:
    others = max(0, config.num_mixed_tokens - config.num_virtual_tokens)
    generator = torch.Generator().manual_seed(config.seed + 1)
    return MixturePrompt(initial, _drawn_embeddings(frozen, others, generator))


def _attention(frozen: FrozenModel, config: Config, initial: Tensor) -> SoftPrompt:
    if config.source_prompts:
        sources = [_virtual_tokens("source_prompts", folder, frozen, config) for folder in config.source_prompts]
        prompts = torch.stack(sources)
    else:
        generator = torch.Generator().manual_seed(config.seed + 1)
        drawn = _drawn_embeddings(frozen, config.num_prompts * len(initial), generator)
        prompts = drawn.view(config.num_prompts, *initial.shape)
    return attention_prompt(initial, prompts, config.bottleneck, config.seed, learned=not config.source_prompts)


def _gated(frozen: FrozenModel, config: Config, initial: Tensor) -> SoftPrompt:
    each = [
        initial_embedding(frozen, replace(config, prompt_tuning_init=name)).to(frozen.device)
        for name in INITIALISATIONS
    ]
    return GatedPrompt(each, INITIALISATIONS)


def _virtual_tokens(key: str, folder: str, frozen: FrozenModel, config: Config) -> Tensor:
    """Those of a checkpoint, which ``key`` names, that is one plain prompt: (num_virtual_tokens, dim)."""
    try:
        prompt = load_prompt(Path(folder), frozen)
    except HumanEvalError as error:
        raise ConfigError(f"{key}: {error}") from error
    if not isinstance(prompt, PlainPrompt):
        raise ConfigError(
            f"{key}: {folder} is not a plain prompt; only those are virtual tokens that others can be made of"
        )
    if prompt.num_virtual_tokens != config.num_virtual_tokens:
        raise ConfigError(
            f"{key}: {folder} has {prompt.num_virtual_tokens} virtual tokens, num_virtual_tokens is "
            f"{config.num_virtual_tokens}; they have to be the same number"
        )
    return prompt.embedding.detach()


Maker = Callable[[FrozenModel, Config, Tensor], SoftPrompt]

MAKERS: dict[str, Maker] = {
    "plain": lambda frozen, config, initial: PlainPrompt(initial),
    "deep": lambda frozen, config, initial: DeepPrompt.like_plain(frozen, initial),
    "routed": lambda frozen, config, initial: RoutedPrompt(initial),
    "mixture": _mixture,
    "attention": _attention,
    "gated": _gated,
    "prototypes": lambda frozen, config, initial: PrototypePrompt(initial),
    "network": lambda frozen, config, initial: network_prompt(initial, config.bottleneck, config.seed),
    "lora": lambda frozen, config, initial: made_lora(frozen, config),
}

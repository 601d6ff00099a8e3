"""Virtual tokens from a checkpoint, where the model is: numbers cross no socket, only a path and a digest do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import EngineError, StrategyError
from pytest_humaneval.models.peft_folder import PICKLED_WEIGHTS
from pytest_humaneval.models.soft_checkpoint import CONDITIONED, DEEP, MULTITASK, SoftCheckpoint, read_checkpoint
from pytest_humaneval.prompt import VirtualTokens
from pytest_humaneval.text.printable import counted

TENSOR = "prompt_embeddings"  # its name in PEFT's file
TASK_COLUMNS, TASK_ROWS = "prefix_task_cols", "prefix_task_rows"  # of multitask prompt tuning


Embed = Callable[[Sequence[int]], Any]
"""Embeddings of tokens by the model's own layer: (tokens, dim)."""


class Shelf:
    """The tensors of the checkpoints that a run uses, each read and checked once."""

    def __init__(self, model_config: Any, model: str, embed: Embed) -> None:
        """``model_config``: transformers' configuration of the model, whose name is for messages."""
        self._config = model_config.get_text_config()
        self._model, self._embed = model, embed
        self._tensors: dict[str, tuple[SoftCheckpoint, Any]] = {}

    def get(self, wanted: VirtualTokens, tokens: Sequence[int]) -> tuple[SoftCheckpoint, Any]:
        """The checkpoint and what it has in front of these tokens of a question, float32.

        That is (num_virtual_tokens, dim), or deep, (num_virtual_tokens, all layers).

        Raises:
            EngineError: it changed since the run began, or does not fit the model.
        """
        if wanted.digest not in self._tensors:
            self._tensors[wanted.digest] = self._read(wanted)
        checkpoint, tensors = self._tensors[wanted.digest]
        if checkpoint.peft_type in CONDITIONED:
            return checkpoint, self._conditioned(checkpoint.peft_type, tensors, tokens)
        return checkpoint, tensors

    def by_digest(self, digest: str) -> Any:
        """The tensor of a deep prompt that was taken before."""
        return self._tensors[digest][1]

    def _conditioned(self, peft_type: str, tensors: Mapping[str, Any], tokens: Sequence[int]) -> Any:
        import torch

        from pytest_humaneval.engine.conditioned import virtual_tokens

        if not tokens:
            raise EngineError("the prompt is empty: there is no question that virtual tokens could depend on")
        with torch.no_grad():
            question = self._embed(tokens).float().mean(dim=0, keepdim=True).cpu()
            return virtual_tokens(peft_type, tensors, question)[0]

    def _read(self, wanted: VirtualTokens) -> tuple[SoftCheckpoint, Any]:
        try:
            checkpoint = read_checkpoint(Path(wanted.directory))
        except StrategyError as error:
            raise EngineError(str(error)) from error
        if checkpoint.digest != wanted.digest:
            raise EngineError(f"{checkpoint.directory} has changed since this run began; start the run again")
        if checkpoint.peft_type in CONDITIONED:
            return checkpoint, read_conditioned(checkpoint, self._config, self._model)
        tensor = read_tensor(checkpoint)
        if problem := misfit(checkpoint, tuple(tensor.shape), self._config, self._model):
            raise EngineError(problem)
        return checkpoint, tensor


def embedded_prompt(virtual: Any, tokens: list[int]) -> dict[str, Any]:
    """Virtual tokens in front of ``tokens`` as vLLM takes them: rows of numbers there, ids here.

    ``virtual``: (num_virtual_tokens, dim) in float32.
    """
    import torch

    count = len(virtual)
    return {
        # vLLM looks the other rows up in the model's own table.
        "prompt_embeds": torch.cat([virtual, virtual.new_zeros(len(tokens), virtual.shape[1])]),
        "prompt_token_ids": [0] * count + tokens,
        "prompt_is_token_ids": [False] * count + [True] * len(tokens),
    }


def read_tensor(checkpoint: SoftCheckpoint) -> Any:
    """The virtual tokens of a checkpoint, float32.

    Raises:
        EngineError: the file is damaged, or holds something else.
    """
    import torch

    try:
        tensors = _tensors_in(checkpoint.weights)
        tensor = tensors[TENSOR].float()
        if checkpoint.peft_type == MULTITASK:  # a table that all tasks share, times one of the only task's own
            tensor = tensor * (tensors[TASK_COLUMNS][0].float() @ tensors[TASK_ROWS][0].float())
    except Exception as error:  # whatever a file of somebody else's makes of the libraries
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(f"{checkpoint.weights}: holds no tensor {TENSOR!r} that can be read ({reason})") from error
    if tensor.ndim != 2 or not bool(torch.isfinite(tensor).all()):
        raise EngineError(f"{checkpoint.weights}: {TENSOR} is not a table of finite numbers")
    return tensor


def read_conditioned(checkpoint: SoftCheckpoint, config: Any, model: str) -> dict[str, Any]:
    """The tensors of a prompt that depends on the question, float32, by name.

    Raises:
        EngineError: the file is damaged, or does not fit the model.
    """
    from pytest_humaneval.engine.conditioned import AXES, fault_in, shape_of

    try:
        tensors = {name: tensor.float() for name, tensor in _tensors_in(checkpoint.weights).items()}
    except Exception as error:  # whatever a file of somebody else's makes of the libraries
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(f"{checkpoint.weights}: cannot be read ({reason})") from error
    if fault := fault_in(checkpoint.peft_type, tensors, checkpoint.num_virtual_tokens):
        raise EngineError(f"{checkpoint.weights}: {fault}")
    if problem := misfit(checkpoint, shape_of(checkpoint.peft_type, tensors), config, model):
        raise EngineError(problem)
    return {name: tensors[name] for name in AXES[checkpoint.peft_type]}


def _tensors_in(weights: Path) -> dict[str, Any]:
    """By name. A pickle is read by PyTorch's own reader, which makes tensors of it and runs nothing."""
    import torch
    from safetensors.torch import load_file

    if weights.name != PICKLED_WEIGHTS:
        return dict(load_file(weights))
    return dict(torch.load(weights, map_location="cpu", weights_only=True))


def width_of(peft_type: str, config: Any) -> int:
    """Numbers of one virtual token of this kind, for a model of this configuration."""
    if peft_type != DEEP:
        return int(config.hidden_size)
    return int(config.num_hidden_layers) * 2 * kv_heads(config) * head_size(config)


def misfit(checkpoint: SoftCheckpoint, shape: tuple[int, ...], config: Any, model: str) -> str:
    """Why a checkpoint is not of the model's size, naming both; empty when it is."""
    expected = (checkpoint.num_virtual_tokens, width_of(checkpoint.peft_type, config))
    if shape == expected:
        return ""
    return (
        f"the soft prompt {checkpoint.directory} was made for {checkpoint.made_for.model or 'another model'}: its "
        f"{counted(shape[0], 'virtual token has', 'virtual tokens have')} "
        f"{shape[1]} numbers each, {model} takes {expected[0]} of {expected[1]}"
    )


def cache_of(prefix: Any, config: Any, batch_size: int) -> Any:
    """A deep prompt (num_virtual_tokens, all layers) as the cache that it is, for each of ``batch_size`` sequences."""
    from transformers import DynamicCache

    cache = DynamicCache(config=config)
    for layer, both in enumerate(keys_and_values(prefix, config).transpose(2, 3)):
        keys, values = both.unsqueeze(1).expand(-1, batch_size, -1, -1, -1)
        cache.update(keys, values, layer)
    return cache


def keys_and_values(prefix: Any, config: Any) -> Any:
    """Of a deep prompt (num_virtual_tokens, all layers): (layers, 2, num_virtual_tokens, heads, head size).

    PEFT's layout: a position's numbers are keys, then values, of the first layer, and so on, head by head.
    """
    text = config.get_text_config()
    by_position = prefix.view(len(prefix), -1, 2, kv_heads(text), head_size(text))
    return by_position.permute(1, 2, 0, 3, 4)


def kv_heads(config: Any) -> int:
    """Heads that have keys and values of their own."""
    return int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)


def head_size(config: Any) -> int:
    """Numbers of one head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)

"""What the folder of a LoRA says about it, read without any deep-learning library.

It is in PEFT's format (peft_folder.py), as PEFT, vLLM and our own trainings write it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.models.peft_folder import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    BEST,
    MadeFor,
    digest_of,
    made_for,
    not_one,
    read_json,
    weights_of,
)

LORA = "LORA"  # PEFT's word
MOST_RANKS = 1 << 16
_FACTOR = re.compile(r"\.layers\.(?P<layer>\d+)\..*\.(?P<module>\w+)\.lora_(?P<factor>[AB])\.weight$")
_READ_HIDDEN = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")  # modules that take the hidden state
_WRITE_HIDDEN = ("o_proj", "down_proj")  # modules that give it


@dataclass(frozen=True, slots=True)
class LoraCheckpoint:
    """One LoRA. ``rank`` is its largest; ``digest`` covers its configuration and every byte of its tensor file."""

    directory: Path
    rank: int
    digest: str
    made_for: MadeFor


def is_lora(directory: Path) -> bool:
    """Whether a folder, or the best checkpoint in it, is a LoRA rather than a soft prompt."""
    folder = _folder_of(directory)
    return folder is not None and read_json(folder / ADAPTER_CONFIG).get("peft_type") == LORA


def find_lora(directory: Path) -> LoraCheckpoint:
    """The LoRA in a folder, or in its ``best``.

    Raises:
        StrategyError: there is none, or one that cannot be read.
    """
    folder = _folder_of(directory)
    if folder is None:
        raise not_one(directory, "LoRA", "PEFT makes one, and so does python -m soft_prompt train with kind = 'lora'")
    return read_lora(folder)


def read_lora(directory: Path) -> LoraCheckpoint:
    """The LoRA in a folder.

    Raises:
        StrategyError: it cannot be read, or is another of PEFT's methods.
    """
    adapter = read_json(directory / ADAPTER_CONFIG)
    pattern = adapter.get("rank_pattern") or {}
    ranks = [adapter.get("r"), *(pattern.values() if isinstance(pattern, Mapping) else [None])]
    if adapter.get("peft_type") != LORA or not all(type(rank) is int and 0 < rank < MOST_RANKS for rank in ranks):
        raise StrategyError(
            f"{directory / ADAPTER_CONFIG}: peft_type {adapter.get('peft_type')!r} of rank {adapter.get('r')!r} is not "
            f"a LoRA; expected {LORA} with a rank from 1 (a soft prompt is --strategy=soft:DIR)"
        )
    content = json.dumps(adapter, sort_keys=True)  # rank, scale and modules are in it, and change what it does
    return LoraCheckpoint(
        directory,
        max(rank for rank in ranks if rank is not None),
        hashlib.sha256(f"{content}\n{digest_of(LORA, directory)}".encode()).hexdigest(),
        made_for(directory, adapter),
    )


def lora_misfit(checkpoint: LoraCheckpoint, shapes: Mapping[str, tuple[int, ...]], config: Any, model: str) -> str:
    """Why a LoRA is not of the model's size, naming both; empty when it is, as far as its tensors tell.

    ``shapes`` are those of its tensors by name, ``config`` is transformers' configuration of the model.
    """
    text = config.get_text_config()
    hidden, layers = int(text.hidden_size), int(text.num_hidden_layers)
    origin = f"the LoRA {checkpoint.directory} was made for {checkpoint.made_for.model or 'another model'}"
    for name, shape in shapes.items():
        if (match := _FACTOR.search(name)) is None:
            continue
        if int(match["layer"]) >= layers:
            return f"{origin}: it has a layer {match['layer']}, {model} has {layers} layers"
        width = None
        if match["factor"] == "A" and match["module"] in _READ_HIDDEN:
            width = shape[-1]
        elif match["factor"] == "B" and match["module"] in _WRITE_HIDDEN:
            width = shape[0]
        if width not in (None, hidden):
            return f"{origin}: its hidden states have {width} numbers, {model} has {hidden}"
    return ""


def shapes_of(checkpoint: LoraCheckpoint) -> dict[str, tuple[int, ...]]:
    """The shapes of its tensors, from the file's header.

    Raises:
        StrategyError: the file is damaged, or is none of safetensors.
    """
    weights = weights_of(checkpoint.directory)
    try:
        if weights.name != ADAPTER_WEIGHTS:
            raise ValueError("save it as safetensors, which PEFT's save_pretrained does")
        with weights.open("rb") as file:
            header = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), 1 << 26)))
        return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StrategyError(f"{weights}: holds no tensors of a LoRA that can be read ({error})") from error


def _folder_of(directory: Path) -> Path | None:
    return next((folder for folder in (directory, directory / BEST) if (folder / ADAPTER_CONFIG).exists()), None)

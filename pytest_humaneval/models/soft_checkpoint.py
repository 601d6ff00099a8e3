"""What a soft prompt's folder says about it, read without any deep-learning library.

A checkpoint is in PEFT's format: ``adapter_config.json`` and ``adapter_model.safetensors``, or ``adapter_model.bin``,
which older ones have. Of P-tuning PEFT keeps what its encoder made, which are virtual tokens like others; multitask
prompt tuning is virtual tokens too where it has one task. Ours have beside them a
``soft_prompt.json`` with what PEFT has no place for: which model by its digest, which text strategy it stands in front
of, how it was trained. A folder of a training holds ``best`` and ``last``; one of routed prompts has ``routes.json``,
from a problem's category to a folder in it. A prompt that depends on the question is of a type that PEFT does not have.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.text.wording import cannot_be_read

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
PICKLED_WEIGHTS = "adapter_model.bin"
MANIFEST = "soft_prompt.json"
ROUTES = "routes.json"
BEST = "best"

# PEFT's words
PLAIN, DEEP, ENCODED, MULTITASK = "PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING"
# Ours, which PEFT does not have: virtual tokens that depend on the question (engine/conditioned.py)
ATTENTION, PROTOTYPES, NETWORK = "PROMPT_ATTENTION", "PROMPT_PROTOTYPES", "PROMPT_NETWORK"
CONDITIONED = (ATTENTION, PROTOTYPES, NETWORK)
MOST_VIRTUAL_TOKENS = 1 << 20
DEFAULT_STRATEGY = "minimal"  # of a checkpoint that PEFT wrote and that does not say


@dataclass(frozen=True, slots=True)
class SoftCheckpoint:
    """One checkpoint. ``digest`` covers its kind and every byte of its tensor file."""

    directory: Path
    peft_type: str
    num_virtual_tokens: int
    digest: str
    model: str = ""  # as it was called when it was trained, and its digest; empty where the checkpoint does not say
    model_spec: str = ""
    model_digest: str = ""
    strategy: str = DEFAULT_STRATEGY

    @property
    def weights(self) -> Path:
        """The tensor file."""
        return weights_of(self.directory)


def find_checkpoints(directory: Path) -> Mapping[str, SoftCheckpoint]:
    """The checkpoints in a folder by the category of problems they are for; the empty text is for all.

    Raises:
        StrategyError: there is none, or one that cannot be read.
    """
    for folder in (directory, directory / BEST):
        if (folder / ADAPTER_CONFIG).exists():
            return {"": read_checkpoint(folder)}
        if (folder / ROUTES).is_file():
            routes = read_json(folder / ROUTES)
            return {category: read_checkpoint(folder / str(name)) for category, name in routes.items()}
    what = f"it has no {ADAPTER_CONFIG}" if directory.is_dir() else "the folder does not exist"
    raise StrategyError(f"{directory} is not a soft prompt: {what}; python -m soft_prompt train makes one")


def read_checkpoint(directory: Path) -> SoftCheckpoint:
    """The checkpoint in a folder.

    Raises:
        StrategyError: it cannot be read, or is another of PEFT's methods.
    """
    adapter = read_json(directory / ADAPTER_CONFIG)
    peft_type, count = adapter.get("peft_type"), adapter.get("num_virtual_tokens")
    known = (PLAIN, DEEP, ENCODED, MULTITASK)
    if peft_type not in (*known, *CONDITIONED) or type(count) is not int or not 0 < count < MOST_VIRTUAL_TOKENS:
        raise StrategyError(
            f"{directory / ADAPTER_CONFIG}: peft_type {peft_type!r} with {count!r} virtual tokens is not a soft "
            f"prompt; expected {', '.join(known[:-1])} or {known[-1]} (a LoRA is --strategy=lora:DIR)"
        )
    if peft_type == MULTITASK and (tasks := adapter.get("num_tasks", 1)) != 1:
        raise StrategyError(
            f"{directory / ADAPTER_CONFIG}: has virtual tokens for {tasks!r} tasks, and nothing says which of them "
            "HumanEval is; save it for one (num_tasks 1, prompt_tuning_init EXACT_SOURCE_TASK or AVERAGE_SOURCE_TASKS)"
        )
    manifest = read_json(directory / MANIFEST) if (directory / MANIFEST).is_file() else {}
    return SoftCheckpoint(
        directory,
        peft_type,
        count,
        digest_of(peft_type, directory),
        model=str(manifest.get("model") or adapter.get("base_model_name_or_path") or ""),
        model_spec=str(manifest.get("model_spec", "")),
        model_digest=str(manifest.get("model_digest", "")),
        strategy=str(manifest.get("strategy", DEFAULT_STRATEGY)),
    )


def weights_of(directory: Path) -> Path:
    """The tensor file of a checkpoint's folder; where there is none, the one that should be there."""
    pickled = directory / PICKLED_WEIGHTS
    return directory / ADAPTER_WEIGHTS if (directory / ADAPTER_WEIGHTS).exists() or not pickled.exists() else pickled


def digest_of(peft_type: str, directory: Path) -> str:
    """SHA-256 over what the virtual tokens are and mean.

    Raises:
        StrategyError: the tensor file cannot be read.
    """
    weights = weights_of(directory)
    try:
        content = jsonl.regular(weights).read_bytes()
    except OSError as error:
        raise StrategyError(cannot_be_read(weights, error)) from error
    return hashlib.sha256(peft_type.encode() + b"\n" + content).hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        StrategyError: there is none.
    """
    try:
        content = json.loads(jsonl.regular(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise StrategyError(cannot_be_read(path, error)) from error
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise StrategyError(f"{path}: expected a JSON object")
    return content

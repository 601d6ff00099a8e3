"""What a soft prompt's folder says about it, read without any deep-learning library.

It is in PEFT's format (peft_folder.py). Of P-tuning PEFT keeps what its encoder made, which are virtual tokens like
others; multitask prompt tuning is virtual tokens too where it has one task. Ours say beside it which model they
are for by its digest, which text strategy they stand in front of, and how they were trained. A folder of a training
holds ``best`` and ``last``; one of routed prompts has ``routes.json``, from a problem's category to a folder in it. A
prompt that depends on the question is of a type that PEFT does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.models.peft_folder import (
    ADAPTER_CONFIG,
    BEST,
    MadeFor,
    digest_of,
    made_for,
    not_one,
    read_json,
    weights_of,
)

ROUTES = "routes.json"

# PEFT's words
PLAIN, DEEP, ENCODED, MULTITASK = "PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING"
# Ours, which PEFT does not have: virtual tokens that depend on the question (engine/conditioned.py)
ATTENTION, PROTOTYPES, NETWORK = "PROMPT_ATTENTION", "PROMPT_PROTOTYPES", "PROMPT_NETWORK"
CONDITIONED = (ATTENTION, PROTOTYPES, NETWORK)
MOST_VIRTUAL_TOKENS = 1 << 20


@dataclass(frozen=True, slots=True)
class SoftCheckpoint:
    """One checkpoint. ``digest`` covers its kind and every byte of its tensor file."""

    directory: Path
    peft_type: str
    num_virtual_tokens: int
    digest: str
    made_for: MadeFor

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
    raise not_one(directory, "soft prompt", "python -m soft_prompt train makes one")


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
    digest = digest_of(peft_type, directory)
    return SoftCheckpoint(directory, peft_type, count, digest, made_for(directory, adapter))

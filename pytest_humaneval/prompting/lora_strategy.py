"""``--strategy=lora:DIR``: a LoRA under the text strategy that it was trained with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_humaneval.models.lora_checkpoint import LoraCheckpoint, find_lora
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Adapter, Prompt
from pytest_humaneval.prompting.soft_strategy import known_base, named_folder
from pytest_humaneval.strategy import Strategy

LORA_PREFIX = "lora:"


@dataclass(frozen=True, slots=True, eq=False)
class LoraStrategy(Strategy):
    """A strategy whose prompts are answered by the model as a LoRA changes it."""

    checkpoints: tuple[LoraCheckpoint, ...] = ()


def lora_strategy(directory: Path, known: Mapping[str, Strategy]) -> LoraStrategy:
    """The strategy of a LoRA's folder, called ``lora:`` and the folder's name, which is its name on a server too.

    Raises:
        StrategyError: the folder is no LoRA, or names a text strategy that is not ``known``.
    """
    directory = named_folder(directory)
    checkpoint = find_lora(directory)
    base = known_base(directory, checkpoint.made_for.strategy, known)
    adapter = Adapter(str(checkpoint.directory), checkpoint.digest, directory.name)

    def build_prompt(problem: Problem) -> Prompt:
        return replace(base.build_prompt(problem), adapter=adapter)

    description = f"a LoRA of rank {checkpoint.rank} under {base.name}"
    name = f"{LORA_PREFIX}{directory.name}"
    return LoraStrategy(name, description, build_prompt, base.mode, base.postprocess, checkpoints=(checkpoint,))


def ranks_of(strategies: Iterable[Strategy]) -> tuple[int, ...]:
    """The rank of each LoRA of a run: vLLM has to know before it loads."""
    loras = [strategy for strategy in strategies if isinstance(strategy, LoraStrategy)]
    return tuple(checkpoint.rank for lora in loras for checkpoint in lora.checkpoints)

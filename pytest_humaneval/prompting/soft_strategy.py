"""``--strategy=soft:DIR``: a soft prompt in front of the text strategy that it was trained with."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_humaneval.dataset.category import category
from pytest_humaneval.exceptions import ModelError, StrategyError
from pytest_humaneval.models.soft_checkpoint import DEEP, SoftCheckpoint, find_checkpoints
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt, VirtualTokens
from pytest_humaneval.strategy import Strategy

PREFIX = "soft:"


@dataclass(frozen=True, slots=True, eq=False)
class SoftStrategy(Strategy):
    """A strategy whose prompts begin with virtual tokens."""

    checkpoints: tuple[SoftCheckpoint, ...] = ()


def soft_strategy(directory: Path, known: Mapping[str, Strategy]) -> SoftStrategy:
    """The strategy of a checkpoint's folder, called ``soft:`` and the folder's name.

    Raises:
        StrategyError: the folder is no soft prompt, or names a text strategy that is not ``known``.
    """
    directory = named_folder(directory)
    checkpoints = find_checkpoints(directory)
    first = next(iter(checkpoints.values()))
    base = known_base(directory, first.made_for.strategy, known)

    def build_prompt(problem: Problem) -> Prompt:
        checkpoint = checkpoints.get("") or checkpoints[category(problem).value]
        return replace(
            base.build_prompt(problem), virtual_tokens=VirtualTokens(str(checkpoint.directory), checkpoint.digest)
        )

    description = f"{first.num_virtual_tokens} virtual tokens in front of {base.name}"
    name = f"{PREFIX}{directory.name}"
    return SoftStrategy(
        name, description, build_prompt, base.mode, base.postprocess, checkpoints=tuple(checkpoints.values())
    )


def have_deep_prompts(strategies: Iterable[Strategy]) -> bool:
    """Whether some of their virtual tokens are keys and values for every layer."""
    checkpoints = (each for one in strategies if isinstance(one, SoftStrategy) for each in one.checkpoints)
    return any(checkpoint.peft_type == DEEP for checkpoint in checkpoints)


def named_folder(directory: Path) -> Path:
    """The folder with its whole path, whose name a strategy can have.

    Raises:
        StrategyError: it has another.
    """
    directory = Path(os.path.abspath(directory))
    if not re.fullmatch(r"[\w.-]+", directory.name):
        raise StrategyError(
            f"--strategy: {directory} cannot be the name of a strategy; give the folder a name of letters, "
            "digits, '.', '_', '-'"
        )
    return directory


def known_base(directory: Path, name: str, known: Mapping[str, Strategy]) -> Strategy:
    """The text strategy that a checkpoint was trained with.

    Raises:
        StrategyError: it is not ``known``.
    """
    if (base := known.get(name)) is None:
        raise StrategyError(f"--strategy: {directory} was trained with the strategy {name!r}, which is unknown")
    return base


def check_model(strategies: Iterable[Strategy], model: str, digest: str) -> None:
    """Refuse soft prompts and LoRAs that were trained on another model than the one that is going to run.

    Raises:
        ModelError: there is one; names both.
    """
    for strategy in strategies:
        for checkpoint in getattr(strategy, "checkpoints", ()):
            if mismatch := checkpoint.made_for.mismatch(model, digest):  # the size is looked at by the engine
                raise ModelError(
                    f"--strategy: {strategy.name} {mismatch}; give it --humaneval-model={checkpoint.made_for.spec}, "
                    "or train another"
                )

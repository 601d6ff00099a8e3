"""A tiny random model and short examples: what a training is tested on."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from tiny_model import make_tiny_model

from soft_prompt.batches import Example
from soft_prompt.checkpoint import TrainerState
from soft_prompt.config import Config
from soft_prompt.model import FrozenModel, load_frozen
from soft_prompt.objectives import Likelihood, Objective
from soft_prompt.train import Examples, train

SHORT = Config(
    precision="float32", num_virtual_tokens=4, learning_rate=0.03, warmup_steps=1, batch_size=2,
    gradient_accumulation_steps=2, max_steps=6, eval_steps=2, save_steps=2, early_stopping_patience=0,
    sampler="decoding",
)  # fmt: skip
END = 258  # the tiny model's end of a turn


def silent(message: str) -> None:
    """Progress that nobody watches."""


@cache
def tiny_directory(seed: int = 0) -> Path:
    return make_tiny_model(Path(mkdtemp(prefix="tiny-")) / f"tiny-{seed}", seed=seed)


@pytest.fixture(scope="session")
def frozen() -> FrozenModel:
    return load_tiny()


def load_tiny(seed: int = 0) -> FrozenModel:
    directory = tiny_directory(seed)
    return load_frozen(str(directory), directory.parent / "cache", "float32", silent)


def example(number: int, more: str = "") -> Example:
    """A problem of some bytes, and ``more`` of them, whose answer is always of the same few."""
    prompt = f"def f{number}(x{more}):\n".encode()
    return Example(f"T/{number}", "math" if number % 2 else "string", tuple(prompt), (*b"  x\n"[: 2 + number % 3], END))


EXAMPLES = Examples(tuple(map(example, range(7))), tuple(map(example, range(20, 23))))


def trained(frozen: FrozenModel, output: Path, objective: Objective | None = None, **settings: Any) -> TrainerState:
    """A short training; ``settings`` replace those of SHORT."""
    config = Config(**SHORT.to_dict() | settings)
    return trained_on(frozen, EXAMPLES, objective or Likelihood(), config, output)


def trained_on(
    frozen: FrozenModel, examples: Examples, objective: Objective, config: Config, output: Path
) -> TrainerState:
    """A training that says nothing."""
    return train(frozen, examples, objective, config, output, io.StringIO())

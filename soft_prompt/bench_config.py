"""What a bench compares: one TOML file.

seeds = [0, 1, 2]
budget_tokens = 400_000          # through the model, of each training

[common]                         # keys of a training, for every method
data = "mbpp.jsonl"

[methods.likelihood]             # its own keys; the name of the table is the method's in every report
[methods.passing]
objective = "passing"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.wording import cannot_be_read, unknown

from .config import Config, beside, override
from .exclusions import check_exclusions

KEYS = ("seeds", "budget_tokens", "common", "methods")
# Keys of a training that the bench gives itself. The learning rate stays, as steps of methods differ in tokens.
OF_THE_BENCH = ("seed", "max_input_tokens", "num_train_epochs", "max_steps", "lr_scheduler_type")
ENDLESS = 1_000_000  # epochs


@dataclass(frozen=True, slots=True)
class Bench:
    """Methods by name, each a whole configuration but for its seed."""

    seeds: tuple[int, ...]
    budget_tokens: int
    methods: Mapping[str, Config]

    def trainings(self) -> Iterator[tuple[str, int]]:
        """All of them, seed by seed, so that a bench that is cut off has compared all methods with some."""
        for seed in self.seeds:
            for method in self.methods:
                yield method, seed

    def config(self, method: str, seed: int) -> Config:
        """One training: the budget ends it, not a number of epochs."""
        return replace(
            self.methods[method],
            seed=seed,
            max_input_tokens=self.budget_tokens,
            num_train_epochs=ENDLESS,
            lr_scheduler_type="constant",
        )


def read_bench(path: Path) -> Bench:
    """The bench in a TOML file; ``data`` is relative to it.

    Raises:
        ConfigError: it cannot be read, or has a key or a value that cannot be used; says which.
    """
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(cannot_be_read(path, error)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    for key in given:
        if key not in KEYS:
            raise ConfigError(f"{path}: {unknown('key', key, KEYS)}")
    seeds, budget, methods = given.get("seeds", [0]), given.get("budget_tokens"), given.get("methods")
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ConfigError(f"{path}: seeds must be a list of whole numbers from 0, not {seeds!r}")
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"{path}: seeds has one of {seeds!r} twice")
    if type(budget) is not int or budget < 1:
        raise ConfigError(f"{path}: budget_tokens must be a whole number from 1, not {budget!r}")
    if not isinstance(methods, dict) or not methods:
        raise ConfigError(f"{path}: has no method; add a table [methods.NAME]")
    return Bench(tuple(seeds), budget, {name: _config(path, name, given) for name in methods})


def _config(path: Path, name: str, given: Mapping[str, Any]) -> Config:
    if not re.fullmatch(r"[\w.-]+", name):
        raise ConfigError(f"{path}: {name!r} cannot name a method; use letters, digits, '.', '_' and '-'")
    common, own = given.get("common", {}), given["methods"][name]
    for where, table in (("common", common), (f"methods.{name}", own)):
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {where} must be a table, not {table!r}")
        if taken := [key for key in table if key in OF_THE_BENCH]:
            raise ConfigError(f"{path}: {where}: {taken[0]} is the bench's to choose; see seeds and budget_tokens")
    try:
        config = override(Config(), **{**common, **own})
        check_exclusions(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: methods.{name}: {error}") from error
    return beside(path, config)

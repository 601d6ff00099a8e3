"""What a bench compares: one TOML file.

seeds = [0, 1, 2]
budget_tokens = 400_000          # through the model, of each training; or budget_hours, or both

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
from pytest_humaneval.text.wording import cannot_be_read, unknown

from .config import RULES, Config, beside, override
from .exclusions import check_exclusions

KEYS = ("seeds", "budget_tokens", "budget_hours", "common", "methods")
# Keys of a training that the bench gives itself. The learning rate stays, as steps of methods differ in tokens.
OF_THE_BENCH = ("seed", "max_input_tokens", "max_hours", "num_train_epochs", "max_steps", "lr_scheduler_type")
FOR_ALL = ("data", "data_weights", "max_train_samples", "max_eval_samples")  # what a comparison has to have in common
ENDLESS = 1_000_000  # epochs


@dataclass(frozen=True, slots=True)
class Bench:
    """Methods by name, each a whole configuration but for its seed; a budget of 0 is none."""

    seeds: tuple[int, ...]
    budget_tokens: int
    methods: Mapping[str, Config]
    budget_hours: float = 0.0

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
            max_hours=self.budget_hours,
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
    seeds, methods = given.get("seeds", [0]), given.get("methods")
    budget_tokens, budget_hours = (given.get(f"budget_{unit}", 0) for unit in ("tokens", "hours"))
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ConfigError(f"{path}: seeds must be a list of whole numbers from 0, not {seeds!r}")
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"{path}: seeds has one of {seeds!r} twice")
    for key, rule, budget in (
        ("budget_tokens", RULES["max_input_tokens"], budget_tokens),
        ("budget_hours", RULES["max_hours"], budget_hours),
    ):
        expected, fits = rule
        if not fits(budget):
            raise ConfigError(f"{path}: {key} must be {expected}, not {budget!r}")
    if not budget_tokens and not budget_hours:
        raise ConfigError(f"{path}: has no budget, and no training would end; give budget_tokens or budget_hours")
    if not isinstance(methods, dict) or not methods:
        raise ConfigError(f"{path}: has no method; add a table [methods.NAME]")
    configs = {name: _config(path, name, given) for name in methods}
    return Bench(tuple(seeds), budget_tokens, configs, float(budget_hours))


def _config(path: Path, name: str, given: Mapping[str, Any]) -> Config:
    if not re.fullmatch(r"[\w.-]+", name):
        raise ConfigError(f"{path}: {name!r} cannot name a method; use letters, digits, '.', '_' and '-'")
    common, own = given.get("common", {}), given["methods"][name]
    for where, table in (("common", common), (f"methods.{name}", own)):
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {where} must be a table, not {table!r}")
        if taken := [key for key in table if key in OF_THE_BENCH]:
            raise ConfigError(f"{path}: {where}: {taken[0]} is the bench's to choose; see seeds and budget_tokens")
    if apart := [key for key in own if key in FOR_ALL]:
        raise ConfigError(f"{path}: methods.{name}: {apart[0]} has to be the same for all methods; move it to [common]")
    try:
        config = override(Config(), **{**common, **own})
        check_exclusions(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: methods.{name}: {error}") from error
    return beside(path, config)

"""What a bench compares: one TOML file.

seeds = [0, 1, 2]
budget_tokens = 400_000          # through the model, of each training; or budget_hours, or both

[common]                         # keys of a training, for every method
data = "mbpp.jsonl"

[methods.likelihood]             # its own keys; the name of the table is the method's in every report
[methods.passing]
objective = "passing"
start_from = "likelihood"        # begins with what that method, above it, ended with under the same seed
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.text.wording import cannot_be_read, unknown

from .config import CHECKPOINT, RULES, Config, beside, override
from .exclusions import check_exclusions

START_FROM = "start_from"
KEYS = ("seeds", "budget_tokens", "budget_hours", "common", "methods")
# Keys of a training that the bench gives itself. The learning rate stays, as steps of methods differ in tokens.
OF_THE_BENCH = ("seed", "max_input_tokens", "max_hours", "num_train_epochs", "max_steps", "lr_scheduler_type")
FOR_ALL = ("data", "data_weights", "max_train_samples", "max_eval_samples")  # what a comparison has to have in common
ENDLESS = 1_000_000  # epochs


@dataclass(frozen=True, slots=True)
class Bench:
    """Methods by name, each a whole configuration but for its seed and for the method that it starts from, if any.

    A budget of 0 is none; that of a method that starts from another one comes on top of that one's.
    """

    seeds: tuple[int, ...]
    budget_tokens: int
    methods: Mapping[str, Config]
    budget_hours: float = 0.0
    start_from: Mapping[str, str] = field(default_factory=dict)

    def trainings(self) -> Iterator[tuple[str, int]]:
        """All of them, seed by seed, so that a bench that is cut off has compared all methods with some."""
        for seed in self.seeds:
            for method in self.methods:
                yield method, seed

    def config(self, method: str, seed: int, output: Path) -> Config:
        """One training of a bench in ``output``: the budget ends it, not a number of epochs."""
        config = self.methods[method]
        if method in self.start_from:
            config = started_from(config, folder_of(output, self.start_from[method], seed))
        return replace(
            config,
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
    starts = {name: table[START_FROM] for name, table in methods.items() if START_FROM in table}
    for name, start in starts.items():
        if fault := _fault_of_start(configs, name, start):
            raise ConfigError(f"{path}: methods.{name}: start_from: {fault}")
    return Bench(tuple(seeds), budget_tokens, configs, float(budget_hours), starts)


def folder_of(output: Path, method: str, seed: int) -> Path:
    """Where one training of a bench in ``output`` is."""
    return output / method / f"seed-{seed}"


def started_from(config: Config, folder: Path) -> Config:
    """``config`` that begins with the checkpoint in ``folder``."""
    return replace(config, prompt_tuning_init=CHECKPOINT, prompt_tuning_init_checkpoint=str(folder))


def _fault_of_start(configs: Mapping[str, Config], name: str, start: object) -> str:
    """What is wrong with a method's start; empty when nothing is."""
    above = list(configs)[: list(configs).index(name)]
    if start not in above:
        return f"{start!r} is not a method above it; there are {', '.join(above) or 'none'}"
    ours, theirs = configs[name], configs[str(start)]
    if theirs.kind != "plain":
        return f"{start!r} is of the kind {theirs.kind!r}; only from a plain prompt can others start"
    if ours.num_virtual_tokens != theirs.num_virtual_tokens:
        return (
            f"{start!r} has {theirs.num_virtual_tokens} virtual tokens, this one {ours.num_virtual_tokens}; they have "
            "to be the same number"
        )
    try:
        check_exclusions(started_from(ours, Path(str(start))))
    except ConfigError as error:
        return str(error)
    return ""


def _config(path: Path, name: str, given: Mapping[str, Any]) -> Config:
    if not re.fullmatch(r"[\w.-]+", name):
        raise ConfigError(f"{path}: {name!r} cannot name a method; use letters, digits, '.', '_' and '-'")
    common, own = given.get("common", {}), given["methods"][name]
    if isinstance(own, dict):
        own = {key: value for key, value in own.items() if key != START_FROM}
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

"""What the options say in this run: values from command line, humaneval.toml or ini file, and objects made of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.plugin.option_table import OPTIONS, flag_key
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox.interface import SandboxOptions

if TYPE_CHECKING:
    from pytest_humaneval.dataset.kinds import DatasetKind
    from pytest_humaneval.dataset.requested import RequestedDataset
    from pytest_humaneval.plugin.config_file import ConfigFile
    from pytest_humaneval.report.gates import Gates
    from pytest_humaneval.rewrite.rewriting import Rewrite

FILE: pytest.StashKey[ConfigFile] = pytest.StashKey()  # humaneval.toml, as settings.load found it


def active(config: pytest.Config) -> bool:
    """Whether this run evaluates; without ``--strategy`` or an experiment the plugin stays out of sight."""
    return asks_for_evaluation(config.option)


def asks_for_evaluation(given: argparse.Namespace) -> bool:
    """The same from the parsed command line alone, which is there before the configuration is."""
    return bool(given.strategy or given.humaneval_experiment)


def asks_for_list(given: argparse.Namespace) -> bool:
    """Whether something is to be listed instead of a run."""
    return bool(given.humaneval_list_strategies or given.humaneval_list_experiments or given.humaneval_list_datasets)


def value_of(config: pytest.Config, name: str, default: Any = None) -> Any:
    """An option's value: from the command line, else from humaneval.toml, else from the ini file, else ``default``.

    Raises:
        InputError: a text that is no such value; names the option.
    """
    option = next(option for option in OPTIONS if option.name == name)
    given = config.getoption(option.key)
    where = option.as_given(config.invocation_params.args)
    if given is None and (texts := _in_file(config, name)):
        given, where = texts if option.many else texts[0], f"{config.stash[FILE].path}: {name}"
    if given is None:
        given, where = config.getini(option.key), option.key
    if not given and given != "0":
        return default
    try:
        return tuple(option.parse(text) for text in given) if option.many else option.parse(given)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def switched_on(config: pytest.Config, flag: str) -> bool:
    """Whether one of option_table's ``FLAGS`` is set: on the command line, else in the file, else in the ini file."""
    key, file = flag_key(flag), config.stash.get(FILE, None)
    if config.getoption(key):
        return True
    return bool(file.settings[flag] if file is not None and flag in file.settings else config.getini(key))


def no_cache(config: pytest.Config) -> bool:
    """Whether stored generations are left aside."""
    return switched_on(config, "no-cache")


def on_command_line(config: pytest.Config) -> set[str]:
    """The names of the options that the command line itself gives."""
    return {option.name for option in OPTIONS if config.getoption(option.key) is not None}


def unheard(config: pytest.Config) -> str:
    """An option of ours on the command line of a run that evaluates nothing; empty where there is none."""
    if active(config) or asks_for_list(config.option):
        return ""
    given = [str(argument).partition("=")[0] for argument in config.invocation_params.args]
    return next((flag for flag in given if flag.startswith("--humaneval-")), "")


def cache_directory(config: pytest.Config) -> Path:
    """Where models and generations are kept."""
    if given := value_of(config, "cache-dir"):
        return _path(config, given)
    from pytest_humaneval.models.find import default_cache_directory

    return default_cache_directory()


def datasets(config: pytest.Config, known: Mapping[str, DatasetKind]) -> tuple[RequestedDataset, ...]:
    """The datasets of ``--humaneval-dataset``, each known by name, or a file.

    Raises:
        DatasetError: one is neither.
    """
    from pytest_humaneval.dataset.load import HUMANEVAL
    from pytest_humaneval.dataset.requested import requested_datasets

    given = value_of(config, "dataset", HUMANEVAL.name)
    return requested_datasets(
        given, known, config.invocation_params.dir.absolute(), data_folders(config), cache_directory(config)
    )


def data_folders(config: pytest.Config) -> tuple[Path, ...]:
    """Where the files of datasets are looked for."""
    import os

    from pytest_humaneval.dataset.requested import folders_of

    return folders_of(config.invocation_params.dir.absolute(), optional_path(config, "data-dir"), os.environ)


def rewrites(config: pytest.Config, known: Mapping[str, Rewrite]) -> tuple[Rewrite, ...]:
    """The rewrites of ``--humaneval-rewrite``; of ``random`` those that are chosen from.

    Raises:
        DatasetError: a name that nobody knows, or a value that cannot be.
    """
    from pytest_humaneval.rewrite.rewrite_catalogue import requested_rewrites

    given = value_of(config, "rewrite")
    return requested_rewrites(given, known) if given else ()


def gates(config: pytest.Config, strategies: Sequence[str]) -> Gates:
    """What is asked of the run.

    Raises:
        InputError: a number or a strategy that cannot be.
    """
    from pytest_humaneval.report.gates import Gates, least_pass_at_1

    pairs = [pair for text in value_of(config, "min-pass-at-1", ()) for pair in text]
    on_regression = switched_on(config, "fail-on-regression")
    on_bound = value_of(config, "gate-on") == "bound"
    on_rewrites = bool(value_of(config, "rewrite")) and value_of(config, "baseline") is None
    least = least_pass_at_1(pairs, strategies)
    return Gates(least, on_regression, value_of(config, "max-drop"), on_bound, on_rewrites)


def sampling(config: pytest.Config) -> Sampling:
    """How tokens are drawn."""
    return Sampling(
        temperature=value_of(config, "temperature", 0.0),
        top_p=value_of(config, "top-p", 1.0),
        max_tokens=value_of(config, "max-tokens", 768),
        seed=value_of(config, "seed", 0),
    )


def ks(config: pytest.Config, samples: int) -> tuple[int, ...]:
    """The k of pass@k; k that were asked for stay, also where there are too few samples for them."""
    from pytest_humaneval.statistics.metrics import default_ks

    wanted: tuple[int, ...] | None = value_of(config, "k")
    return tuple(sorted(set(wanted))) if wanted else default_ks(samples)


def sandbox_options(config: pytest.Config) -> SandboxOptions:
    """How checks are isolated and limited."""
    return SandboxOptions(
        name=value_of(config, "sandbox", "auto"),
        memory_mb=value_of(config, "memory", 1024),
        image=value_of(config, "sandbox-image", ""),
    )


def _in_file(config: pytest.Config, name: str) -> Sequence[str]:
    file = config.stash.get(FILE, None)
    return file.settings.get(name, ()) if file is not None else ()


def optional_path(config: pytest.Config, name: str) -> Path | None:
    """The file or folder that an option names, where it is given."""
    given = value_of(config, name)
    return _path(config, given) if given else None


def _path(config: pytest.Config, given: str) -> Path:
    # Relative to where pytest was called; a worker's own working directory may differ.
    return (config.invocation_params.dir / Path(given).expanduser()).absolute()

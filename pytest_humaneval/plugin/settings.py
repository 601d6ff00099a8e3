"""humaneval.toml in a run: where it is found, what it sets, and how workers come to see the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_humaneval.exceptions import InputError, StrategyError
from pytest_humaneval.option import Option
from pytest_humaneval.plugin import options
from pytest_humaneval.plugin.config_file import EXPERIMENTS, NAME, PYPROJECT, ConfigFile, has_table, read_config_file
from pytest_humaneval.plugin.distributed import is_worker, told_file
from pytest_humaneval.plugin.option_table import FLAGS, OPTIONS
from pytest_humaneval.plugin.registered import known_postprocessors
from pytest_humaneval.prompting.experiment import Experiment, select_experiments
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _workers(text: str) -> int | str:
    if text in ("auto", "logical"):
        return text
    if not text.isdecimal():
        raise InputError(f"{text!r} is neither a number of processes from 0 nor auto")
    return int(text)


# Options of other plugins that belong to an experiment as well.
TIMEOUT = Option("timeout", "pytest-timeout's --timeout", "S", _timeout)
WORKERS = Option("workers", "pytest-xdist's -n", "N", _workers)


def load(config: pytest.Config) -> None:
    """Find and read the file, and set what other plugins read; before xdist counts its workers.

    Raises:
        InputError: the file is not there although it was named, or says something that cannot be.
    """
    file = told_file(config) if is_worker(config) else _read(config)
    config.stash[options.FILE] = file
    if file.settings.get("timeout"):
        _set_timeout(config, file)
    if (workers := file.settings.get("workers")) and not is_worker(config):  # a worker would start its own
        _set_workers(config, workers[0])


def experiments(config: pytest.Config) -> tuple[Experiment, ...]:
    """The experiments that were asked for, without what the command line decides itself.

    Raises:
        InputError: there is no file, or no such experiment.
    """
    names = config.getoption("humaneval_experiment")
    if not names:
        return ()
    given = options.on_command_line(config)
    return tuple(experiment.without(given) for experiment in select_experiments(_file(config).experiments, names))


def derive(
    config: pytest.Config, known: Mapping[str, Strategy], sampling: Sampling, postprocess: str
) -> tuple[Strategy, ...]:
    """The experiments that were asked for, as strategies.

    Raises:
        InputError: there is no file, no such experiment, or no such strategy.
    """
    derived = []
    for experiment in experiments(config):
        try:
            derived.append(experiment.derive(known, sampling, postprocess))
        except StrategyError as error:
            where = _file(config).where(EXPERIMENTS, experiment.name, "strategy")
            raise StrategyError(f"{where}: {error}") from error
    return tuple(derived)


def all_experiments(config: pytest.Config) -> tuple[Experiment, ...]:
    """Everything the file names, for a list.

    Raises:
        InputError: there is no file.
    """
    return _file(config).experiments


def _file(config: pytest.Config) -> ConfigFile:
    file = config.stash[options.FILE]
    if not file.path:
        raise InputError(
            f"experiments: no {NAME} in {' or '.join(map(str, _folders(config)))}, and no [tool.pytest-humaneval] in "
            f"a {PYPROJECT} there; --humaneval-config=FILE names another file"
        )
    return file


def _read(config: pytest.Config) -> ConfigFile:
    if (path := _path(config)) is None:
        return ConfigFile()
    settable = (*(option for option in OPTIONS if option.name != "config"), TIMEOUT, WORKERS)
    return read_config_file(path, settable, FLAGS, known_postprocessors(config))


def _path(config: pytest.Config) -> Path | None:
    if named := options.optional_path(config, "config"):
        return named
    for folder in _folders(config):
        if (file := folder / NAME).is_file():
            return file
        if has_table(file := folder / PYPROJECT):
            return file
    return None


def _folders(config: pytest.Config) -> list[Path]:
    """Where pytest was called, and pytest's root directory."""
    return list(dict.fromkeys([config.invocation_params.dir, config.rootpath]))


def _set_timeout(config: pytest.Config, file: ConfigFile) -> None:
    if not hasattr(config.option, "timeout"):
        raise InputError(f"{file.where('timeout')}: timeout needs the plugin pytest-timeout, which is switched off")
    if config.option.timeout is None and "PYTEST_TIMEOUT" not in os.environ:
        config.option.timeout = TIMEOUT.parse(file.settings["timeout"][0])


def _set_workers(config: pytest.Config, text: str) -> None:
    if getattr(config.option, "numprocesses", 0) is None:  # xdist is there, and the command line says nothing
        config.option.numprocesses = WORKERS.parse(text)

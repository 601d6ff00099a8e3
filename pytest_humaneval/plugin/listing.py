"""The lists that are printed instead of a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import pytest

from pytest_humaneval.dataset.requested import dataset_lines
from pytest_humaneval.plugin import options, settings
from pytest_humaneval.plugin.registered import known_extensions, known_strategies
from pytest_humaneval.prompting.experiment import Experiment, draws
from pytest_humaneval.report.texttable import Column, text_table
from pytest_humaneval.strategy import Strategy


def listing(config: pytest.Config) -> list[str]:
    """The lines of ``--humaneval-list-strategies``, ``-experiments`` and ``-datasets``.

    Raises:
        InputError: there is no experiments file, or a strategy cannot be registered.
    """
    lines = experiment_lines(settings.all_experiments(config)) if config.getoption("humaneval_list_experiments") else []
    if config.getoption("humaneval_list_datasets"):
        lines += dataset_lines(known_extensions(config).datasets, options.data_folders(config))
    return lines + (list_strategies(known_strategies(config)) if config.getoption("humaneval_list_strategies") else [])


def list_strategies(strategies: Mapping[str, Strategy]) -> list[str]:
    """A table of names, modes and descriptions."""
    name_width = max(map(len, strategies), default=0)
    return [
        f"{strategy.name.ljust(name_width)}  {strategy.mode:<10}  {strategy.description}"
        for strategy in strategies.values()
    ]


def experiment_lines(experiments: Sequence[Experiment]) -> list[str]:
    """A table of experiments: what each one sets itself."""
    drawn = [
        ", ".join(f"{name} {value:g}" for name, value in draws(experiment).items()) or "-" for experiment in experiments
    ]
    columns = [
        Column("enabled", ["yes" if experiment.enabled else "no" for experiment in experiments], words=True),
        Column("strategy", [experiment.strategy for experiment in experiments], words=True),
        Column("post-processing", [experiment.postprocess or "-" for experiment in experiments], words=True),
        Column("sampling", drawn, words=True),
        Column("description", [experiment.description for experiment in experiments], words=True),
    ]
    return text_table(Column("experiment", [experiment.name for experiment in experiments]), columns, sys.maxsize)

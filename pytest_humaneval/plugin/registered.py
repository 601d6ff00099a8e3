"""What the hooks of this plugin, of other plugins and of conftest.py files make known by name."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from types import ModuleType
from typing import TypeVar

import pytest

from pytest_humaneval.dataset.kinds import DATASET_SORT
from pytest_humaneval.engine.protocol import ENGINE_SORT
from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.extensions import Extensions
from pytest_humaneval.postprocess import POSTPROCESSOR_SORT, PostProcessor
from pytest_humaneval.prompting.registry import STRATEGY_SORT, register_offered
from pytest_humaneval.registration import Named, Offer, Sort
from pytest_humaneval.rewrite.rewriting import REWRITE_SORT
from pytest_humaneval.sandbox.interface import SANDBOX_SORT
from pytest_humaneval.strategy import Strategy

N = TypeVar("N", bound=Named)
OURS = "pytest_humaneval.plugin.hooks"  # by name: it is what all of this is called from


def known_strategies(config: pytest.Config) -> dict[str, Strategy]:
    """Every strategy the hook returns, by name.

    Raises:
        StrategyError: an implementation returns no list, or what is no strategy; or two have one name.
    """
    return register_offered(_offered(config, STRATEGY_SORT))


def known_postprocessors(config: pytest.Config) -> dict[str, PostProcessor]:
    """The same of post-processors.

    Raises:
        InputError: as above.
    """
    return POSTPROCESSOR_SORT.register(_offered(config, POSTPROCESSOR_SORT))


def known_extensions(config: pytest.Config) -> Extensions:
    """Everything else by name.

    Raises:
        InputError: as above.
    """
    return Extensions(
        ENGINE_SORT.register(_offered(config, ENGINE_SORT)),
        SANDBOX_SORT.register(_offered(config, SANDBOX_SORT)),
        known_postprocessors(config),
        DATASET_SORT.register(_offered(config, DATASET_SORT)),
        REWRITE_SORT.register(_offered(config, REWRITE_SORT)),
    )


def refuse_unreturned(config: pytest.Config, known: Container[str], requested: Iterable[str]) -> None:
    """Say which line is missing where a conftest.py or plugin defines what was asked for, and does not return it.

    Raises:
        StrategyError: there is such a strategy.
    """
    names = {name.strip() for value in requested for name in value.split(",")}
    for plugin in config.pluginmanager.get_plugins():
        for variable, value in vars(plugin).items() if isinstance(plugin, ModuleType) else ():
            if isinstance(value, Strategy) and value.name in names and value.name not in known:
                raise StrategyError(
                    f"--strategy: {value.name!r} is defined in {plugin.__file__}, but pytest_humaneval_strategies "
                    f"there does not return it; write\n"
                    f"    def pytest_humaneval_strategies():\n        return [{variable}]"
                )


def _offered(config: pytest.Config, sort: Sort[N]) -> Iterator[Offer]:
    """What each plugin returns, ours first; asked one by one, so that it is known whose it is."""
    implementations = getattr(config.hook, sort.hook).get_hookimpls()
    plugins = [each.plugin for each in implementations if not (each.wrapper or each.hookwrapper)]
    for plugin in sorted(plugins, key=lambda plugin: not _is_ours(plugin)):
        others = [other for other in plugins if other is not plugin]
        for answer in config.pluginmanager.subset_hook_caller(sort.hook, others)():
            yield from sort.listed(_place(config, plugin), answer)


def _is_ours(plugin: object) -> bool:
    return getattr(plugin, "__name__", "") == OURS


def _place(config: pytest.Config, plugin: object) -> str:
    if _is_ours(plugin):
        return "pytest-humaneval itself"
    return str(getattr(plugin, "__file__", None) or config.pluginmanager.get_name(plugin))

"""Where the items come from when the user names no file.

``humaneval_testpaths``, else what pytest would collect: those tests that use the fixtures, or else the bundled test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_humaneval.plugin.fixtures import item_id
from pytest_humaneval.problem import Problem
from pytest_humaneval.strategy import Strategy

if TYPE_CHECKING:  # every pytest run imports this
    from pytest_humaneval.plan import Plan

BUNDLED = Path(__file__).parents[1] / "test_humaneval.py"
TESTPATHS = "humaneval_testpaths"
TESTPATHS_HELP = (
    "what an evaluation collects, in place of testpaths, when pytest is called in its root folder without a path; "
    "test_humaneval.py is the bundled test (default: of the tests that pytest finds, those that use the fixtures, or "
    "else the bundled one)"
)
LOOKING = pytest.StashKey[bool]()  # whether it is to be seen what there is


def look_for_conftests(early_config: pytest.Config) -> None:
    """Let ``humaneval_testpaths`` choose the first conftests too: ``testpaths`` would load those of other tests.

    The folder where pytest is called keeps its say: strategies are often in the conftest.py there. (A file stands for
    its folder; of a folder itself, pytest would load what begins with ``test``, too.)
    """
    given = early_config.known_args_namespace.file_or_dir
    if (paths := _own_testpaths(early_config)) and all(_is_short_name(early_config, argument) for argument in given):
        early_config.known_args_namespace.file_or_dir = [*paths, str(early_config.rootpath / "conftest.py")]


def use_own_tests(config: pytest.Config) -> None:
    """Look for tests of the user's when no path was given; put the bundled test where its short name was."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        config.args[:] = [_resolve(config, argument) for argument in config.args]
        return
    own = _own_testpaths(config)
    config.stash[LOOKING] = not own
    config.args[:] = own or [*config.args, str(BUNDLED)]


def leave_out_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where no path was given: tests that have nothing to do with an evaluation are no part of it."""
    if config.stash.get(LOOKING, False):
        _keep(config, items, uses_fixtures)


def keep_part(config: pytest.Config, items: list[pytest.Item], plan: Plan) -> None:
    """With ``--humaneval-shard``: samples of other parts are no part of this run. What has no sample is in all.

    Most were never made; these are of tests that ask for a problem alone, or bring parameters of their own.
    """
    if plan.shard is not None:
        _keep(config, items, lambda item: (identity := item_id(item)) is None or plan.is_of_part(identity))


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]) -> None:
    if others := [item for item in items if not wanted(item)]:
        config.hook.pytest_deselected(items=others)
        items[:] = filter(wanted, items)


def uses_fixtures(item: pytest.Item) -> bool:
    """Whether a test has a problem or a strategy of ours; others may have fixtures of those names."""
    params: Iterable[object] = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(isinstance(value, Problem | Strategy) for value in params)


class _Bundled(pytest.Module):
    """The bundled test. Behind what pytest found by itself, it is for when none of that uses the fixtures."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        if self.config.stash.get(LOOKING, False) and any(map(uses_fixtures, self.session.items)):
            return []
        return super().collect()


def short_module(path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The bundled test under a node id that does not depend on where the package lies.

    ``test_humaneval.py::test_humaneval[HumanEval/0-...]`` is what people see, and may give back to pytest.
    """
    if path != BUNDLED:
        return None
    module: pytest.Module = _Bundled.from_parent(parent, path=path, nodeid=BUNDLED.name)
    return module


def _own_testpaths(config: pytest.Config) -> list[str]:
    """``humaneval_testpaths``, which count where ``testpaths`` would."""
    if config.invocation_params.dir != config.rootpath:
        return []
    return [_resolve(config, path) for path in config.getini(TESTPATHS)]


def _resolve(config: pytest.Config, argument: str) -> str:
    if not _is_short_name(config, argument):
        return argument
    _, separator, rest = argument.partition("::")
    return f"{BUNDLED}{separator}{rest}"


def _is_short_name(config: pytest.Config, argument: str) -> bool:
    """Whether this is the bundled test, or an item of it, as its node id has it."""
    file = argument.partition("::")[0]
    return file == BUNDLED.name and not (config.invocation_params.dir / file).exists()

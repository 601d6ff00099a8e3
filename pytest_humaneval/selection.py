"""Where the items come from when the user names no file: the bundled test."""

from __future__ import annotations

from pathlib import Path

import pytest

BUNDLED = Path(__file__).with_name("test_humaneval.py")


def use_bundled_test(config: pytest.Config) -> None:
    """Collect the bundled test instead of ``testpaths`` when no path was given, and where its short name was."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(BUNDLED)]
        return
    config.args[:] = [_resolve(config, argument) for argument in config.args]


def short_module(path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The bundled test under a node id that does not depend on where the package lies.

    ``test_humaneval.py::test_humaneval[HumanEval/0-...]`` is what people see, and may give back to pytest.
    """
    if path != BUNDLED:
        return None
    module: pytest.Module = pytest.Module.from_parent(parent, path=path, nodeid=BUNDLED.name)
    return module


def _resolve(config: pytest.Config, argument: str) -> str:
    file, separator, rest = argument.partition("::")
    if file == BUNDLED.name and not (config.invocation_params.dir / file).exists():
        return f"{BUNDLED}{separator}{rest}"
    return argument

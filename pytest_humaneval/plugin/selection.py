"""Where the items come from when the user names no file: ``humaneval_testpaths``, else the bundled test."""

from __future__ import annotations

from pathlib import Path

import pytest

BUNDLED = Path(__file__).parents[1] / "test_humaneval.py"
TESTPATHS = "humaneval_testpaths"
TESTPATHS_HELP = (
    "what an evaluation collects, in place of testpaths, when pytest is called in its root folder without a path; "
    "test_humaneval.py is the bundled test (default: that one)"
)


def look_for_conftests(early_config: pytest.Config) -> None:
    """Let ``humaneval_testpaths`` choose the first conftests too: ``testpaths`` would load those of other tests.

    The folder where pytest is called keeps its say: strategies are often in the conftest.py there. (A file stands for
    its folder; of a folder itself, pytest would load what begins with ``test``, too.)
    """
    given = early_config.known_args_namespace.file_or_dir
    if (paths := _own_testpaths(early_config)) and all(_is_short_name(early_config, argument) for argument in given):
        early_config.known_args_namespace.file_or_dir = [*paths, str(early_config.rootpath / "conftest.py")]


def use_own_tests(config: pytest.Config) -> None:
    """Collect ours instead of ``testpaths`` when no path was given, and the bundled test where its short name was."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = _own_testpaths(config) or [str(BUNDLED)]
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

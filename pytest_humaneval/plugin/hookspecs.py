"""The hooks that users may implement, in their conftest.py or plugin.

Each is called while pytest configures itself, in every process of a run: implement it in the conftest.py of the folder
that pytest is called in (or of a folder named on the command line), or in a plugin. What is bundled comes through the
same hooks. Two things of one sort need two names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_humaneval.strategy import Strategy

if TYPE_CHECKING:
    from pytest_humaneval.dataset.kinds import DatasetKind
    from pytest_humaneval.engine.protocol import EngineKind
    from pytest_humaneval.postprocess import PostProcessor
    from pytest_humaneval.rewrite.rewriting import Rewrite
    from pytest_humaneval.sandbox.interface import SandboxKind


def pytest_humaneval_strategies() -> Iterable[Strategy]:  # type: ignore[empty-body]
    r"""Return strategies to make known to ``--strategy``.

    Example::

        from pytest_humaneval import completion_prompt, strategy

        @strategy("polite", "says please")
        def polite(problem):
            return completion_prompt("# Please complete this function.\n" + problem.prompt)

        def pytest_humaneval_strategies():
            return [polite]
    """


def pytest_humaneval_engines() -> Iterable[EngineKind]:  # type: ignore[empty-body]
    """Return engines to make known to ``--humaneval-engine``.

    Example::

        from pytest_humaneval import EngineKind

        class Table: ...  # with start, submit, poll and close: docs/plugging-in.md

        def pytest_humaneval_engines():
            return [EngineKind("table", "looks answers up", Table)]
    """


def pytest_humaneval_sandboxes() -> Iterable[SandboxKind]:  # type: ignore[empty-body]
    """Return sandboxes to make known to ``--humaneval-sandbox``.

    Example::

        from pytest_humaneval import SandboxKind, SandboxOptions, open_sandbox

        def small(options):
            return open_sandbox(SandboxOptions("lockdown", memory_mb=256))

        def pytest_humaneval_sandboxes():
            return [SandboxKind("small", "lockdown with little memory", small)]
    """


def pytest_humaneval_postprocessors() -> Iterable[PostProcessor]:  # type: ignore[empty-body]
    r"""Return post-processors to make known to ``--humaneval-postprocess`` and to strategies.

    Example::

        from pytest_humaneval import PostProcessor, Step

        def without_tabs(problem, text):
            return text.replace("\t", "    ")

        def pytest_humaneval_postprocessors():
            return [PostProcessor("tabless", "spaces for tabs", (Step("tabs", without_tabs),))]
    """


def pytest_humaneval_datasets() -> Iterable[DatasetKind]:  # type: ignore[empty-body]
    """Return datasets to make known to ``--humaneval-dataset``; what they hold is read when it is asked for.

    Example::

        from pathlib import Path
        from pytest_humaneval import DatasetKind, read_problems

        def first_ten():
            return read_problems(Path("mine.jsonl"))[:10]

        def pytest_humaneval_datasets():
            return [DatasetKind("mine", "the first ten of mine.jsonl", first_ten)]
    """


def pytest_humaneval_rewrites() -> Iterable[Rewrite]:  # type: ignore[empty-body]
    """Return rewrites to make known to ``--humaneval-rewrite``; the canonical solution must pass what they make.

    Example::

        from dataclasses import replace
        from pytest_humaneval import Rewrite

        def shout(problem, chance):
            return replace(problem, prompt=problem.prompt.replace("Return ", "RETURN "))

        def pytest_humaneval_rewrites():
            return [Rewrite("shouting", "every word, some of them in capitals", shout)]
    """

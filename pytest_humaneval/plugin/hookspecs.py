"""The hooks that users may implement, in their conftest.py or plugin."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_humaneval.strategy import Strategy


def pytest_humaneval_strategies() -> Iterable[Strategy]:  # type: ignore[empty-body]
    r"""Return strategies to make known to ``--strategy``.

    Called once per process while pytest configures itself: implement it in the conftest.py of the folder that pytest is
    called in (or of a folder named on the command line), or in a plugin. Example::

        from pytest_humaneval import completion_prompt, strategy

        @strategy("polite", "says please")
        def polite(problem):
            return completion_prompt("# Please complete this function.\n" + problem.prompt)

        def pytest_humaneval_strategies():
            return [polite]
    """

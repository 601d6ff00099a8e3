"""The subcommands that look beyond one run: what a study takes, and what former runs came to."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset.requested import dataset_named
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.report.console import show, terminal_width
from pytest_humaneval.report.study import Cost, Question, cost_of, cost_of_last, study_lines
from pytest_humaneval.report.trend import trend_lines, trends
from pytest_humaneval.report.trend_page import write_trend_page
from pytest_humaneval.results.history import read as read_history
from pytest_humaneval.results.read import read_results
from pytest_humaneval.text.wording import cannot_be_written, known_ones


def plan(like: Path | None, dataset: str | None, **options: Any) -> int:
    """Print how many problems and samples a question takes, what the dataset can show, and what that costs.

    Raises:
        InputError: a question that cannot be, or a file that cannot be read.
    """
    problems = dataset_named(dataset, default_cache_directory())
    cost = cost_of(read_results(like)) if like is not None else _last_cost()
    show(study_lines(Question(**options), problems.name, len(problems.problems), cost, terminal_width()))
    return 0


def history(strategy: str | None, html: Path | None, cache_dir: Path | None) -> int:
    """Print what former runs came to, and which one is the first that differs from its predecessor.

    Raises:
        InputError: there is no history, or none of that strategy, or a file cannot be read or written.
    """
    lines = read_history(cache_dir or default_cache_directory())
    if not (shown := trends(lines, strategy)):
        known = sorted({line.strategy for line in lines})
        raise InputError(f"--strategy: no run of {strategy!r} in the history; {known_ones(str(strategy), known)}")
    show(trend_lines(shown, terminal_width()))
    if html is not None:
        try:
            write_trend_page(html, shown)
        except OSError as error:
            raise InputError(cannot_be_written(f"--html: {html}", error)) from error
        show(["", f"the page is {html}"])
    return 0


def _last_cost() -> Cost | None:
    """What the last run's answers took, where the history knows one."""
    with contextlib.suppress(InputError):
        return cost_of_last(read_history(default_cache_directory()))
    return None

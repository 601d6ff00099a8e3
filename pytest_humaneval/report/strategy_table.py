"""The table of results: a row for each strategy, and what each was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_humaneval.plan import Plan
from pytest_humaneval.report.texttable import Column, text_table
from pytest_humaneval.results.rows import Row
from pytest_humaneval.results.sampling import sampling_of_row
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import three_decimals


def table(rows: Sequence[Row], ks: Sequence[int], width: int, *, generated: bool = True, shown: int = 0) -> list[str]:
    """The rows as aligned text: names to the left, numbers to the right, never wrapped.

    ``generated`` says whether the samples were generated in this run: a file's have no tokens and no rate. ``shown`` is
    how many assertions of its test a prompt shows.
    """
    columns = []
    prompt = counted(shown, "assertion", "assertions") if shown else "prompt"
    for k in ks:
        columns.append(Column(f"pass@{k}", [three_decimals(row.pass_at_k[k]) for row in rows]))
        if any(row.intervals[k] for row in rows):
            columns.append(Column("95 % interval", [_interval(row.intervals[k]) for row in rows], glued=True))
    for k in ks:
        if any(k in row.strong_pass_at_k for row in rows):
            figures = [three_decimals(row.strong_pass_at_k.get(k)) for row in rows]
            between = [_interval(row.strong_intervals.get(k)) for row in rows]
            columns += [Column(f"strong@{k}", figures), Column("95 % interval", between, glued=True)]
    if shown or any(row.guided for row in rows):
        columns.append(Column("sees", ["examples" if row.guided else prompt for row in rows]))
    if any(row.guided for row in rows):
        columns.append(Column("draws", [str(row.draws) for row in rows], glued=True))
    counts = ("passed", "failed", "timed_out", "errors", *(["tokens"] if generated else []))
    columns += [Column(name.replace("_", " "), [str(getattr(row, name)) for row in rows]) for name in counts]
    if not generated:
        return text_table(Column("strategy", [row.strategy for row in rows]), columns, width)
    if any(row.seconds > 0 for row in rows):  # else all came from the store
        rates = ["n/a" if row.rate is None else f"{row.rate:.0f}" for row in rows]
        seconds = [f"{row.seconds:.1f}" if row.seconds > 0 else "n/a" for row in rows]
        columns += [Column("tok/s", rates, glued=True), Column("s", seconds, glued=True)]
    return text_table(Column("strategy", [row.strategy for row in rows]), columns, width)


def experiment_table(plan: Plan, run: dict[str, Any], width: int) -> list[str]:
    """What each row of the results was made with, where that differs from row to row."""
    strategies = plan.strategies
    samplings = [sampling_of_row(run, experiment) for experiment in run["experiments"]]
    columns = [
        Column("strategy", [strategy.base or strategy.name for strategy in strategies], words=True),
        Column("post-processing", [plan.postprocessor(strategy) for strategy in strategies], words=True),
        Column("sampling", samplings, words=True),
    ]
    return text_table(Column("experiment", [strategy.name for strategy in strategies]), columns, width)


def _interval(interval: tuple[float, float] | None) -> str:
    return f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "n/a"

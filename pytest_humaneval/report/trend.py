"""The history of each strategy: a table, a sparkline, and the first run that differs from the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.results.history import HistoryLine
from pytest_humaneval.statistics.comparison import Comparison, compare, together
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.text.printable import counted, printable
from pytest_humaneval.text.wording import p_text, short_digest, signed_interval

BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"  # a run without a figure


@dataclass(frozen=True, slots=True)
class Trend:
    """One strategy on one dataset, the oldest run first.

    ``changes`` stand between a run and the one before it, one fewer than there are runs, and None where the two share
    no problem; their p-values are corrected for all of a trend's changes.
    """

    strategy: str
    dataset: str
    runs: tuple[HistoryLine, ...]
    changes: tuple[Comparison | None, ...]

    @property
    def first_change(self) -> int | None:
        """The place of the first run that differs significantly from its predecessor."""
        places = (
            place for place, change in enumerate(self.changes, start=1) if change is not None and change.significant
        )
        return next(places, None)


def trends(lines: Sequence[HistoryLine], strategy: str | None = None) -> list[Trend]:
    """Each strategy, or one, on each dataset, in the order of their names."""
    grouped: dict[tuple[str, str], list[HistoryLine]] = {}
    for line in lines:
        if strategy is None or line.strategy == strategy:
            grouped.setdefault((line.strategy, line.dataset_sha256), []).append(line)
    return [
        Trend(name, f"{runs[-1].dataset} (sha256 {short_digest(sha256)})", tuple(runs), _changes(runs))
        for (name, sha256), runs in sorted(grouped.items())
    ]


def _changes(runs: Sequence[HistoryLine]) -> tuple[Comparison | None, ...]:
    made = [compare(now.started, now.passes(), before.started, before.passes()) for before, now in pairwise(runs)]
    corrected = iter(together(made))
    return tuple(None if change is None else next(corrected) for change in made)


def sparkline(values: Sequence[float | None]) -> str:
    """A bar for each value, from the smallest to the largest; a middle one where they do not differ."""
    there = [value for value in values if value is not None]
    if not there:
        return NOTHING * len(values)
    low, reach = min(there), max(there) - min(there)

    def bar(value: float) -> str:
        return BARS[round((value - low) / reach * (len(BARS) - 1))] if reach else BARS[len(BARS) // 2]

    return "".join(NOTHING if value is None else bar(value) for value in values)


def trend_lines(shown: Sequence[Trend], width: int) -> list[str]:
    """Each trend as a table under its sparkline, and what it shows."""
    lines: list[str] = []
    for trend in shown:
        spark = sparkline([run.pass_at_1 for run in trend.runs])
        runs = counted(len(trend.runs), "run", "runs")
        head = f"{printable(trend.strategy)} on {printable(trend.dataset)}: {runs}  {spark}"
        lines += [
            *([""] if lines else []),
            *wrapped(head, width),
            *_table(trend, width),
            *wrapped(finding(trend), width),
        ]
    return lines


def finding(trend: Trend) -> str:
    """Which run is the first that differs from its predecessor by more than chance."""
    tests = sum(change is not None for change in trend.changes)
    if not tests:
        return "there is nothing to compare yet"
    which = f"p below {ALPHA:g}, Holm-corrected over {counted(tests, 'change', 'changes')}"
    if (place := trend.first_change) is None:
        return f"no run differs significantly from the one before it ({which})"
    change, run = trend.changes[place - 1], trend.runs[place]
    assert change is not None
    return (
        f"the first run that differs significantly from the one before it is {run.started} ({_commit(run)}): "
        f"{change.difference:+.3f} {signed_interval(change.interval)}, p {p_text(change.p_holm)}, "
        f"{counted(change.problems, 'problem', 'problems')} ({which})"
    )


def _table(trend: Trend, width: int) -> list[str]:
    runs, changes = trend.runs, (None, *trend.changes)
    columns = [
        Column("commit", [_commit(run) for run in runs], words=True),
        Column("model", [printable(f"{run.model} ({short_digest(run.digest)})") for run in runs], words=True),
        Column("pass@1", ["n/a" if run.pass_at_1 is None else f"{run.pass_at_1:.3f}" for run in runs]),
        Column("95 % interval", [interval_text(run) for run in runs], glued=True),
        Column("problems", [str(run.problems) for run in runs]),
        Column("samples", [str(run.samples) for run in runs], glued=True),
        Column("errors", [str(run.errors) for run in runs]),
        Column("change", ["" if change is None else f"{change.difference:+.3f}" for change in changes]),
        Column("p ", ["" if change is None else _p(change) for change in changes], glued=True),
        Column("sampling", [run.sampling for run in runs], words=True),
    ]
    return text_table(Column("started", [run.started for run in runs]), columns, width)


def interval_text(run: HistoryLine) -> str:
    """The interval of pass@1."""
    return "n/a" if run.low is None or run.high is None else f"[{run.low:.3f}, {run.high:.3f}]"


def _p(change: Comparison) -> str:
    return p_text(change.p_holm, "<.001") + ("*" if change.significant else " ")


def _commit(run: HistoryLine) -> str:
    if not run.git_commit:
        return "no commit"
    commit, dash, dirty = run.git_commit.partition("-")
    return printable(commit[:8] + dash + dirty)

"""How drops beyond a control's read in the terminal, and in the Markdown that quotes it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.statistics.excess_drop import LIMIT, ExcessDrop
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.statistics.two_samples import TwoSamples
from pytest_humaneval.text.wording import p_text, signed_interval


def excess_lines(rows: Sequence[ExcessDrop], width: int) -> list[str]:
    """A row for each strategy and dataset, and what else can be the reason; nothing where there is no control."""
    if not rows:
        return []
    corrected = f", Holm-corrected over {len(rows)}" if len(rows) > 1 else ""
    intro = (
        f"drops in pass@1 under rewrites beyond those on {rows[0].control}, the control, under the same: means over "
        f"problems; p of the one-sided permutation test{corrected}; * is below {ALPHA:g}"
    )
    columns = two_sample_columns([row.figure for row in rows], [row.p_holm for row in rows], "drop", "on control")
    names = Column("strategy, dataset", [f"{row.strategy}, {row.dataset}" for row in rows])
    return [*wrapped(intro, width), "", *text_table(names, columns, width), "", *wrapped(LIMIT, width)]


def two_sample_columns(
    figures: Sequence[TwoSamples], corrected: Sequence[float], first: str, second: str
) -> list[Column]:
    """The columns of comparisons of two sets of problems, which ``first`` and ``second`` name."""
    return [
        Column("problems", [f"{figure.first_problems}, {figure.second_problems}" for figure in figures]),
        Column(first, [f"{figure.first:.3f}" for figure in figures]),
        Column(second, [f"{figure.second:.3f}" for figure in figures]),
        Column("difference", [f"{figure.difference:+.3f}" for figure in figures]),
        Column("95 % interval", [signed_interval(figure.interval) for figure in figures], glued=True),
        Column("p ", [f"{p_text(p, '<.001')}{'*' if p < ALPHA else ' '}" for p in corrected]),
    ]

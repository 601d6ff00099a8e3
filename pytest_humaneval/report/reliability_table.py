"""How reliability reads in the terminal, and in the Markdown that quotes it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.statistics.reliability import Reliability, Share

TOLD = (
    "reliability of several samples of a problem: pass^k is the chance that all of k pass; same answer, the share of a "
    "problem's samples with its most frequent completion; all are means over problems with their 95 % intervals"
)


def reliability_lines(rows: Sequence[Reliability], width: int) -> list[str]:
    """A row for each strategy that drew several samples; nothing where none did."""
    if not rows:
        return []
    columns = [
        Column("problems", [str(row.problems) for row in rows]),
        Column("samples", [str(row.samples) for row in rows], glued=True),
    ]
    for k in sorted({k for row in rows for k in row.all_pass}):
        columns += _columns(f"pass^{k}", [row.all_pass.get(k) for row in rows])
    columns += _columns("same answer", [row.same_answer for row in rows])
    for head, name in (("empty", "empty"), ("cut off", "cut_off"), ("unparsable", "unparsable")):
        columns += _columns(head, [getattr(row, name) for row in rows])
    return [*wrapped(TOLD, width), "", *text_table(Column("strategy", [row.strategy for row in rows]), columns, width)]


def _columns(head: str, shares: Sequence[Share | None]) -> list[Column]:
    return [
        Column(head, ["n/a" if share is None else f"{share.value:.3f}" for share in shares]),
        Column(
            "95 % interval",
            ["n/a" if share is None else f"[{share.interval[0]:.3f}, {share.interval[1]:.3f}]" for share in shares],
            glued=True,
        ),
    ]

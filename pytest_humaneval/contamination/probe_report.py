"""How the probes read in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.contamination.probes import LIMITS, Finding
from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.wording import p_text

NOTHING = "no probe shows more than the control: that proves nothing about what the model has seen"
SOMETHING = "what is marked can hardly be chance; whether it is memory, the limits below say"


def probe_lines(found: Sequence[Finding], dataset: str, control: str, width: int) -> list[str]:
    """A table of the probes, what they mean together, and the limits of each."""
    figures = [one.figure for one in found]
    columns = [
        Column("problems", [f"{one.first_problems}, {one.second_problems}" for one in figures]),
        Column(dataset, [f"{one.first:.3f}" for one in figures]),
        Column(control, [f"{one.second:.3f}" for one in figures]),
        Column("difference", [f"{one.difference:+.3f}" for one in figures]),
        Column("95 % interval", [f"[{one.interval[0]:+.3f}, {one.interval[1]:+.3f}]" for one in figures], glued=True),
        Column("p ", [f"{p_text(one.p_holm, '<.001')}{'*' if one.flagged else ' '}" for one in found]),
    ]
    told = (
        f"{dataset} against {control}, the control: means over problems; p of the one-sided permutation test, "
        f"Holm-corrected over {len(found)}; * is below {ALPHA:g}"
    )
    lines = [*wrapped(told, width), "", *text_table(Column("probe", [one.probe for one in found]), columns, width), ""]
    lines += wrapped(SOMETHING if any(one.flagged for one in found) else NOTHING, width)
    return [*lines, *(line for one in found for line in wrapped(f"{one.probe}: {LIMITS[one.probe]}", width))]

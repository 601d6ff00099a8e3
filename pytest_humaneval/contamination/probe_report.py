"""How the probes read in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.contamination.probes import LIMITS, Finding
from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.wording import p_text, signed_interval

NOTHING = "no probe shows more than the control: that proves nothing about what the model has seen"
SOMETHING = "what is marked can hardly be chance; whether it is memory, the limits below say"


def probe_lines(findings: Sequence[Finding], dataset: str, control: str, width: int) -> list[str]:
    """A table of the probes, what they mean together, and the limits of each."""
    figures = [finding.figure for finding in findings]
    columns = [
        Column("problems", [f"{figure.first_problems}, {figure.second_problems}" for figure in figures]),
        Column(dataset, [f"{figure.first:.3f}" for figure in figures]),
        Column(control, [f"{figure.second:.3f}" for figure in figures]),
        Column("difference", [f"{figure.difference:+.3f}" for figure in figures]),
        Column(
            "95 % interval",
            [signed_interval(figure.interval) for figure in figures],
            glued=True,
        ),
        Column("p ", [f"{p_text(finding.p_holm, '<.001')}{'*' if finding.flagged else ' '}" for finding in findings]),
    ]
    intro = (
        f"{dataset} against {control}, the control: means over problems; p of the one-sided permutation test, "
        f"Holm-corrected over {len(findings)}; * is below {ALPHA:g}"
    )
    lines = [
        *wrapped(intro, width),
        "",
        *text_table(Column("probe", [finding.probe for finding in findings]), columns, width),
        "",
    ]
    lines += wrapped(SOMETHING if any(finding.flagged for finding in findings) else NOTHING, width)
    return [
        *lines,
        *(line for finding in findings for line in wrapped(f"{finding.probe}: {LIMITS[finding.probe]}", width)),
    ]

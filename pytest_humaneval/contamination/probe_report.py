"""How the probes read in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.contamination.probes import LIMITS, Finding
from pytest_humaneval.contamination.statement_ranks import StatementRanks
from pytest_humaneval.report.excess_table import two_sample_columns
from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text, signed_interval

NOTHING = "no probe shows more than the control: that proves nothing about what the model has seen"
SOMETHING = "what is marked can hardly be chance; whether it is memory, the limits below say"


def probe_lines(
    findings: Sequence[Finding], dataset: str, control: str, width: int, ranks: Sequence[StatementRanks | None] = ()
) -> list[str]:
    """A table of the probes, the ranks of either set's statements, what they mean together, and the limits of each."""
    figures = [finding.figure for finding in findings]
    columns = two_sample_columns(figures, [finding.p_holm for finding in findings], dataset, control)
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
    for name, of_set in zip((dataset, control), ranks, strict=False):
        lines += wrapped(_ranks(name, of_set), width) if of_set is not None else []
    lines += wrapped(SOMETHING if any(finding.flagged for finding in findings) else NOTHING, width)
    return [
        *lines,
        *(line for finding in findings for line in wrapped(f"{finding.probe}: {LIMITS[finding.probe]}", width)),
    ]


def _ranks(name: str, ranks: StatementRanks) -> str:
    interval = f" {signed_interval(ranks.interval)}" if ranks.interval is not None else ""
    return (
        f"{name}: the statement as it is is the likeliest of its versions in {ranks.first} of "
        f"{counted(ranks.problems, 'problem', 'problems')}, rank {ranks.mean_rank:.2f} of {ranks.versions:.2f} in the "
        f"mean; {ranks.gain:+.4f} nats per token over the mean of its rewrites{interval}, p {p_text(ranks.p)} of the "
        "exact sign-flip test"
    )

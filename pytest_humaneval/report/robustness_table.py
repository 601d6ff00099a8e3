"""How rewritten problems read in the terminal, and in the Markdown that quotes it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.printable import counted
from pytest_humaneval.report.texttable import Column, folded, text_table, wrapped
from pytest_humaneval.statistics.paired import ALPHA
from pytest_humaneval.statistics.robustness import Robustness
from pytest_humaneval.wording import p_text

MARK = "*"
MOST_LISTED = 12  # pairs of strategy and rewrite whose broken problems are named, significant or not
MOST_NAMED = 2  # lines for the problems that break under one rewrite


def robustness_lines(rows: Sequence[Robustness], width: int) -> list[str]:
    """For each dataset a table of strategies and rewrites, what they cost, and which problems break under which."""
    lines: list[str] = []
    for dataset in dict.fromkeys(row.dataset for row in rows):
        some = [row for row in rows if row.dataset == dataset]
        lines += [*([""] if lines else []), *_of_dataset(dataset, some, width)]
    return lines


def _of_dataset(dataset: str, rows: Sequence[Robustness], width: int) -> list[str]:
    pairs = [(row, one) for row in rows for one in row.comparisons]
    methods = " or ".join(dict.fromkeys(one.method for _, one in pairs))
    corrected = f", Holm-corrected over {len(pairs)} (intervals are not)" if len(pairs) > 1 else ""
    told = (
        f"rewritten problems of {dataset}: pass@1 minus that of the same problems as they were; p of the {methods} "
        f"test{corrected}; {MARK} is below {ALPHA:g}"
    )
    columns = [
        Column("problems", [str(one.problems) for _, one in pairs]),
        Column("as it was", [f"{one.second_pass_at_1:.3f}" for _, one in pairs]),
        Column("rewritten", [f"{one.first_pass_at_1:.3f}" for _, one in pairs]),
        Column("change", [f"{one.difference:+.3f}" for _, one in pairs]),
        Column("95 % interval", [f"[{one.interval[0]:+.3f}, {one.interval[1]:+.3f}]" for _, one in pairs], glued=True),
        Column("fixed", [str(len(one.better)) for _, one in pairs]),
        Column("broken", [str(len(one.worse)) for _, one in pairs]),
        Column("p ", [f"{p_text(one.p_holm, '<.001')}{MARK if one.significant else ' '}" for _, one in pairs]),
    ]
    names = Column("strategy, rewrite", [f"{row.strategy}, {one.first}" for row, one in pairs])
    lines = [*wrapped(told, width), "", *text_table(names, columns, width), ""]
    for row in rows:
        lines += wrapped(_worst_case(row), width)
    named = pairs if len(pairs) <= MOST_LISTED else [(row, one) for row, one in pairs if one.significant]
    if len(named) < len(pairs):
        lines += wrapped("which problems break under the other rewrites is in run.json of --humaneval-output", width)
    for row, one in named:
        if one.worse:
            broken = folded(one.worse, MOST_NAMED * width)
            lines += wrapped(f"{row.strategy} broken by {one.first}: {broken}", width)
    return lines


def _worst_case(row: Robustness) -> str:
    low, high = row.worst_case_interval
    told = (
        f"{row.strategy}: worst case {row.worst_case:.3f} [{low:.3f}, {high:.3f}] of "
        f"{counted(row.problems, 'problem', 'problems')} (right as it was and under "
        f"{counted(len(row.comparisons), 'rewrite', 'rewrites')}), as it was {row.pass_at_1:.3f}"
    )
    if (worst := row.worst) is not None and worst.difference < 0:
        told += f"; {worst.first} costs most"
    return told

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
    pairs = [(row, comparison) for row in rows for comparison in row.comparisons]
    methods = " or ".join(dict.fromkeys(comparison.method for _, comparison in pairs))
    corrected = f", Holm-corrected over {len(pairs)} (intervals are not)" if len(pairs) > 1 else ""
    intro = (
        f"rewritten problems of {dataset}: pass@1 minus that of the same problems as they were; p of the {methods} "
        f"test{corrected}; {MARK} is below {ALPHA:g}"
    )
    columns = [
        Column("problems", [str(comparison.problems) for _, comparison in pairs]),
        Column("as it was", [f"{comparison.second_pass_at_1:.3f}" for _, comparison in pairs]),
        Column("rewritten", [f"{comparison.first_pass_at_1:.3f}" for _, comparison in pairs]),
        Column("change", [f"{comparison.difference:+.3f}" for _, comparison in pairs]),
        Column(
            "95 % interval",
            [f"[{comparison.interval[0]:+.3f}, {comparison.interval[1]:+.3f}]" for _, comparison in pairs],
            glued=True,
        ),
        Column("fixed", [str(len(comparison.better)) for _, comparison in pairs]),
        Column("broken", [str(len(comparison.worse)) for _, comparison in pairs]),
        Column(
            "p ",
            [
                f"{p_text(comparison.p_holm, '<.001')}{MARK if comparison.significant else ' '}"
                for _, comparison in pairs
            ],
        ),
    ]
    names = Column("strategy, rewrite", [f"{row.strategy}, {comparison.first}" for row, comparison in pairs])
    lines = [*wrapped(intro, width), "", *text_table(names, columns, width), ""]
    for row in rows:
        lines += wrapped(_worst_case(row), width)
    named = (
        pairs
        if len(pairs) <= MOST_LISTED
        else [(row, comparison) for row, comparison in pairs if comparison.significant]
    )
    if len(named) < len(pairs):
        lines += wrapped("which problems break under the other rewrites is in run.json of --humaneval-output", width)
    for row, comparison in named:
        if comparison.worse:
            broken = folded(comparison.worse, MOST_NAMED * width)
            lines += wrapped(f"{row.strategy} broken by {comparison.first}: {broken}", width)
    return lines


def _worst_case(row: Robustness) -> str:
    low, high = row.worst_case_interval
    text = (
        f"{row.strategy}: worst case {row.worst_case:.3f} [{low:.3f}, {high:.3f}] of "
        f"{counted(row.problems, 'problem', 'problems')} (right as it was and under "
        f"{counted(len(row.comparisons), 'rewrite', 'rewrites')}), as it was {row.pass_at_1:.3f}"
    )
    if (worst := row.worst) is not None and worst.difference < 0:
        text += f"; {worst.first} costs most"
    return text

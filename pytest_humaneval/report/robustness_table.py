"""How rewritten problems read in the terminal, and in the Markdown that quotes it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.report.comparisons import method_text, test_columns
from pytest_humaneval.report.texttable import Column, folded, text_table, wrapped
from pytest_humaneval.statistics.robustness import Robustness
from pytest_humaneval.text.printable import counted

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
    shown = [comparison for _, comparison in pairs]
    intro = (
        f"rewritten problems of {dataset}: pass@1 minus that of the same problems as they were; {method_text(shown)}"
    )
    columns = [
        Column("problems", [str(comparison.problems) for comparison in shown]),
        Column("as it was", [f"{comparison.second_pass_at_1:.3f}" for comparison in shown]),
        Column("rewritten", [f"{comparison.first_pass_at_1:.3f}" for comparison in shown]),
        *test_columns(shown, "change", "fixed", "broken", ""),
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
    if not row.problems:
        return f"{row.strategy}: worst case not known, as no problem has a verdict in every version"
    low, high = row.worst_case_interval
    text = (
        f"{row.strategy}: worst case {row.worst_case:.3f} [{low:.3f}, {high:.3f}] of "
        f"{counted(row.problems, 'problem', 'problems')} (right as it was and under "
        f"{counted(len(row.comparisons), 'rewrite', 'rewrites')}), as it was {row.pass_at_1:.3f}"
    )
    if (worst := row.worst) is not None and worst.difference < 0:
        text += f"; {worst.first} costs most"
    return text

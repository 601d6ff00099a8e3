"""What the reader must know of the table's rows: what went wrong how often, and what makes a row doubtful."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.outcome import KINDS
from pytest_humaneval.report.stopping_lines import stopped_notes
from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.results.rows import Row
from pytest_humaneval.text.printable import counted

MANY = 6  # strategies; of more, the remarks are a table


def remark_lines(rows: Sequence[Row], width: int) -> list[str]:
    """What went wrong how often, as a table where there are many strategies; and what makes a row doubtful."""
    doubts = [line for text in stopped_notes(rows) for line in wrapped(text, width)]
    doubts += [line for row in rows for line in wrapped(_causes(row), width)]
    doubts += [line for row in rows for line in wrapped(doubt_line(row), width)]
    if len(rows) > MANY:
        remarks = _remark_table(rows, width)
        return [*remarks, *(["", *doubts] if remarks and doubts else doubts)]
    return [line for row in rows for text in _remarks(row) for line in wrapped(text, width)] + doubts


def sees_lines(rows: Sequence[Row], width: int) -> list[str]:
    """What sets rows apart whose strategies ran code, where there are any."""
    if not any(row.guided for row in rows):
        return []
    text = "sees: rows marked `examples` ran code on the docstring's visible examples and may have drawn more than once"
    return wrapped(f"{text}; compare them with each other, not with a single answer to a prompt", width)


def doubt_line(row: Row) -> str:
    """What makes a row doubtful; empty where nothing does."""
    if row.is_raw:
        return f"warning: {row.doubt}" if row.doubt else ""
    advice = "look at the prompt, its stops and the post-processing before believing this row"
    return f"warning: {row.doubt}; {advice}" if row.doubt else ""


def _causes(row: Row) -> str:
    """What the mistakes are, the most frequent first, and how many show none."""
    if not row.causes:
        return ""
    wrong = row.judged - row.passed
    causes = [f"{count} {cause}" for cause, count in sorted(row.causes.items(), key=lambda pair: (-pair[1], pair[0]))]
    if rest := wrong - sum(row.causes.values()):
        causes.append(f"{rest} none of these")
    return f"{row.strategy}: causes of {counted(wrong, 'wrong answer', 'wrong answers')}: {', '.join(causes)}"


def _remarks(row: Row) -> list[str]:
    remarks = []
    wrong = ", ".join(f"{count} {kind}" for kind, count in sorted(row.kinds.items()) if kind != "passed")
    if wrong:
        remarks.append(f"{row.strategy}: {wrong}")
    if row.steps:
        steps = ", ".join(f"{name} {count}" for name, count in sorted(row.steps.items()))
        remarks.append(f"{row.strategy}: post-processing changed {steps}")
    if row.truncated:
        remarks.append(f"{row.strategy}: {counted(row.truncated, 'generation', 'generations')} reached the token limit")
    if row.ends:
        ends = ", ".join(f"{count} {reason}" for reason, count in sorted(row.ends.items()))
        remarks.append(f"{row.strategy}: generations that ended otherwise: {ends}")
    return remarks


def _remark_table(rows: Sequence[Row], width: int) -> list[str]:
    """The same of many strategies: a column for each kind of verdict, post-processing step and for the token limit."""
    kinds = [kind for kind in KINDS if kind != "passed" and any(row.kinds.get(kind) for row in rows)]
    columns = [Column(kind, [str(row.kinds.get(kind, 0)) for row in rows]) for kind in kinds]
    steps = sorted({step for row in rows for step in row.steps})
    columns += [Column(f"{step} changed", [str(row.steps.get(step, 0)) for row in rows]) for step in steps]
    if any(row.truncated for row in rows):
        columns.append(Column("at token limit", [str(row.truncated) for row in rows]))
    for reason in sorted({reason for row in rows for reason in row.ends}):
        columns.append(Column(f"ended by {reason}", [str(row.ends.get(reason, 0)) for row in rows]))
    return text_table(Column("strategy", [row.strategy for row in rows]), columns, width)

"""The summary of a run in Markdown, for a pull request or a CI's page.

What a model, a server or a user named or wrote goes into code spans, or is escaped: it cannot become markup, a link or
a mention, and cannot end the table or the folded part around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pytest_humaneval.dataset.kinds import num_shown
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.header_lines import identity_line
from pytest_humaneval.report.partial import part_notes, partial_note
from pytest_humaneval.report.rejected import rejected, rejection_text
from pytest_humaneval.report.stopping_lines import stopped_notes
from pytest_humaneval.report.terminal import analysis_lines
from pytest_humaneval.results.headline import Headline, headline
from pytest_humaneval.results.ledger import Ledger, errors_told
from pytest_humaneval.results.parts import POOLED, is_rewritten, parts_of
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.rows import Row, context_of, ranked, rows_of
from pytest_humaneval.results.run_json import plan_options
from pytest_humaneval.results.sampling import REPLAY, sampling_told
from pytest_humaneval.text.printable import counted, printable
from pytest_humaneval.text.wording import context_text, three_decimals

HEADLINE_CHARACTERS = 160
WIDTH = 100  # of comparisons and gates
LISTED_BYTES = 400_000  # of failures; a page of Markdown beyond it helps nobody

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def escaped(text: str) -> str:
    """``text`` on one line, every ASCII punctuation mark with a backslash: none is markup then (CommonMark 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", _one_line(text))


def code(text: str) -> str:
    """``text`` on one line as a code span, fenced by more backticks than it holds in a row (CommonMark 6.1)."""
    line = _one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in (line[:1], line[-1:]) else ""
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def markdown_summary(
    ledger: Ledger, limit: int | None = None, analysis: Analysis | None = None, run: dict[str, Any] | None = None
) -> str:
    """What was evaluated, a table of the strategies, what must be known, what it proves, and the failures, folded.

    ``limit`` is the most bytes of UTF-8 it may have; failures beyond it are counted instead of listed. ``run`` is the
    run's record, where there is one.
    """
    plan = ledger.plan
    sampling = sampling_told(run or plan_options(plan)) + context_text(context_of(ledger.outcomes.values()))
    facts = [identity_line(plan.identity), sampling, _problems(plan)]
    notes = part_notes(plan_options(plan)["shard"])
    notes += [partial_note(ledger.selected)] if ledger.selected else []
    notes += [f"warning: {text}" for text in (*ledger.errors_told(), ledger.not_run_told()) if text]
    if ledger.further:
        tests = counted(len(ledger.further), "further test", "further tests")
        notes.append(f"note: {tests} on samples that are counted already, outside pass@k")
    generated = plan.engine.name != REPLAY
    table = _tables(ledger.sorted(), plan.ks, generated=generated, pool=plan.pool)
    return markdown(facts, table, notes, analysis or Analysis(), ledger.sorted(), ledger.headline, limit)


def markdown_results(
    run: Results,
    facts: Sequence[str],
    ks: Sequence[int],
    notes: Sequence[str],
    analysis: Analysis,
    entry_points: Mapping[str, str],
) -> str:
    """The same of a finished run; a function of no known name is told by its task."""
    generated = any(outcome.completion_tokens for outcome in run.outcomes)
    table = _tables(run.outcomes, ks, generated=generated, pool=POOLED in analysis.parts)
    errors = errors_told([outcome for outcome in run.outcomes if outcome.error])
    notes = [*notes, *(f"warning: {text}" for text in errors)]

    def headline_of(outcome: Outcome) -> Headline:
        return headline(outcome.kind, outcome.detail, entry_points.get(outcome.task_id, outcome.task_id))

    return markdown(facts, table, notes, analysis, run.outcomes, headline_of, None)


def markdown(
    facts: Sequence[str],
    table: Sequence[str],
    notes: Sequence[str],
    analysis: Analysis,
    outcomes: Sequence[Outcome],
    headline_of: Callable[[Outcome], Headline],
    limit: int | None,
) -> str:
    """The parts as one text."""
    head = ["## HumanEval", "", "; ".join(map(escaped, facts)), "", *table, ""]
    errors = [outcome for outcome in outcomes if outcome.error]
    rows = rows_of(outcomes, (1,))
    doubts = [*stopped_notes(rows), *(f"warning: {row.doubt}" for row in rows if row.doubt)]
    for note in [*notes, *doubts]:
        word, _, rest = note.partition(": ")
        head += [f"**{word.capitalize()}:** {escaped(rest)}.", ""]
    for name, part in analysis.parts.items():
        if compared := analysis_lines(part, WIDTH, kept=False):
            head += [f"### {escaped(name)}", "", *_fenced(compared)]
    head += _fenced(analysis_lines(analysis, WIDTH, kept=False))
    listed = LISTED_BYTES if limit is None else min(LISTED_BYTES, limit - _bytes(head))
    failures = [outcome for outcome in outcomes if not outcome.passed and not outcome.error]
    folded = _folded(
        "errors" if len(errors) > 1 else "error", errors, headline_of, listed // 4, " of engine or sandbox"
    )
    beyond = _folded("that only the stronger tests reject", rejected(outcomes), _rejection, listed // 4)
    what = "failures" if len(failures) > 1 else "failure"
    return "\n".join([*head, *folded, *beyond, *_folded(what, failures, headline_of, listed)])


def _rejection(outcome: Outcome) -> Headline:
    return Headline(rejection_text(outcome))


def _problems(plan: Plan) -> str:
    shown = num_shown(plan.problems)
    note = f", prompts showing up to {counted(shown, 'assertion', 'assertions')} of their test" if shown else ""
    return f"{counted(len(plan.problems), 'problem', 'problems')} of {plan.dataset_name}{note}"


def _tables(outcomes: Sequence[Outcome], ks: Sequence[int], *, generated: bool, pool: bool) -> list[str]:
    """The table; of several datasets one each, under its name."""
    lines: list[str] = []
    for name, some in parts_of(outcomes, pool=pool).items():
        if is_rewritten(some):  # they stand in a table of their own
            continue
        problems = counted(len({outcome.task_id for outcome in some}), "problem", "problems")
        lines += [*([""] if lines else []), *([f"### {escaped(f'{name}: {problems}')}", ""] if name else [])]
        lines += _table(rows_of(some, ks), ks, generated=generated)
    return lines


def _table(rows: Sequence[Row], ks: Sequence[int], *, generated: bool) -> list[str]:
    counts = ("passed", "failed", "timed_out", "errors", *(["tokens"] if generated else []))
    strong_ks = [k for k in ks if any(k in row.strong_pass_at_k for row in rows)]
    strong = [text for k in strong_ks for text in (f"strong@{k}", "95 % interval")]
    head = [
        "strategy",
        *(f"pass@{k}" for k in ks),
        "95 % interval",
        *strong,
        *(name.replace("_", " ") for name in counts),
    ]
    lines = [head, [":--", *("--:" for _ in head[1:])]]
    for row in ranked(rows):
        values = [three_decimals(row.pass_at_k[k]) for k in ks]
        further = [(row.strong_pass_at_k.get(k), row.strong_intervals.get(k)) for k in strong_ks]
        strong = [text for value, between in further for text in (three_decimals(value), _between(between))]
        numbers = [str(getattr(row, name)) for name in counts]
        lines.append([escaped(row.strategy), *values, _between(row.interval), *strong, *numbers])
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _between(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "n/a"


def _fenced(lines: Sequence[str]) -> list[str]:
    """Comparisons and gates as the terminal has them, in a code block fenced by more backticks than it holds."""
    if not lines:
        return []
    shown = [printable(line).replace("\n", " ") for line in lines[1:]]  # the first is blank
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *shown, fence, ""]


def _folded(
    what: str, outcomes: Sequence[Outcome], headline_of: Callable[[Outcome], Headline], limit: int, whose: str = ""
) -> list[str]:
    """A list under a summary line that opens it; as many as ``limit`` bytes hold, and how many more there are."""
    if not outcomes:
        return []
    lines: list[str] = []
    for outcome in outcomes:
        line = _item(outcome, headline_of(outcome))
        limit -= _bytes([line])
        if limit < 0:
            lines.append(f"- and {len(outcomes) - len(lines)} more")
            break
        lines.append(line)
    return [f"<details><summary>{len(outcomes)} {what}{whose}</summary>", "", *lines, "", "</details>", ""]


def _item(outcome: Outcome, why: Headline) -> str:
    detail = why.within(HEADLINE_CHARACTERS)
    sample = f" sample {outcome.sample_index}" if outcome.sample_index else ""
    suffix = f": {code(detail)}" if code(detail) else ""
    return f"- {code(outcome.task_id)} {code(outcome.strategy)}{sample} {escaped(outcome.kind)}{suffix}"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)

"""The summary of a run in Markdown, for a pull request or a CI's page.

What a model, a server or a user named or wrote goes into code spans, or is escaped: it cannot become markup, a link or
a mention, and cannot end the table or the folded part around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.printable import counted, printable
from pytest_humaneval.report.terminal import UNUSABLE_SHARE, identity_line, sampling_line
from pytest_humaneval.results.headline import Headline
from pytest_humaneval.results.ledger import Ledger

HEADLINE_CHARACTERS = 160
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


def markdown_summary(ledger: Ledger, limit: int | None = None) -> str:
    """What was evaluated, a table of the strategies, what must be known of it, and the failures, folded.

    ``limit`` is the most bytes of UTF-8 it may have; failures beyond it are counted instead of listed.
    """
    plan = ledger.plan
    head = [
        "## HumanEval",
        "",
        f"{escaped(identity_line(plan.identity))}; {escaped(sampling_line(plan.sampling, plan.num_samples))}; "
        f"{len(plan.problems)} problems of {escaped(plan.dataset_name)}",
        "",
        *_table(ledger),
        "",
        *_warnings(ledger),
    ]
    listed = LISTED_BYTES if limit is None else min(LISTED_BYTES, limit - _bytes(head))
    errors = [outcome for outcome in ledger.sorted() if outcome.error]
    failures = [outcome for outcome in ledger.sorted() if not outcome.passed and not outcome.error]
    folded = _folded("errors of engine or sandbox", errors, ledger.headline, listed // 4)
    return "\n".join([*head, *folded, *_folded("failures", failures, ledger.headline, listed)])


def _table(ledger: Ledger) -> list[str]:
    ks = ledger.plan.ks
    head = [
        "strategy",
        *(f"pass@{k}" for k in ks),
        "95 % interval",
        "passed",
        "failed",
        "timed out",
        "errors",
        "tokens",
    ]
    lines = [head, [":--", *("--:" for _ in head[1:])]]
    for row in ledger.rows():
        interval = f"{row.interval[0]:.3f} to {row.interval[1]:.3f}" if row.interval else "n/a"
        values = ["n/a" if row.pass_at_k[k] is None else f"{row.pass_at_k[k]:.3f}" for k in ks]
        counts = (row.passed, row.failed, row.timed_out, row.errors, row.tokens)
        lines.append([escaped(row.strategy), *values, interval, *map(str, counts)])
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _warnings(ledger: Ledger) -> list[str]:
    found = [f"{told}." for told in (*ledger.errors_told(), ledger.not_run_told()) if told]
    if ledger.further:
        tests = counted(len(ledger.further), "further test", "further tests")
        found.append(f"{tests} on samples that are counted already, outside pass@k.")
    for row in ledger.rows():
        if row.judged and row.unusable > UNUSABLE_SHARE * row.judged:
            found.append(
                f"{escaped(row.strategy)}: {row.unusable} of {row.judged} completions are empty or do not parse."
            )
    return [line for text in found for line in (f"**Warning:** {text}", "")]


def _folded(what: str, outcomes: Sequence[Outcome], told: Callable[[Outcome], Headline], limit: int) -> list[str]:
    """A list under a summary line that opens it; as many as ``limit`` bytes hold, and how many more there are."""
    if not outcomes:
        return []
    lines: list[str] = []
    for outcome in outcomes:
        line = _item(outcome, told(outcome))
        limit -= _bytes([line])
        if limit < 0:
            lines.append(f"- and {len(outcomes) - len(lines)} more")
            break
        lines.append(line)
    return [f"<details><summary>{len(outcomes)} {what}</summary>", "", *lines, "", "</details>", ""]


def _item(outcome: Outcome, why: Headline) -> str:
    detail = why.within(HEADLINE_CHARACTERS)
    sample = f" sample {outcome.sample_index}" if outcome.sample_index else ""
    told = f": {code(detail)}" if code(detail) else ""
    return f"- {code(outcome.task_id)} {code(outcome.strategy)}{sample} {escaped(outcome.kind)}{told}"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)

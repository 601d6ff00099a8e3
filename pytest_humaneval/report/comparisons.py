"""How comparisons and gates read in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_humaneval.report.analysis import MATRIX_STRATEGIES, Analysis
from pytest_humaneval.report.baseline import BaselineComparison
from pytest_humaneval.report.texttable import Column, folded, text_table, wrapped
from pytest_humaneval.statistics.churn import Churn
from pytest_humaneval.statistics.comparison import MCNEMAR, Comparison, smallest_detectable
from pytest_humaneval.statistics.paired import ALPHA, POWER
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text, signed_interval

NAMED_LINES = 2  # of the terminal's width, for the problems that are fixed or broken; the unchanged ones get half
MARK = "*"


def pair_lines(analysis: Analysis, width: int, kept: bool) -> list[str]:
    """The strategies of one run against each other; ``kept`` says whether run.json holds all pairs."""
    if not analysis.pairs:
        return []
    names = list(dict.fromkeys(name for pair in analysis.pairs for name in (pair.first, pair.second)))
    if 2 < len(names) <= MATRIX_STRATEGIES:
        return _matrix(names, analysis.pairs, width)
    shown = analysis.with_reference
    text = f"{'minus ' + shown[0].second}: {method_text(shown, 'strategies')}"
    if len(names) > 2:
        text += f"; all {len(analysis.pairs)} pairs are in run.json" if kept else "; --humaneval-output keeps all pairs"
    table = text_table(
        Column("strategy", [comparison.first for comparison in shown]),
        test_columns(shown, "difference", "better", "worse", "of"),
        width,
    )
    return [*wrapped(text, width), "", *table, "", *_detectable_lines(shown, width)]


def baseline_lines(baseline: BaselineComparison, width: int, *, tested: bool = True) -> list[str]:
    """Fixed, broken and unchanged problems of each strategy, and whether that is more than chance.

    Without ``tested`` only what else is known: the comparison stands elsewhere.
    """
    shown = baseline.comparisons
    lines = wrapped(baseline.source, width, "baseline  ")
    for note in baseline.notes:
        lines += wrapped(f"note: {note}", width)
    if not tested:
        return [*lines, *_churn_lines(baseline.churn, width)]
    if not shown:
        return [*lines, "nothing can be compared: no strategy has a problem with a verdict in both"]
    one_each = all(comparison.method == MCNEMAR for comparison in shown)
    words = ("fixed", "broken") if one_each else ("better", "worse")
    figures = [
        Column("before", [f"{comparison.second_pass_at_1:.3f}" for comparison in shown]),
        Column("now", [f"{comparison.first_pass_at_1:.3f}" for comparison in shown]),
        *test_columns(shown, "change", *words, "of"),
    ]
    lines += ["", *text_table(Column("strategy", [comparison.first for comparison in shown]), figures, width), ""]
    lines += wrapped(f"{method_text(shown, 'strategies')}", width)
    lines += _detectable_lines(shown, width)
    lines += _churn_lines(baseline.churn, width)
    named = shown if len(shown) <= MATRIX_STRATEGIES else [comparison for comparison in shown if comparison.significant]
    for comparison in named:
        lines += ["", *_problem_lines(comparison, words, width)]
    if len(named) < len(shown):
        lines += wrapped("the problems of the other strategies are named in run.json of --humaneval-output", width)
    return lines


def gate_lines(analysis: Analysis, width: int) -> list[str]:
    """Each gate's answer, and the run's."""
    lines: list[str] = []
    words = {True: "holds", False: "DOES NOT HOLD", None: "NOT JUDGED"}
    for verdict in analysis.gates:
        lines += wrapped(
            f"{verdict.strategy}: {verdict.gate}: {words[verdict.holds]}: {verdict.reason}", width, "gate      "
        )
    return [*lines, *wrapped(analysis.answer, width, "gates     ")] if analysis.answer else lines


def _p(p: float) -> str:
    """In few columns."""
    return p_text(p, "<.001")


def _matrix(names: Sequence[str], pairs: Sequence[Comparison], width: int) -> list[str]:
    cells = {}
    for pair in pairs:
        mark = MARK if pair.significant else " "
        cells[pair.first, pair.second] = f"{pair.difference:+.3f}{mark}"
        cells[pair.second, pair.first] = f"{_p(pair.p_holm)}{mark}"
    columns = [
        Column(f"{number} ", [cells.get((row, column), ". " if row == column else "n/a ") for row in names])
        for number, column in enumerate(names, start=1)
    ]
    method = method_text(pairs, "pairs", intervals="")
    fewest, most = (pick(pair.problems for pair in pairs) for pick in (min, max))
    shared = f"{fewest} to {most} problems" if fewest < most else counted(most, "problem", "problems")
    text = f"in pairs, on {shared}: above the diagonal pass@1 of the row minus that of the column, below it {method}"
    rows = Column("", [f"{number} {name}" for number, name in enumerate(names, start=1)])
    return [*wrapped(text, width), "", *text_table(rows, columns, width), "", *_detectable_lines(pairs, width)]


def test_columns(shown: Sequence[Comparison], difference: str, better: str, worse: str, problems: str) -> list[Column]:
    """What a test of each says; the words are the columns' heads, and without ``problems`` they stand elsewhere."""
    return [
        Column(difference, [f"{comparison.difference:+.3f}" for comparison in shown]),
        Column(
            "95 % interval",
            [signed_interval(comparison.interval) for comparison in shown],
            glued=True,
        ),
        Column(better, [str(len(comparison.better)) for comparison in shown]),
        Column(worse, [str(len(comparison.worse)) for comparison in shown]),
        *([Column(problems, [str(comparison.problems) for comparison in shown])] if problems else []),
        Column("p ", [f"{_p(comparison.p_holm)}{MARK if comparison.significant else ' '}" for comparison in shown]),
    ]


def method_text(shown: Sequence[Comparison], what: str = "", intervals: str = " (intervals are not)") -> str:
    """Which test the p-values are of, and what they are corrected for: how many of ``what``.

    That may be more than are ``shown``: those of other datasets.
    """
    methods = " or ".join(dict.fromkeys(comparison.method for comparison in shown))
    tests = max(comparison.tests for comparison in shown)
    counts = f"{tests} {what}".rstrip() if tests == len(shown) else f"{tests} comparisons on all datasets"
    corrected = f", Holm-corrected over {counts}{intervals}" if tests > 1 else ""
    return f"p of the {methods} test{corrected}; {MARK} is below {ALPHA:g}"


def _detectable_lines(shown: Sequence[Comparison], width: int) -> list[str]:
    power = smallest_detectable(shown)
    if power is None:
        return []
    tests = max(comparison.tests for comparison in shown)
    alpha = f"alpha {ALPHA:g}" + (f"/{tests}" if tests > 1 else "")
    if power.difference is None:
        text = f"{counted(power.problems, 'problem is', 'problems are')} too few to show any difference at {alpha}"
        if power.method != MCNEMAR and not power.spread:
            how = "all differ alike" if any(one.better or one.worse for one in shown) else "none differs"
            text = (
                f"the smallest difference that {counted(power.problems, 'problem', 'problems')} could show is unknown: "
                f"{how}"
            )
    elif power.method == MCNEMAR and power.difference > power.spread:
        text = (
            f"{power.problems} problems show a true difference with a chance of {POWER:.0%} at {alpha} only if "
            f"{power.difference:.0%} of them differ, all in one direction; here {power.spread:.0%} "
            f"differ (exact power, "
            "Duffy 1984)"
        )
    elif power.method == MCNEMAR:
        text = (
            f"{power.problems} problems show a true difference of {power.difference:.3f} with a chance of {POWER:.0%} "
            f"at {alpha}, if {power.spread:.0%} of them differ as here (exact power, Duffy 1984)"
        )
    else:
        text = (
            f"{power.problems} problems show a true difference of {power.difference:.3f} with a chance of {POWER:.0%} "
            f"at {alpha}, if the problems' differences have a standard deviation of {power.spread:.3f} as here "
            "(normal approximation, Miller 2024)"
        )
    return wrapped(text, width)


def _churn_lines(churn: Sequence[Churn], width: int) -> list[str]:
    """What became of the answers, of which many may change while pass@1 stays."""
    if not churn:
        return []
    columns = [
        Column(head, [str(getattr(change, name)) for change in churn])
        for head, name in (
            ("answers", "answers"),
            ("same text", "same"),
            ("changed: still right", "still_right"),
            ("still wrong", "still_wrong"),
            ("fixed", "fixed"),
            ("broken", "broken"),
        )
    ]
    lines = ["", *text_table(Column("strategy", [change.strategy for change in churn]), columns, width)]
    for change in churn:
        if change.flipped:
            flips = counted(
                change.flipped,
                "answer has the same text and another verdict",
                "answers have the same text and another verdict",
            )
            lines += wrapped(f"note: {change.strategy}: {flips}: something beside the model changed", width)
    return lines


def _problem_lines(comparison: Comparison, words: tuple[str, str], width: int) -> list[str]:
    lines: list[str] = []
    for word, task_ids in zip(words, (comparison.better, comparison.worse), strict=True):
        named = folded(task_ids, NAMED_LINES * width) if task_ids else "none"
        lines += wrapped(f"{comparison.first} {word}: {named}", width)
    unchanged = [
        f"{len(task_ids)} {word} ({folded(task_ids, width // 2)})"
        for word, task_ids in (("passed", comparison.both), ("failed", comparison.neither))
        if task_ids
    ]
    return [*lines, *wrapped(f"{comparison.first} unchanged: {', '.join(unchanged) or 'none'}", width)]

"""What the terminal shows at the end: header, table, remarks and what it proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pytest_humaneval.dataset.kinds import num_shown
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.comparisons import baseline_lines, gate_lines, pair_lines
from pytest_humaneval.report.excess_table import excess_lines
from pytest_humaneval.report.header_lines import HEADER_WIDTH, check_lines, engine_lines, identity_line, problem_lines
from pytest_humaneval.report.likelihood_lines import likelihood_lines
from pytest_humaneval.report.partial import part_notes, partial_note
from pytest_humaneval.report.preregistration_lines import registration_lines
from pytest_humaneval.report.rejected import rejected_lines
from pytest_humaneval.report.reliability_table import reliability_lines
from pytest_humaneval.report.remarks import doubt_line, remark_lines, sees_lines
from pytest_humaneval.report.robustness_table import robustness_lines
from pytest_humaneval.report.stopping_lines import stops_lines
from pytest_humaneval.report.strategy_table import experiment_table, table
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.parts import POOLED, is_rewritten, parts_of
from pytest_humaneval.results.rows import Row, context_of, ranked, rows_of
from pytest_humaneval.results.run_json import plan_options
from pytest_humaneval.results.sampling import REPLAY, sampling_told
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import context_text


def summary_lines(
    ledger: Ledger,
    progress: dict[str, Any],
    layers: Sequence[str],
    timeout: float,
    analysis: Analysis | None = None,
    width: int = HEADER_WIDTH,
    kept: bool = False,
) -> list[str]:
    """The summary: what was evaluated and how, the table, what the reader must know of it, and what it proves."""
    plan, rows = ledger.plan, ranked(ledger.rows())
    with_experiments = any(strategy.base for strategy in plan.strategies)
    run = plan_options(plan) | {"engine_process": progress}
    held = context_text(context_of(ledger.outcomes.values()))
    header = [
        *wrapped(identity_line(plan.identity), width, "model     "),
        *(wrapped(plan.identity.precision, width, "precision ") if plan.identity.precision else []),
        *([] if with_experiments else wrapped(sampling_told(run) + held, width, "sampling  ")),
        *problem_lines(plan, width),
        *check_lines(timeout, plan.sandbox.memory_mb, [layers], width, ledger.from_store),
        *([] if plan.engine.name == REPLAY else engine_lines(progress, width)),
        *(["", *experiment_table(plan, run, width)] if with_experiments else []),
    ]
    of_run = [*_partial(ledger, width), *_further(ledger, width)]
    of_run += rejected_lines(ledger.sorted(), ledger.counterexample, width)
    for notice in progress.get("notices", []):
        of_run += wrapped(f"note: {notice}", width)
    analysis, generated = analysis or Analysis(), plan.engine.name != REPLAY
    if analysis.parts:
        shown = {dataset.name: num_shown(dataset.problems) for dataset in plan.datasets}
        tables = part_lines(ledger.sorted(), plan.ks, analysis, width, generated=generated, kept=kept, shown=shown)
        return [*header, *tables, *(["", *of_run] if of_run else []), *analysis_lines(analysis, width, kept)]
    remarks = [*sees_lines(rows, width), *remark_lines(rows, width), *of_run]
    lines = results_lines(header, rows, plan.ks, remarks, width, generated=generated, shown=num_shown(plan.problems))
    return [*lines, *analysis_lines(analysis, width, kept)]


def part_lines(
    outcomes: Iterable[Outcome],
    ks: Sequence[int],
    analysis: Analysis,
    width: int,
    *,
    generated: bool = True,
    kept: bool = True,
    shown: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """Of a run on several datasets: the table, the remarks and the comparisons of each, under its name."""
    lines: list[str] = []
    doubts: list[str] = []
    for name, some in parts_of(outcomes, pool=POOLED in analysis.parts).items():
        if is_rewritten(some):  # they have a table of their own
            doubts += [line for row in rows_of(some, ks) for line in _doubt_of_rewritten(row, name, width)]
            continue
        rows = ranked(rows_of(some, ks))
        problems = counted(len({outcome.task_id for outcome in some}), "problem", "problems")
        head = f"{name}: {problems}" + (" of all these datasets, each counted once" if name == POOLED else "")
        lines += ["", *wrapped(head, width)]
        remarks = [] if name == POOLED else [*sees_lines(rows, width), *remark_lines(rows, width)]
        lines += results_lines((), rows, ks, remarks, width, generated=generated, shown=shown.get(name, 0))
        lines += analysis_lines(analysis.parts.get(name, Analysis()), width, kept)
    return [*lines, *(["", *doubts] if doubts else [])]


def _doubt_of_rewritten(row: Row, name: str, width: int) -> list[str]:
    return wrapped(doubt_line(replace(row, strategy=f"{row.strategy} on {name}")), width)


def results_lines(
    header: Sequence[str],
    rows: Sequence[Row],
    ks: Sequence[int],
    remarks: Sequence[str],
    width: int,
    *,
    generated: bool = True,
    shown: int = 0,
) -> list[str]:
    """The parts of a summary up to its remarks, a blank line between them."""
    lines = table(rows, ks, width, generated=generated, shown=shown)
    return [*header, "", *lines, *(["", *remarks] if remarks else [])]


def analysis_lines(analysis: Analysis, width: int, kept: bool) -> list[str]:
    """Comparisons and gates, each after a blank line, where there are any."""
    parts = [likelihood_lines(analysis.likelihood, width)]
    parts += [registration_lines(analysis.registration, width), reliability_lines(analysis.reliability, width)]
    parts += [stops_lines(analysis.stops, width), pair_lines(analysis, width, kept=kept)]
    parts += [robustness_lines(analysis.robustness, width), excess_lines(analysis.excess, width)]
    if analysis.baseline is not None:
        parts.append(baseline_lines(analysis.baseline, width, tested=analysis.stops is None))
    parts.append(gate_lines(analysis, width))
    return [line for part in parts if part for line in ("", *part)]


def _partial(ledger: Ledger, width: int) -> list[str]:
    notes = [f"warning: {text}" for text in (*ledger.errors_told(), ledger.not_run_told()) if text]
    if ledger.selected:
        notes.insert(0, partial_note(ledger.selected))
    notes = [*part_notes(plan_options(ledger.plan)["shard"]), *notes]
    return [line for text in notes for line in wrapped(text, width)]


def _further(ledger: Ledger, width: int) -> list[str]:
    if not ledger.further:
        return []
    tests = ", ".join(sorted({nodeid.partition("[")[0] for nodeid in ledger.further}))
    text = f"further tests: {len(ledger.further)} on samples that are counted already, outside pass@k: {tests}"
    return wrapped(text, width)

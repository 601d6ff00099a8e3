"""What finished runs come to: their summary, their page, their gates, and two of them compared."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.commands.recorded import ODD, ks_of, problems_of
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain
from pytest_humaneval.report.analysis import Analysis, Looked, analyse, judge_gates, with_stops
from pytest_humaneval.report.console import show, terminal_width
from pytest_humaneval.report.gates import OK, Gates, answer, check_baseline, least_pass_at_1
from pytest_humaneval.report.header_lines import check_lines, dataset_line, engine_lines, identity_line, rewritten_text
from pytest_humaneval.report.markdown import markdown_results
from pytest_humaneval.report.page import write_page
from pytest_humaneval.report.partial import partial_notes, planned_items
from pytest_humaneval.report.rejected import rejected_lines, rejection_text
from pytest_humaneval.report.remarks import remark_lines
from pytest_humaneval.report.strategy_table import table
from pytest_humaneval.report.terminal import analysis_lines, part_lines
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results.parts import control_of, is_pooled, is_rewritten, shown_of
from pytest_humaneval.results.preregistration import recorded
from pytest_humaneval.results.read import Results, read_results
from pytest_humaneval.results.rows import context_of, ranked, rows_of
from pytest_humaneval.results.sampling import REPLAY, is_replay, sampling_told
from pytest_humaneval.results.scored_solutions import Likelihood, likelihood_of, recorded_likelihood
from pytest_humaneval.results.stopping import recorded_stops
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import cannot_be_written, context_text


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What ``report`` and ``compare`` are asked for besides a look: files, and gates as a run has them."""

    html: Path | None = None
    markdown: Path | None = None
    dataset: str | None = None
    pool: bool = False
    least: Sequence[tuple[str, float]] = ()
    on_regression: bool = False
    max_drop: float | None = None
    gate_on: str = "figure"


def compare(before: Path, now: Path, **options: Any) -> int:
    """Print fixed, broken and unchanged problems, and whether the difference is more than chance.

    Raises:
        InputError: results that cannot be read, or a file that cannot be written.
    """
    of_before, of_now, wanted = read_results(before), read_results(now), ReportOptions(**options)
    analysis, status = analysed(of_now, of_before, wanted, pairs=False)
    lines = [f"run       {now}", *(f"note: {note}" for note in of_now.notes)]
    for name, part in analysis.parts.items():
        lines += ["", name, *analysis_lines(part, terminal_width(), kept=False)]
    show([*lines, *analysis_lines(analysis, terminal_width(), kept=False)])
    publish(of_now, of_before, analysis, wanted)
    return status


def report(results: Path, baseline: Path | None, **options: Any) -> int:
    """Print the summary of a finished run, write its page and its Markdown, and judge gates.

    Raises:
        InputError: something that cannot be read or written.
    """
    run = read_results(results)
    before = read_results(baseline) if baseline is not None else None
    wanted = ReportOptions(**options)
    analysis, status = analysed(run, before, wanted, pairs=True)
    show(results_lines(run, analysis, terminal_width()))
    publish(run, before, analysis, wanted)
    return status


def results_lines(run: Results, analysis: Analysis, width: int) -> list[str]:
    """The summary of a finished run, as far as its files tell of it."""
    ks = ks_of(run)
    rows = ranked(rows_of(run.outcomes, ks))
    generated = any(row.tokens for row in rows) or (bool(run.run.get("engine")) and not is_replay(run.run))
    held = context_text(context_of(run.outcomes))
    lines = [
        f"results   {run.source}",
        *_settings_lines(run.run, width, held),
        *(f"note: {note}" for note in run.notes),
        "",
    ]
    if analysis.parts:
        shown = shown_of(run.run)
        parts = part_lines(run.outcomes, ks, analysis, width, generated=generated, shown=shown)[1:]
        parts += rejected_lines(run.outcomes, rejection_text, width)
        return [*lines, *parts, *_partial(run, width), *analysis_lines(analysis, width, True)]
    lines += table(rows, ks, width, generated=generated, shown=run.run.get("dataset", {}).get("shown", 0))
    if remarks := [
        *remark_lines(rows, width),
        *rejected_lines(run.outcomes, rejection_text, width),
        *_partial(run, width),
    ]:
        lines += ["", *remarks]
    return [*lines, *analysis_lines(analysis, width, True)]


def analysed(
    run: Results, before: Results | None, options: ReportOptions, *, pairs: bool, status: int = OK
) -> tuple[Analysis, int]:
    """Comparisons, the gates' answers and the exit status, which is ``status`` without gates.

    Raises:
        InputError: a gate that asks about what is not there.
    """
    gates = gates_of(run, before, options)
    check_baseline(gates, run.strategies, before.strategies if before is not None else None, "--")
    pool = options.pool or is_pooled(run.run)
    if pool and is_rewritten(run.outcomes):
        raise InputError(
            f"--pool: {run.source} has rewritten problems, and a problem and its rewritten version are not two "
            "problems; leave it out"
        )
    stops = recorded_stops(run.run.get("stopping"))
    looked = Looked(ks_of(run), options.max_drop, pool, pairs and "stop" not in run.run, control_of(run.run))
    analysis = analyse(run, before, looked)
    if before is None or before.source in (stops.against if stops is not None else ""):
        analysis = with_stops(analysis, stops)
    analysis = replace(analysis, registration=recorded(run.run.get("plan")), likelihood=_likelihood(run, before))
    if not gates:
        return analysis, status
    errors, missing = sum(outcome.error for outcome in run.outcomes), _missing(run)
    whole = not errors and not missing
    verdicts = judge_gates(gates, run.outcomes, analysis, pool=pool) if whole else []
    status, conclusion = answer(OK, verdicts, errors, missing, 0)
    return replace(analysis, gates=verdicts, answer=conclusion), status


def gates_of(run: Results, before: Results | None, options: ReportOptions) -> Gates:
    """What is asked of the run.

    Raises:
        InputError: a strategy that is not there, or two numbers for one.
    """
    least = least_pass_at_1(options.least, run.strategies)
    on_rewrites = before is None and any(outcome.rewrite for outcome in run.outcomes)
    return Gates(least, options.on_regression, options.max_drop, options.gate_on == "bound", on_rewrites)


def _likelihood(run: Results, before: Results | None) -> Likelihood | None:
    scored = recorded_likelihood(run.run.get("likelihood"))
    if scored is None or before is None:
        return scored
    return likelihood_of(scored.solutions, scored.errors, before.run)


def _missing(run: Results) -> int:
    """How many items of the run's plan have no outcome, as far as run.json tells what the plan was."""
    if run.run.get("lacking"):  # joined of parts that are not all
        return 1
    with contextlib.suppress(*ODD):
        items = run.run.get("items") or {}
        planned = items.get("planned")
        if planned is None:  # an earlier version's: of a file, where problems may have unequal numbers, it is not known
            planned = 0 if is_replay(run.run) else planned_items(run.run)
        return max(0, int(planned) - len(run.outcomes) - int(items.get("decided", 0)))
    return 0


def publish(run: Results, before: Results | None, analysis: Analysis, options: ReportOptions) -> None:
    """Write the page and the Markdown that are asked for.

    Raises:
        InputError: one cannot be written, or the problems of the page are not known.
    """
    if options.html is not None:
        problems = problems_of(run, options.dataset)
        try:
            write_page(options.html, run, problems, before)
        except OSError as error:
            raise InputError(cannot_be_written(f"--html: {options.html}", error)) from error
        show(["", f"the page is {options.html}"])
    if options.markdown is not None:
        held = context_text(context_of(run.outcomes))
        facts = _facts(_settings_lines(run.run, 10_000, held)) or [run.source]
        named = _entry_points(run, options.dataset)
        notes = [*(f"note: {note}" for note in run.notes), *_partial(run, 10_000)]
        try:
            write_whole(options.markdown, [markdown_results(run, facts, ks_of(run), notes, analysis, named)])
        except OSError as error:
            raise InputError(cannot_be_written(f"--markdown: {options.markdown}", error)) from error
        show(["", f"the summary is in {options.markdown}"])


def _entry_points(run: Results, dataset: str | None) -> Mapping[str, str]:
    """The functions' names by task; none where the problems are not to be had, and nobody has named them.

    Raises:
        InputError: the results are not about the dataset that is named.
    """
    try:
        return {problem.task_id: problem.entry_point for problem in problems_of(run, dataset)}
    except InputError:
        if dataset is not None:
            raise
        return {}


def _facts(lines: Sequence[str]) -> list[str]:
    """The same without their heads; a line that goes on is one with the line before it."""
    facts: list[str] = []
    for line in lines:
        if facts and line.startswith(" "):
            facts[-1] += f" {line.strip()}"
        else:
            facts.append(line[10:])
    return facts


def _settings_lines(run: dict[str, Any], width: int, held: str = "") -> list[str]:
    """What was evaluated and how. Where run.json tells other things, as another version's may, less is printed.

    ``held`` stands behind the sampling.
    """
    lines: list[str] = []
    with contextlib.suppress(*ODD):
        who = from_plain(Identity, run["identity"], "run.json")
        lines += wrapped(identity_line(who), width, "model     ")
        lines += wrapped(who.precision, width, "precision ") if who.precision else []
    with contextlib.suppress(*ODD):
        lines += wrapped(sampling_told(run) + held, width, "sampling  ")
    with contextlib.suppress(*ODD):
        lines += _problem_lines(run, width)
    with contextlib.suppress(*ODD):
        memory, layers = run["sandbox"]["memory_mb"], map(tuple, run["layers"])
        lines += check_lines(run["timeout"], memory, layers, width, _from_store(run))
    with contextlib.suppress(*ODD):
        lines += [] if run["engine"]["name"] == REPLAY else engine_lines(run["engine_process"], width)
    return lines


def _problem_lines(run: dict[str, Any], width: int) -> Iterator[str]:
    """What was asked; where problems were rewritten, each dataset as it was, and what was made of it."""
    rewritten = [row for row in run.get("datasets", ()) if row.get("rewrite")]
    for row in [row for row in run["datasets"] if not row.get("rewrite")] if rewritten else [run["dataset"]]:
        yield from wrapped(
            dataset_line(row["problems"], row["name"], row["sha256"], row.get("shown", 0)), width, "problems  "
        )
    if rewritten:
        counts: Counter[str] = Counter()
        for row in rewritten:
            counts[row["rewrite"]] += row["problems"]
        made = rewritten_text(counts, run["rewrites"]["seed"], run["rewrites"]["unfit"])
        yield from wrapped(made, width, "rewritten ")


def _from_store(run: Mapping[str, Any]) -> int:
    return int(run.get("items", {}).get("verdicts_from_store", 0))


def _partial(run: Results, width: int) -> list[str]:
    """Lines where the results are not of everything."""
    return [line for note in partial_notes(run) for line in wrapped(note, width)]

"""What the terminal shows at the end: one row a strategy, and what makes it trustworthy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pytest_humaneval.dataset.kinds import num_shown
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.outcome import KINDS, Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.printable import counted
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.comparisons import baseline_lines, gate_lines, pair_lines
from pytest_humaneval.report.excess_table import excess_lines
from pytest_humaneval.report.likelihood_lines import likelihood_lines
from pytest_humaneval.report.registration_lines import registration_lines
from pytest_humaneval.report.rejected import rejected_lines
from pytest_humaneval.report.reliability_table import reliability_lines
from pytest_humaneval.report.robustness_table import robustness_lines
from pytest_humaneval.report.stopping_lines import stopped_notes, stops_lines
from pytest_humaneval.report.texttable import Column, text_table, wrapped
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.parts import POOLED, is_rewritten, parts_of
from pytest_humaneval.results.record import plan_options
from pytest_humaneval.results.rows import Row, context_of, ranked, rows_of
from pytest_humaneval.results.sampling import REPLAY, sampling_of_row, sampling_told
from pytest_humaneval.rewrite.rewritten_dataset import Rewritten
from pytest_humaneval.wording import context_text, short_digest, three_decimals

HEADER_WIDTH = 80
MANY = 6  # strategies; of more, the remarks are a table


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
        *_dataset_lines(plan, width),
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
    remarks = [*_sees(rows, width), *remark_lines(rows, width), *of_run]
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
        remarks = [] if name == POOLED else [*_sees(rows, width), *remark_lines(rows, width)]
        lines += results_lines((), rows, ks, remarks, width, generated=generated, shown=shown.get(name, 0))
        lines += analysis_lines(analysis.parts.get(name, Analysis()), width, kept)
    return [*lines, *(["", *doubts] if doubts else [])]


def _doubt_of_rewritten(row: Row, name: str, width: int) -> list[str]:
    return wrapped(_doubt_line(replace(row, strategy=f"{row.strategy} on {name}")), width)


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


def identity_line(identity: Identity) -> str:
    """Engine and model, as every figure carries them."""
    if identity.digest == identity.engine:  # a server: nobody knows what it runs but by its address
        return f"{identity.model} on {identity.engine}"
    return f"{identity.model} ({short_digest(identity.digest)}) on {identity.engine}"


def partial_note(selected: str) -> str:
    """What a reader must know of a run of less than everything, such as "12 of 164 problems"."""
    return f"note: {selected} {'was' if selected.startswith('1 ') else 'were'} selected; the figures are partial"


def part_notes(shard: Mapping[str, Any] | None) -> list[str]:
    """What a reader must know of a part of a run; nothing of a whole one."""
    if shard is None:
        return []
    return [
        f"note: this is part {shard['number']} of {shard['of']} of a run; python -m pytest_humaneval merge joins the "
        "results of all parts"
    ]


def dataset_line(problems: int, name: str, sha256: str, shown: int = 0) -> str:
    """Which problems were asked, and how many assertions of its test a prompt shows."""
    note = f"; prompts show {counted(shown, 'assertion', 'assertions')} of their test" if shown else ""
    return f"{problems} of {name} (sha256 {short_digest(sha256)}){note}"


def _dataset_lines(plan: Plan, width: int) -> list[str]:
    """A line for each dataset."""
    if not plan.datasets:
        shown = num_shown(plan.problems)
        texts = [dataset_line(len(plan.problems), plan.dataset_name, plan.dataset_sha256, shown)]
    else:
        chosen = Counter(plan.dataset_of[problem.task_id] for problem in plan.problems)
        origins = plan.rewritten.origins if plan.rewritten is not None else {}
        originals = [
            dataset for dataset in plan.datasets if not any(each.task_id in origins for each in dataset.problems[:1])
        ]
        texts = [
            dataset_line(chosen[dataset.name], dataset.name, dataset.sha256, num_shown(dataset.problems))
            for dataset in originals
        ]
    lines = [line for text in texts for line in wrapped(text, width, "problems  ")]
    return [*lines, *(wrapped(rewritten_line(plan.rewritten), width, "rewritten ") if plan.rewritten else [])]


def rewritten_line(rewritten: Rewritten) -> str:
    """Which problems stand rewritten beside the original ones."""
    counts = Counter(origin.rewrite for origin in rewritten.origins.values())
    made = counted(len(rewritten.origins), "problem", "problems")
    text = f"{made} by seed {rewritten.seed}: {', '.join(f'{count} {name}' for name, count in counts.items())}"
    unfit = ", ".join(f"{name} {len(ids)}" for name, ids in rewritten.unfit.items())
    return f"{text}; left out, as a rewrite does not fit: {unfit}" if unfit else text


def table(rows: Sequence[Row], ks: Sequence[int], width: int, *, generated: bool = True, shown: int = 0) -> list[str]:
    """The rows as aligned text: names to the left, numbers to the right, never wrapped.

    ``generated`` says whether the samples were generated in this run: a file's have no tokens and no rate. ``shown`` is
    how many assertions of its test a prompt shows.
    """
    columns = []
    prompt = counted(shown, "assertion", "assertions") if shown else "prompt"
    for k in ks:
        columns.append(Column(f"pass@{k}", [three_decimals(row.pass_at_k[k]) for row in rows]))
        if any(row.intervals[k] for row in rows):
            columns.append(Column("95 % interval", [_interval(row.intervals[k]) for row in rows], glued=True))
    for k in ks:
        if any(k in row.strong_pass_at_k for row in rows):
            figures = [three_decimals(row.strong_pass_at_k.get(k)) for row in rows]
            between = [_interval(row.strong_intervals.get(k)) for row in rows]
            columns += [Column(f"strong@{k}", figures), Column("95 % interval", between, glued=True)]
    if shown or any(row.guided for row in rows):
        columns.append(Column("sees", ["examples" if row.guided else prompt for row in rows]))
    if any(row.guided for row in rows):
        columns.append(Column("draws", [str(row.draws) for row in rows], glued=True))
    counts = ("passed", "failed", "timed_out", "errors", *(["tokens"] if generated else []))
    columns += [Column(name.replace("_", " "), [str(getattr(row, name)) for row in rows]) for name in counts]
    if not generated:
        return text_table(Column("strategy", [row.strategy for row in rows]), columns, width)
    if any(row.seconds > 0 for row in rows):  # else all came from the store
        rates = ["n/a" if row.rate is None else f"{row.rate:.0f}" for row in rows]
        seconds = [f"{row.seconds:.1f}" if row.seconds > 0 else "n/a" for row in rows]
        columns += [Column("tok/s", rates, glued=True), Column("s", seconds, glued=True)]
    return text_table(Column("strategy", [row.strategy for row in rows]), columns, width)


def experiment_table(plan: Plan, run: dict[str, Any], width: int) -> list[str]:
    """What each row of the results was made with, where that differs from row to row."""
    strategies = plan.strategies
    samplings = [sampling_of_row(run, experiment) for experiment in run["experiments"]]
    columns = [
        Column("strategy", [strategy.base or strategy.name for strategy in strategies], words=True),
        Column("post-processing", [plan.postprocessor(strategy) for strategy in strategies], words=True),
        Column("sampling", samplings, words=True),
    ]
    return text_table(Column("experiment", [strategy.name for strategy in strategies]), columns, width)


def _interval(interval: tuple[float, float] | None) -> str:
    return f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "n/a"


def check_lines(
    timeout: float, memory: int, layers: Iterable[Sequence[str]], width: int, from_store: int = 0
) -> list[str]:
    """How completions were checked; machines may differ in the layers that their kernels have.

    ``from_store`` verdicts are those of former checks.
    """
    kept = f"; {counted(from_store, 'verdict', 'verdicts')} from the store" if from_store else ""
    texts = [", ".join(each) or "none was started" for each in layers]
    return [
        *wrapped(f"{timeout:g} s of CPU time, {memory} MiB{kept}", width, "checks    "),
        *(line for each in texts for line in wrapped(each, min(width, HEADER_WIDTH), "sandbox   ")),
    ]


def engine_lines(progress: Mapping[str, Any], width: int) -> list[str]:
    """What the engine did, from what is recorded of its process."""
    if not progress:
        return []
    made, stored = progress["finished"], progress["from_store"]
    if not made and not stored:
        return []
    seconds, tokens = progress["generating_seconds"], progress["tokens"]
    parts = []
    if made:
        rate = f", {tokens / seconds:.0f} tok/s" if seconds > 0 else ""
        parts.append(f"{made} generated in {seconds:.1f} s ({tokens} tokens{rate})")
        if progress["cached_prompt_tokens"]:
            share = progress["cached_prompt_tokens"] / progress["prompt_tokens"]
            parts.append(f"{share:.0%} of {progress['prompt_tokens']} prompt tokens from the prefix cache")
        warm = progress.get("warm", False)  # what an older release recorded does not tell
        parts.append(
            "warm engine: its model was loaded" if warm else f"engine ready in {progress['loading_seconds']:.1f} s"
        )
    if stored:
        parts.append(f"{stored} answered from the store")
    return wrapped("; ".join(parts), width, "engine    ")


def remark_lines(rows: Sequence[Row], width: int) -> list[str]:
    """What went wrong how often, as a table where there are many strategies; and what makes a row doubtful."""
    doubts = [line for text in stopped_notes(rows) for line in wrapped(text, width)]
    doubts += [line for row in rows for line in wrapped(_causes(row), width)]
    doubts += [line for row in rows for line in wrapped(_doubt_line(row), width)]
    if len(rows) > MANY:
        remarks = _remark_table(rows, width)
        return [*remarks, *(["", *doubts] if remarks and doubts else doubts)]
    return [line for row in rows for text in _remarks(row) for line in wrapped(text, width)] + doubts


def _causes(row: Row) -> str:
    """What the mistakes are, the most frequent first, and how many show none."""
    if not row.causes:
        return ""
    wrong = row.judged - row.passed
    causes = [f"{count} {cause}" for cause, count in sorted(row.causes.items(), key=lambda pair: (-pair[1], pair[0]))]
    if rest := wrong - sum(row.causes.values()):
        causes.append(f"{rest} none of these")
    return f"{row.strategy}: causes of {counted(wrong, 'wrong answer', 'wrong answers')}: {', '.join(causes)}"


def _sees(rows: Sequence[Row], width: int) -> list[str]:
    if not any(row.guided for row in rows):
        return []
    text = "sees: rows marked `examples` ran code on the docstring's visible examples and may have drawn more than once"
    return wrapped(f"{text}; compare them with each other, not with a single answer to a prompt", width)


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


def _doubt_line(row: Row) -> str:
    advice = "look at the prompt, its stops and the post-processing before believing this row"
    return f"warning: {row.doubt}; {advice}" if row.doubt else ""


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

"""What the terminal shows at the end: one row a strategy, and what makes it trustworthy."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from pytest_humaneval.engine.catalogue import Identity
from pytest_humaneval.experiment import aligned
from pytest_humaneval.ledger import Ledger, Row
from pytest_humaneval.plan import Plan
from pytest_humaneval.sample import Sampling

UNUSABLE_SHARE = 0.2  # of completions empty or not parsing: then the prompt or the stops are the likely culprit
SHORT_DIGEST = 12
HEADER_WIDTH = 80


def summary_lines(ledger: Ledger, progress: dict[str, Any], layers: Sequence[str], timeout: float) -> list[str]:
    """The summary: what was evaluated and how, the table, and what the reader must know of it."""
    plan, rows = ledger.plan, ledger.rows()
    with_experiments = any(strategy.base for strategy in plan.strategies)
    lines = [
        f"model     {identity_line(plan.identity)}",
        *([] if with_experiments else [f"sampling  {sampling_line(plan.sampling, plan.num_samples)}"]),
        f"problems  {len(plan.problems)} of {plan.dataset_name} (sha256 {plan.dataset_sha256[:SHORT_DIGEST]})",
        f"checks    {timeout:g} s of CPU time, {plan.sandbox.memory_mb} MiB",
        *_wrapped("sandbox   ", ", ".join(layers) or "none was started"),
        *_engine_lines(progress),
        *(["", *experiment_table(plan)] if with_experiments else []),
        "",
        *table(rows, plan.ks),
    ]
    remarks = [*_remarks(ledger, rows), *(f"note: {notice}" for notice in progress.get("notices", []))]
    return [*lines, *(["", *remarks] if remarks else [])]


def identity_line(identity: Identity) -> str:
    """Engine and model, as every figure carries them."""
    digest = identity.digest if len(identity.digest) <= 2 * SHORT_DIGEST else identity.digest[: 7 + SHORT_DIGEST]
    return f"{identity.model} ({digest}) on {identity.engine}"


def sampling_line(how: Sampling, num_samples: int) -> str:
    """How tokens were drawn."""
    drawn = "greedy" if how.greedy else f"temperature {how.temperature:g}, top-p {how.top_p:g}, seed {how.seed}"
    samples = f", {num_samples} samples a problem" if num_samples > 1 else ""
    return f"{drawn}, up to {how.max_tokens} tokens{samples}"


def table(rows: Sequence[Row], ks: Sequence[int]) -> list[str]:
    """The rows as aligned text: names to the left, numbers to the right, never wrapped."""
    with_interval, with_guided = any(row.interval for row in rows), any(row.guided for row in rows)
    head = ["strategy", *(f"pass@{k}" for k in ks), *(["95 % interval"] if with_interval else [])]
    head += [*(["sees", "draws"] if with_guided else [])]
    head += ["passed", "failed", "timed out", "errors", "tokens", "tok/s", "s"]
    cells = [head, *(_cells(row, ks, with_interval, with_guided) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return [
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))])
        for line in cells
    ]


def experiment_table(plan: Plan) -> list[str]:
    """What each row of the results was made with, where that differs from row to row."""
    cells = [("experiment", "strategy", "post-processing", "sampling")]
    for strategy in plan.strategies:
        how = sampling_line(plan.sampling_of(strategy), plan.num_samples_of(strategy))
        cells.append((strategy.name, strategy.base or strategy.name, plan.postprocessor(strategy), how))
    return aligned(cells)


def _cells(row: Row, ks: Sequence[int], with_interval: bool, with_guided: bool) -> list[str]:
    interval = f"[{row.interval[0]:.3f}, {row.interval[1]:.3f}]" if row.interval else "n/a"
    rate = f"{row.tokens / row.seconds:.0f}" if row.seconds > 0 else "n/a"
    return [
        row.strategy,
        *(_three_decimals(row.pass_at_k[k]) for k in ks),
        *([interval] if with_interval else []),
        *(["examples" if row.guided else "prompt", str(row.draws)] if with_guided else []),
        *(str(count) for count in (row.passed, row.failed, row.timed_out, row.errors, row.tokens)),
        rate,
        f"{row.seconds:.1f}",
    ]


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, HEADER_WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _three_decimals(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _engine_lines(progress: dict[str, Any]) -> list[str]:
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
        parts.append(f"engine ready in {progress['loading_seconds']:.1f} s")
    if stored:
        parts.append(f"{stored} answered from the store")
    return _wrapped("engine    ", "; ".join(parts))


def _remarks(ledger: Ledger, rows: Sequence[Row]) -> list[str]:
    remarks = []
    if any(row.guided for row in rows):
        remarks.append(
            "sees: rows marked `examples` ran code on the docstring's visible examples and drew several times; "
            "compare them with each other, not with a single answer to a prompt"
        )
    for row in rows:
        wrong = ", ".join(f"{count} {kind}" for kind, count in sorted(row.kinds.items()) if kind != "passed")
        if wrong:
            remarks.append(f"{row.strategy}: {wrong}")
        if row.steps:
            steps = ", ".join(f"{name} {count}" for name, count in sorted(row.steps.items()))
            remarks.append(f"{row.strategy}: post-processing changed {steps}")
        if row.truncated:
            remarks.append(f"{row.strategy}: {row.truncated} generations reached the token limit")
        if row.judged and row.unusable > UNUSABLE_SHARE * row.judged:
            remarks.append(
                f"warning: {row.strategy}: {row.unusable} of {row.judged} completions are empty or do not parse; "
                "look at the prompt, its stops and the post-processing before believing this row"
            )
    if ledger.errors:
        remarks.append(
            f"warning: {len(ledger.errors)} items are errors of engine or sandbox and outside every denominator"
        )
    if ledger.not_run:
        remarks.append(
            f"warning: {ledger.not_run} of {len(ledger.expected)} items did not run; the figures are partial"
        )
    return remarks

"""What the page says in words and figures around the grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.page.summary import Summary, matched
from pytest_humaneval.problem import Problem
from pytest_humaneval.results import Results


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that people look for first."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What one strategy did since the baseline, by name, over the samples that both runs judged."""

    strategy: str
    shared: int
    fixed: list[str]
    broken: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells that are text; numbers go to the right."""

    head: list[str]
    rows: list[list[tuple[str, bool]]]


def tiles(results: Results, rows: Sequence[Summary]) -> list[Tile]:
    """Best strategy, problems solved by any, samples and errors, tokens."""
    judged = [outcome for outcome in results.outcomes if not outcome.error]
    tasks = {outcome.task_id for outcome in judged}
    solved = {outcome.task_id for outcome in judged if outcome.passed}
    errors = len(results.outcomes) - len(judged)
    found = []
    if rows and rows[0].pass_at_1 is not None:
        low_high = rows[0].interval
        interval = f", 95 % interval {low_high[0]:.3f} to {low_high[1]:.3f}" if low_high else ""
        best = "pass@1" if len(rows) == 1 else "best pass@1"
        found.append(Tile(best, f"{rows[0].pass_at_1:.3f}", f"{rows[0].strategy}{interval}"))
    if len(rows) > 1 and tasks:
        found.append(Tile("solved by any strategy", str(len(solved)), f"of {len(tasks)} problems"))
    found.append(Tile("samples judged", f"{len(judged):,}", f"{errors} errors of engine or sandbox"))
    tokens = sum(outcome.completion_tokens for outcome in results.outcomes)
    if tokens:
        found.append(Tile("tokens", f"{tokens:,}", f"{tokens / len(results.outcomes):.0f} a generation"))
    return found


def facts(results: Results, problems: Sequence[Problem]) -> list[tuple[str, str]]:
    """What every figure must carry, as far as the run's record says it."""
    run = results.run
    identity, dataset, sampling = (run.get(key) or {} for key in ("identity", "dataset", "sampling"))
    found = {
        "model": identity.get("model"),
        "weights": identity.get("digest"),
        "engine": identity.get("engine"),
        "sampling": _sampling(sampling, run.get("num_samples", 1)),
        "problems": f"{len(problems)} of {dataset['name']}" if dataset.get("name") else str(len(problems)),
        "dataset sha256": dataset.get("sha256"),
        "post-processing": run.get("postprocess"),
        "started": run.get("started"),
        "finished": run.get("finished"),
        "pytest-humaneval": (run.get("versions") or {}).get("pytest-humaneval"),
        "source": str(results.source) if not run else None,
    }
    return [(name, str(value)) for name, value in found.items() if value]


def fixed_and_broken(results: Results, baseline: Results) -> list[Changes]:
    """For each strategy that the baseline has too: which samples it fixed, and which it broke."""
    before = matched(results, baseline)
    several = any(outcome.sample_index for outcome in results.outcomes)
    changes: dict[str, Changes] = {}
    for outcome in results.outcomes:
        former = before.get((outcome.task_id, outcome.strategy, outcome.sample_index))
        if former is None or former.error or outcome.error:
            continue
        one = changes.setdefault(outcome.strategy, Changes(outcome.strategy, 0, [], []))
        changes[outcome.strategy] = one = Changes(one.strategy, one.shared + 1, one.fixed, one.broken)
        name = f"{outcome.task_id} sample {outcome.sample_index}" if several else outcome.task_id
        if outcome.passed != former.passed:
            (one.fixed if outcome.passed else one.broken).append(name)
    return sorted(changes.values(), key=lambda one: one.strategy)


def comparison_tables(comparisons: Iterable[Mapping[str, Any]]) -> list[Table]:
    """The record's own comparisons, one table for each set of columns that occurs."""
    tables: dict[tuple[str, ...], Table] = {}
    for comparison in comparisons:
        head = tuple(comparison)
        table = tables.setdefault(head, Table([name.replace("_", " ") for name in head], []))
        table.rows.append([(_told(comparison[name]), _is_number(comparison[name])) for name in head])
    return list(tables.values())


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.1e}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_told, value))}]" if all(map(_is_number, value)) else ", ".join(map(_told, value))
    return "n/a" if value is None else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _sampling(sampling: Mapping[str, Any], num_samples: int) -> str:
    if not sampling:
        return ""
    greedy = sampling.get("temperature") == 0
    how = "greedy" if greedy else f"temperature {sampling.get('temperature')}, top-p {sampling.get('top_p')}"
    samples = f", {num_samples} samples a problem" if num_samples > 1 else ""
    return f"{how}, up to {sampling.get('max_tokens')} tokens, seed {sampling.get('seed')}{samples}"

"""The outcomes of a run on several datasets, apart: each dataset's, and where that is asked for, all together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from pytest_humaneval.dataset.asked import POOLED
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.rows import rows_of

__all__ = [
    "POOLED",
    "control_of",
    "is_pooled",
    "is_rewritten",
    "part_of",
    "parts_of",
    "row_records",
    "same_part",
    "shown_of",
]


def parts_of(outcomes: Iterable[Outcome], *, pool: bool = False) -> dict[str, list[Outcome]]:
    """The outcomes by their dataset's name; of a run on one dataset, under no name.

    With ``pool``, also those of several datasets under :data:`POOLED`.
    """
    parts: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        parts.setdefault(outcome.dataset, []).append(outcome)
    if pool and len(parts) > 1:
        parts[POOLED] = [outcome for some in parts.values() for outcome in some]
    return parts


def is_rewritten(outcomes: Iterable[Outcome]) -> bool:
    """Whether a part holds problems that were rewritten."""
    return any(outcome.rewrite for outcome in outcomes)


def part_of(results: Results, name: str, outcomes: Sequence[Outcome]) -> Results:
    """One part of ``results``, as if it were a run by itself."""
    datasets = results.run.get("datasets", ())
    rows = [row for row in datasets if isinstance(row, dict) and row.get("name") == name]
    return replace(results, outcomes=tuple(outcomes), run=results.run | {"dataset": rows[0]} if rows else results.run)


def same_part(before: Results, name: str, outcomes: Iterable[Outcome]) -> Results:
    """The part of an earlier run that is to be compared with ``outcomes``, those of the dataset ``name``.

    An earlier run on one dataset does not name it in its rows: what has the same task ids is compared.
    """
    if name == POOLED:
        return before
    tasks = {outcome.task_id for outcome in outcomes}
    kept = [
        outcome
        for outcome in before.outcomes
        if outcome.dataset == name or (not outcome.dataset and outcome.task_id in tasks)
    ]
    return part_of(before, name, kept)


def is_pooled(run: Mapping[str, Any]) -> bool:
    """Whether a run was asked for figures over all its datasets together."""
    return run.get("pool") is True


def control_of(run: Mapping[str, Any]) -> str:
    """The dataset that a run had as a control for what rewrites cost; empty where it had none."""
    return control if isinstance(control := run.get("control"), str) else ""


def shown_of(run: dict[str, Any]) -> dict[str, int]:
    """How many assertions of its test a prompt of each dataset shows, as far as run.json says it."""
    rows = [row for row in run.get("datasets", ()) if isinstance(row, dict)]
    return {str(row.get("name")): row["shown"] for row in rows if isinstance(row.get("shown"), int)}


def row_records(outcomes: Iterable[Outcome], ks: Sequence[int], *, pool: bool = False) -> list[dict[str, Any]]:
    """The rows of the table for run.json, with their dataset where there are several."""
    return [
        ({"dataset": name} if name else {}) | asdict(row)
        for name, of_part in parts_of(outcomes, pool=pool).items()
        for row in rows_of(of_part, ks)
    ]

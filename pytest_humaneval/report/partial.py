"""What a reader must know of a run of less than everything, as its record tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_humaneval.results.read import Results
from pytest_humaneval.results.sampling import is_replay


def partial_notes(results: Results) -> list[str]:
    """A line for each way in which the figures are partial; none where there is no record, or another version's."""
    try:
        return list(_notes(results))
    except (TypeError, KeyError, ValueError, AttributeError):
        return []


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


def planned_items(run: Mapping[str, Any]) -> int:
    """How many items the plan of a run has whose record does not count them."""
    return int(run["dataset"]["problems"]) * sum(int(row["num_samples"]) for row in run.get("experiments", ()))


def _notes(results: Results) -> Iterator[str]:
    run = results.run
    problems = len({outcome.original or outcome.task_id for outcome in results.outcomes})
    there = sum(row["available"] for row in run.get("datasets", ()) if not row.get("rewrite"))
    there = there or run["dataset"]["available"]
    items = run.get("items") or {"expected": 0, "finished": 0}
    decided = items.get("decided", 0)  # left out on purpose, which their rows tell
    missing = max(0, items["expected"] - items["finished"] - decided)
    planned = items.get("planned") or (0 if is_replay(run) else planned_items(run))
    if run.get("shard") is not None:
        yield from part_notes(run["shard"])
    elif problems < there:
        yield partial_note(f"{problems} of {there} problems")
    elif (selected := len(results.outcomes) + missing + decided) < planned:
        yield partial_note(f"{selected} of {planned} items")
    for lack in run.get("lacking", ()):
        yield f"warning: {lack}; the figures are partial"
    if missing:
        yield f"warning: {missing} of {items['expected']} items did not run; the figures are partial"

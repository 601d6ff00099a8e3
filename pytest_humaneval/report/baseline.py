"""A run against a former one: which strategies to compare, and what a reader must know before believing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.read import Results
from pytest_humaneval.statistics.churn import Churn, churn
from pytest_humaneval.statistics.comparison import Comparison, compare, passes_of, together
from pytest_humaneval.statistics.noninferiority import MarginTest, margin_test
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import short_digest


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """The run (``first`` of each comparison) minus the baseline (``second``), a comparison for each strategy in both.

    ``notes`` are sentences about what differs between the two apart from the verdicts. ``margins`` has the tests
    against the drop that is allowed, where one is; ``churn`` has how many answers changed, where their texts are known.
    """

    source: str
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]
    margins: tuple[MarginTest, ...] = ()
    churn: tuple[Churn, ...] = ()


def matched(strategies: Sequence[str], before: Sequence[str]) -> dict[str, str]:
    """The baseline's strategy for each of the run's: that of the same name, or the only one for the only one."""
    if len(strategies) == 1 and len(before) == 1:
        return {strategies[0]: before[0]}
    return {name: name for name in strategies if name in before}


def compare_results(now: Results, before: Results, max_drop: float | None = None, tests: int = 0) -> BaselineComparison:
    """Compare what both have: strategies by name, problems; these by all samples of either.

    ``max_drop`` is the drop in pass@1 that is allowed, where there is one to test against, as one of so many ``tests``
    (0: of those made here).
    """
    if not before.outcomes:
        dataset = now.run.get("dataset", {}).get("name", "this dataset")
        return BaselineComparison(before.source, (), (*before.notes, f"the baseline has no result on {dataset}"))
    passes_now, passes_before = passes_of(now.outcomes), passes_of(before.outcomes)
    pairs = matched(now.strategies, before.strategies)
    comparisons = together(
        compare(name, passes_now.get(name, {}), other, passes_before.get(other, {})) for name, other in pairs.items()
    )
    notes = [*before.notes, *_settings(now.run, before.run), *_names(now, before, pairs)]
    notes += _ended_early(now, "run") + _ended_early(before, "baseline")
    changed: list[Churn | None] = []
    for name, other in pairs.items():
        mine = [outcome for outcome in now.outcomes if outcome.strategy == name]
        theirs = [outcome for outcome in before.outcomes if outcome.strategy == other]
        notes += _coverage(name, mine, theirs)
        changed.append(churn(name, mine, theirs))
    margins: list[MarginTest | None] = []
    if max_drop is not None:
        margins += [
            margin_test(name, passes_now.get(name, {}), passes_before.get(other, {}), max_drop, tests or len(pairs))
            for name, other in pairs.items()
        ]
    return BaselineComparison(
        before.source,
        tuple(comparisons),
        tuple(dict.fromkeys(notes)),
        tuple(margin for margin in margins if margin is not None),
        tuple(change for change in changed if change is not None),
    )


def corrected_together(parts: Mapping[str, BaselineComparison | None]) -> dict[str, BaselineComparison | None]:
    """The comparisons of several datasets, their p-values corrected for all of them.

    A gate looks at all, and one drop is enough for it: corrected on each dataset by itself, it would err on every one
    of them as often as on a single one.
    """
    corrected = iter(together(one for part in parts.values() if part is not None for one in part.comparisons))
    return {
        name: replace(part, comparisons=tuple(next(corrected) for _ in part.comparisons)) if part is not None else None
        for name, part in parts.items()
    }


def _ended_early(results: Results, where: str) -> list[str]:
    names = sorted({outcome.strategy for outcome in results.outcomes if outcome.stopped})
    text = "ended early in the {}; a test for a number of problems that was fixed before is not for it"
    return [f"{name}: {text.format(where)}" for name in names]


def _names(now: Results, before: Results, pairs: dict[str, str]) -> list[str]:
    notes = [
        f"{name} is compared with {other}, the baseline's only strategy"
        for name, other in pairs.items()
        if name != other
    ]
    if missing := [name for name in now.strategies if name not in pairs]:
        notes.append(f"not in the baseline, which has {_list(before.strategies)}: {_list(missing)}")
    return notes


def _settings(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Where model, dataset, sampling or the check differ, or where the baseline does not say."""
    for where, run in (("baseline", before), ("run", now)):
        if not run.get("identity") or not run.get("dataset"):
            return [f"the {where} says neither what its model was nor which file its problems came from (no run.json)"]
    notes = []
    if before["dataset"].get("sha256") != now["dataset"].get("sha256"):
        notes.append(
            f"another dataset: {before['dataset'].get('name')} ({_digest(before['dataset'])}) before, "
            f"{now['dataset'].get('name')} ({_digest(now['dataset'])}) now; problems with the same task_id may differ"
        )
    if before["identity"].get("digest") != now["identity"].get("digest"):
        notes.append(f"another model: {_model(before['identity'])} before, {_model(now['identity'])} now")
    elif before["identity"].get("engine") != now["identity"].get("engine"):
        notes.append(f"another engine: {before['identity'].get('engine')} before, {now['identity'].get('engine')} now")
    for key in ("sampling", "postprocess"):
        if key in before and key in now and before[key] != now[key]:
            notes.append(f"another {key}: {_shown(before[key])} before, {_shown(now[key])} now")
    return notes


def _coverage(name: str, now: Sequence[Outcome], before: Sequence[Outcome]) -> list[str]:
    """Problems that only one of the two has, unequal numbers of samples, and those that have no verdict in one."""
    notes = []
    mine, theirs = {outcome.task_id for outcome in now}, {outcome.task_id for outcome in before}
    judged, judged_before = ({outcome.task_id for outcome in side if not outcome.error} for side in (now, before))
    compared, common = len(judged & judged_before), counted(len(mine & theirs), "problem that", "problems that")
    common = common if compared == len(mine & theirs) else f"{compared} of {common}"
    if only := [f"{len(a - b)} only in the {where}" for a, b, where in _sides(mine, theirs) if a - b]:
        notes.append(f"{name}: compared on {common} both have; {', '.join(only)}")
    shared = mine & theirs
    drawn, drawn_before = (
        Counter(outcome.task_id for outcome in side if outcome.task_id in shared) for side in (now, before)
    )
    if drawn != drawn_before:
        notes.append(
            f"{name}: {counted(drawn.total(), 'sample', 'samples')} in the run, "
            f"{drawn_before.total()} in the baseline; "
            "a problem counts by the share that passes of all its samples"
        )
    errors = [
        f"{count} of the {where}"
        for side, where in ((now, "run"), (before, "baseline"))
        if (count := sum(outcome.error for outcome in side))
    ]
    if errors:
        notes.append(f"{name}: samples without a verdict are left out: {', '.join(errors)}")
    return notes


def _sides(mine: set[Any], theirs: set[Any]) -> list[tuple[set[Any], set[Any], str]]:
    return [(mine, theirs, "run"), (theirs, mine, "baseline")]


def _digest(dataset: dict[str, Any]) -> str:
    return f"sha256 {short_digest(str(dataset.get('sha256')))}"


def _model(identity: dict[str, Any]) -> str:
    return f"{identity.get('model')} ({short_digest(str(identity.get('digest')))})"


def _shown(value: Any) -> str:
    return ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)


def _list(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

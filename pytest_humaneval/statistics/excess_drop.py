"""What rewrites cost on one dataset beyond what the same rewrites cost on a control.

Wording matters to every model. What it costs on problems that a model may have seen, and not on others of the same
kind, may be memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.statistics.paired import ALPHA, holm
from pytest_humaneval.statistics.two_samples import TwoSamples, two_samples

LIMIT = (
    "a drop says that wording matters; that it matters more than on the control may also be because the control's "
    "problems are easier, or said more plainly"
)


@dataclass(frozen=True, slots=True)
class ExcessDrop:
    """One strategy's drop in pass@1 under rewrites on ``dataset`` (``figure.first``) and on ``control`` (``second``).

    Means over problems, of the rewrites that both have, all together and by the name of each. p is one-sided, and
    corrected for all strategies and datasets of the run (Holm).
    """

    strategy: str
    dataset: str
    control: str
    figure: TwoSamples
    p_holm: float
    by_rewrite: Mapping[str, tuple[float, float]]

    @property
    def flagged(self) -> bool:
        """Whether rewrites cost more than on the control, beyond chance."""
        return self.p_holm < ALPHA

    def to_json(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self) | {"difference": self.figure.difference}


def drops(outcomes: Iterable[Outcome], rewrites: Collection[str] | None = None) -> dict[str, float]:
    """By original problem, the share of its samples that pass minus that of its rewritten ones.

    ``rewrites`` are those that count, all where it is None. A problem that has none of them is left out.
    """
    before: dict[str, list[bool]] = {}
    after: dict[str, list[bool]] = {}
    for outcome in outcomes:
        if not outcome.error and (not outcome.rewrite or rewrites is None or outcome.rewrite in rewrites):
            side = after if outcome.rewrite else before
            side.setdefault(outcome.original or outcome.task_id, []).append(outcome.passed)
    return {task: fmean(before[task]) - fmean(passed) for task, passed in after.items() if task in before}


def excess_drops(outcomes: Iterable[Outcome], control: str) -> list[ExcessDrop]:
    """Of each strategy on each dataset but the control; empty where there is no control, or nothing was rewritten."""
    if not control:
        return []
    sides = _sides(outcomes)
    figures: dict[tuple[str, str], tuple[TwoSamples, dict[str, tuple[float, float]]]] = {}
    for strategy, dataset in sorted(sides):
        if dataset != control and (theirs := sides.get((strategy, control))):
            ours = sides[strategy, dataset]
            shared = sorted({each.rewrite for each in ours} & {each.rewrite for each in theirs} - {""})
            figure = two_samples(*(list(drops(side, shared).values()) for side in (ours, theirs)))
            if figure is not None:
                figures[strategy, dataset] = figure, _by_rewrite(ours, theirs, shared)
    corrected = holm([figure.p for figure, _ in figures.values()])
    return [
        ExcessDrop(*place, control, figure, p, by_rewrite)
        for (place, (figure, by_rewrite)), p in zip(figures.items(), corrected, strict=True)
    ]


def _sides(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    """Outcomes on original and rewritten problems, by strategy and the originals' dataset."""
    given = [outcome for outcome in outcomes if not outcome.error]
    dataset_of = {outcome.task_id: outcome.dataset for outcome in given if not outcome.rewrite}
    sides: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in given:
        if (dataset := dataset_of.get(outcome.original or outcome.task_id)) is not None:
            sides.setdefault((outcome.strategy, dataset), []).append(outcome)
    return sides


def _by_rewrite(
    ours: Collection[Outcome], theirs: Collection[Outcome], rewrites: Iterable[str]
) -> dict[str, tuple[float, float]]:
    made = {}
    for rewrite in rewrites:
        first, second = (drops(side, [rewrite]) for side in (ours, theirs))
        if first and second:
            made[rewrite] = fmean(first.values()), fmean(second.values())
    return made

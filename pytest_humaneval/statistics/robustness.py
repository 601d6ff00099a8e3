"""What pass@1 loses when problems are said in other words: by rewrite, and in the worst case of each problem.

The worst case of a problem is the smallest share of its samples that pass, of the original and of all rewrites that fit
it (Wang et al. 2023, ReCode, arXiv:2212.10264). It falls with every further rewrite also where answers only scatter:
it is to be compared between runs with the same rewrites, not with pass@1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.statistics.comparison import Comparison, Passes, compare, share_passed, together
from pytest_humaneval.statistics.metrics import mean_interval, wilson_interval
from pytest_humaneval.statistics.noninferiority import MarginTest, margin_test


@dataclass(frozen=True, slots=True)
class Robustness:
    """One strategy on the original problems of one dataset and on those that were made of them.

    ``comparisons`` are a rewrite's problems (``first``, by the rewrite's name) minus their originals, whose ids name
    them, corrected for all rewrites of all strategies on the dataset. ``margins`` are the tests against a drop, where
    one is allowed: those of all datasets are made together. ``problems``, ``pass_at_1`` and the worst case are those of
    the problems none of whose versions was lost to an error.
    """

    strategy: str
    dataset: str
    problems: int
    pass_at_1: float
    worst_case: float
    worst_case_interval: tuple[float, float]
    comparisons: tuple[Comparison, ...]
    margins: tuple[MarginTest, ...] = ()

    @property
    def worst(self) -> Comparison | None:
        """The rewrite that costs most."""
        return min(self.comparisons, key=lambda comparison: comparison.difference, default=None)


def robustness_of(outcomes: Iterable[Outcome], max_drop: float | None = None) -> list[Robustness]:
    """What can be said of outcomes on original and rewritten problems; empty where none was rewritten."""
    every = list(outcomes)
    given = [outcome for outcome in every if not outcome.error]
    dataset_of = {outcome.task_id: outcome.dataset for outcome in given if not outcome.rewrite}
    by_version: dict[tuple[str, str], dict[str, dict[str, dict[int, bool]]]] = {}
    for outcome in given:
        original = outcome.original or outcome.task_id
        if original in dataset_of:
            versions = by_version.setdefault((dataset_of[original], outcome.strategy), {})
            versions.setdefault(outcome.rewrite, {}).setdefault(original, {})[outcome.sample_index] = outcome.passed
    lost = _lost(every)
    made = [
        row
        for dataset in dict.fromkeys(dataset_of.values())
        for row in _of_dataset(
            dataset, {key[1]: version for key, version in by_version.items() if key[0] == dataset}, lost
        )
    ]
    if max_drop is None:
        return made
    tests = sum(len(row.comparisons) for row in made)
    return [replace(row, margins=_margins(row, by_version[row.dataset, row.strategy], max_drop, tests)) for row in made]


def _lost(outcomes: Sequence[Outcome]) -> set[tuple[str, str]]:
    """The strategies and original problems with a version that is nothing but errors: their worst case is not known."""
    versions = {(each.strategy, each.original or each.task_id, each.rewrite) for each in outcomes if each.error}
    judged = {(each.strategy, each.original or each.task_id, each.rewrite) for each in outcomes if not each.error}
    return {(strategy, original) for strategy, original, _ in versions - judged}


def _of_dataset(
    dataset: str, strategies: Mapping[str, Mapping[str, Passes]], lost: Collection[tuple[str, str]]
) -> list[Robustness]:
    rows = {name: versions for name, versions in sorted(strategies.items()) if versions.get("") and len(versions) > 1}
    pairs = [(name, rewrite) for name, versions in rows.items() for rewrite in versions if rewrite]
    made = [compare(rewrite, rows[name][rewrite], name, rows[name][""]) for name, rewrite in pairs]
    corrected = together(made)
    rows_of_part = []
    for name, versions in rows.items():
        original = {task: samples for task, samples in versions[""].items() if (name, task) not in lost}
        worst = [
            float(min(share_passed(passes[task]) for passes in versions.values() if task in passes))
            for task in original
        ]
        comparisons = tuple(comparison for comparison in corrected if comparison.second == name)
        values = [float(share_passed(samples)) for samples in original.values()]
        rows_of_part.append(
            Robustness(name, dataset, len(original), _mean(values), _mean(worst), _interval(worst), comparisons)
        )
    return rows_of_part


def _margins(row: Robustness, versions: Mapping[str, Passes], drop: float, tests: int) -> tuple[MarginTest, ...]:
    names = [comparison.first for comparison in row.comparisons]
    made = [margin_test(name, versions[name], versions[""], drop, tests) for name in names]
    return tuple(test for test in made if test is not None)


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _interval(values: Sequence[float]) -> tuple[float, float]:
    return mean_interval(values) if set(values) - {0.0, 1.0} else wilson_interval(sum(values), len(values))

"""One way of answering against another, on the problems that both have, by all samples of either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.paired import (
    ALPHA,
    detectable,
    detectable_mean,
    holm,
    mcnemar,
    paired_interval,
    sign_flip,
)

REFERENCE = "minimal"  # what the others are compared with where there are too many pairs to show

Passes = Mapping[str, Mapping[int, bool]]
"""Whether each sample passed: by task_id, then by sample_index. Samples without a verdict are not in it."""

MCNEMAR, SIGN_FLIP = "exact McNemar", "exact sign-flip"
UNEQUAL = "approximate sign-flip"
"""Where the two drew unequal numbers of samples. One sample scatters otherwise than the mean of five, so that a
difference is not exactly as likely with the other sign. In simulations (benchmarks.statistics_simulations) the test
finds a difference between equals in 4 to 6 % of 164 problems, but in up to 15 % of fewer that are nearly all solved."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``first`` minus ``second``, problem by problem, with its 95 % interval and two-sided p-value.

    A problem's value is the share of its samples that pass, of all that either side drew: pass@1 of each is compared.
    With one sample a problem ``better`` passes with ``first`` only, ``worse`` with ``second`` only, ``both`` with both,
    ``neither`` with none. With several, ``better`` and ``worse`` have a larger or smaller share, and what is equal is
    ``neither`` where no sample passes, else ``both``. ``spread`` is the share of problems that differ (with one
    sample), or the standard deviation of their differences (with several). ``p_holm`` is p corrected for all the
    comparisons that were made together, ``tests`` of them.
    """

    first: str
    second: str
    problems: int
    first_samples: int
    second_samples: int
    first_pass_at_1: float
    second_pass_at_1: float
    difference: float
    interval: tuple[float, float]
    method: str
    p: float
    p_holm: float
    spread: float
    better: tuple[str, ...]
    worse: tuple[str, ...]
    both: tuple[str, ...]
    neither: tuple[str, ...]
    tests: int = 1

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value is below alpha."""
        return self.p_holm < ALPHA

    def counts(self) -> dict[str, Any]:
        """Everything for a JSON file, with the numbers of problems instead of their names."""
        names = ("better", "worse", "both", "neither")
        return {key: len(value) if key in names else value for key, value in asdict(self).items()}


def passes_of(outcomes: Iterable[Outcome]) -> dict[str, dict[str, dict[int, bool]]]:
    """The verdicts of each strategy, in the order of their names; problems in the order of the outcomes.

    A strategy that was stopped early has none here: no test or interval for a number of problems that was fixed before
    is right for it.
    """
    passes: dict[str, dict[str, dict[int, bool]]] = {}
    given = list(outcomes)
    stopped = {outcome.strategy for outcome in given if outcome.stopped}
    for outcome in given:
        if not outcome.error and outcome.strategy not in stopped:
            samples = passes.setdefault(outcome.strategy, {}).setdefault(outcome.task_id, {})
            samples[outcome.sample_index] = outcome.passed
    return dict(sorted(passes.items()))


def share_passed(samples: Mapping[int, bool]) -> Fraction:
    """Of one problem's samples."""
    return Fraction(sum(samples.values()), len(samples))


def compare(first: str, of_first: Passes, second: str, of_second: Passes) -> Comparison | None:
    """Compare two strategies on the problems that both have, by all samples of either; None where there is none.

    Which samples stand beside each other says nothing, so their numbers and indices need not be the same.
    """
    shared = [task_id for task_id, samples in of_first.items() if samples and of_second.get(task_id)]
    if not shared:
        return None
    mine, other = ({task_id: share_passed(side[task_id]) for task_id in shared} for side in (of_first, of_second))
    differences = {task_id: mine[task_id] - other[task_id] for task_id in shared}
    better = tuple(task_id for task_id, difference in differences.items() if difference > 0)
    worse = tuple(task_id for task_id, difference in differences.items() if difference < 0)
    equal = [task_id for task_id, difference in differences.items() if not difference]
    drawn, drawn_by_other = ([len(side[task_id]) for task_id in shared] for side in (of_first, of_second))
    one_each = max(*drawn, *drawn_by_other) == 1
    p = mcnemar(len(better), len(worse)) if one_each else sign_flip(list(differences.values()))
    if one_each or len(shared) < 2:
        spread = (len(better) + len(worse)) / len(shared)
    else:
        spread = stdev(map(float, differences.values()))
    return Comparison(
        first=first,
        second=second,
        problems=len(shared),
        first_samples=sum(drawn),
        second_samples=sum(drawn_by_other),
        first_pass_at_1=fmean(mine.values()),
        second_pass_at_1=fmean(other.values()),
        difference=float(sum(differences.values(), Fraction(0)) / len(shared)),
        interval=_interval(list(mine.values()), list(other.values()), one_each),
        method=MCNEMAR if one_each else SIGN_FLIP if drawn == drawn_by_other else UNEQUAL,
        p=p,
        p_holm=p,
        spread=spread,
        better=better,
        worse=worse,
        both=tuple(task_id for task_id in equal if mine[task_id]),
        neither=tuple(task_id for task_id in equal if not mine[task_id]),
    )


def together(comparisons: Iterable[Comparison | None]) -> list[Comparison]:
    """Those that could be made, with their p-values corrected for being made together; also of former such calls."""
    made = [comparison for comparison in comparisons if comparison is not None]
    corrected = holm([comparison.p for comparison in made])
    return [replace(one, p_holm=p, tests=len(made)) for one, p in zip(made, corrected, strict=True)]


def compare_pairs(passes: Mapping[str, Passes]) -> list[Comparison]:
    """Every pair of strategies."""
    return together(compare(first, passes[first], second, passes[second]) for first, second in combinations(passes, 2))


def compare_with_reference(passes: Mapping[str, Passes]) -> list[Comparison]:
    """Every other strategy minus ``minimal``, or where that is missing, minus the first by name."""
    reference = reference_of(passes)
    others = (name for name in passes if name != reference)
    return together(compare(name, passes[name], reference, passes[reference]) for name in others)


def reference_of(strategies: Iterable[str]) -> str:
    """What others are compared with: ``minimal``, or where that is missing, the first by name."""
    names = sorted(strategies)
    return REFERENCE if REFERENCE in names else names[0]


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference that would be found with a chance of 80 %, and what that rests on."""

    difference: float | None
    problems: int
    alpha: float
    spread: float
    method: str


def smallest_detectable(comparisons: Sequence[Comparison]) -> Detectable | None:
    """What comparisons made together could show: at alpha over their number, the strictest step of Holm's correction.

    Rests on the mean spread of these comparisons, which may be some of those made together, and on their smallest
    number of problems. None without a comparison.
    """
    if not comparisons:
        return None
    problems = min(comparison.problems for comparison in comparisons)
    alpha = ALPHA / max(comparison.tests for comparison in comparisons)
    method = next((comparison.method for comparison in comparisons if comparison.method != MCNEMAR), MCNEMAR)
    alike = [comparison.spread for comparison in comparisons if (comparison.method == MCNEMAR) == (method == MCNEMAR)]
    spread = fmean(alike) if method == MCNEMAR else fmean(share**2 for share in alike) ** 0.5
    find = detectable if method == MCNEMAR else detectable_mean
    return Detectable(find(problems, spread, alpha), problems, alpha, spread, method)


def _interval(mine: Sequence[Fraction], other: Sequence[Fraction], one_each: bool) -> tuple[float, float]:
    """Newcombe's for one sample a problem; for several the bootstrap over problems, where it says anything."""
    if not one_each:
        interval = bootstrap_interval([float(a - b) for a, b in zip(mine, other, strict=True)])
        if interval is not None:
            return interval
    # For several samples with equal differences: as wide as if each problem were a yes or a no.
    both = float(sum(map(min, mine, other)))
    better, worse = (
        float(sum(max(a - b, Fraction(0)) for a, b in pairs))
        for pairs in (zip(mine, other, strict=True), zip(other, mine, strict=True))
    )
    return paired_interval(both, better, worse, max(0.0, len(mine) - both - better - worse))

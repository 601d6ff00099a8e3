"""What a finished run says beyond its table: comparisons in pairs, with the baseline, and the gates' answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.report.baseline import BaselineComparison, compare_results, corrected_together, matched
from pytest_humaneval.report.gates import Gates, GateVerdict, judge
from pytest_humaneval.report.rewrite_gate import judge_rewrites
from pytest_humaneval.results.parts import POOLED, is_rewritten, part_of, parts_of, same_part
from pytest_humaneval.results.preregistration import Checked
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.scored_solutions import Likelihood
from pytest_humaneval.results.stopping import Stops
from pytest_humaneval.statistics.comparison import (
    Comparison,
    Passes,
    compare_pairs,
    compare_with_reference,
    passes_of,
    smallest_detectable,
)
from pytest_humaneval.statistics.excess_drop import ExcessDrop, excess_drops
from pytest_humaneval.statistics.paired import ALPHA, POWER
from pytest_humaneval.statistics.reliability import Reliability, reliability_of
from pytest_humaneval.statistics.robustness import Robustness, robustness_of

MATRIX_STRATEGIES = 6
"""Up to so many strategies are shown as a matrix of all pairs; of more, each against the reference."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """``pairs`` are all pairs of strategies; ``with_reference`` each other one against ``minimal``, or the first.

    ``reliability`` has the strategies that drew several samples of a problem, ``registration`` what deviates from a
    plan that was made before.
    """

    pairs: Sequence[Comparison] = ()
    with_reference: Sequence[Comparison] = ()
    baseline: BaselineComparison | None = None
    gates: Sequence[GateVerdict] = ()
    answer: str = ""
    reliability: Sequence[Reliability] = ()
    registration: Checked | None = None
    likelihood: Likelihood | None = None  # of the canonical solutions
    stops: Stops | None = None  # of a run that ends strategies early; then there are no other comparisons
    parts: Mapping[str, Analysis] = field(default_factory=dict)
    """Of a run on several datasets: what is said of each, by its name, and of all together where asked for."""
    robustness: Sequence[Robustness] = ()
    """Of a run with rewritten problems: what they cost."""
    excess: Sequence[ExcessDrop] = ()
    """And what that is beyond a control, where the run has one."""

    def to_json(self) -> dict[str, Any]:
        """For run.json."""
        shown: dict[str, Any] = {}
        if self.registration is not None:
            shown["plan"] = to_plain(self.registration)
        if self.likelihood is not None:
            shown["likelihood"] = self.likelihood.to_json()
        if self.stops is not None:
            shown["stopping"] = to_plain(self.stops)
        if self.parts:
            shown["by_dataset"] = {name: part.to_json() for name, part in self.parts.items()}
        if self.robustness:
            shown["robustness"] = to_plain(self.robustness)
        if self.excess:
            shown["excess_drops"] = [row.to_json() for row in self.excess]
        if self.reliability:
            shown["reliability"] = to_plain(self.reliability)
        for key, made in (("pairs", self.pairs), ("with_reference", self.with_reference)):
            if made:
                power = smallest_detectable(made)
                shown[key] = {
                    "alpha": ALPHA,
                    "correction": "Holm",
                    "power": POWER,
                    "detectable": to_plain(power),
                    "comparisons": [comparison.counts() for comparison in made],
                }
        if self.baseline is not None:
            shown["baseline"] = to_plain(self.baseline)  # here the problems are named
        if self.gates or self.answer:
            shown["gates"] = {"verdicts": to_plain(self.gates), "answer": self.answer}
        return shown


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked for: strategies with each other (``pairs``), the ``ks`` of reliability, the drop to rule out.

    With ``pool``, several datasets are also looked at together. ``control`` is the dataset whose drops under rewrites
    the others' are compared with.
    """

    ks: Sequence[int] = ()
    max_drop: float | None = None
    pool: bool = False
    pairs: bool = True
    control: str = ""


def analyse(now: Results, before: Results | None, looked: Looked) -> Analysis:
    """Strategies by themselves, with each other and with the earlier run ``before``, on each dataset apart."""
    parts = parts_of(now.outcomes, pool=looked.pool)
    if not any(parts):
        return _analysis(now, before, looked)
    return Analysis(
        parts=_parts(now, before, looked, parts),
        robustness=robustness_of(now.outcomes, looked.max_drop),
        excess=excess_drops(now.outcomes, looked.control),
    )


def _parts(
    now: Results, before: Results | None, looked: Looked, parts: Mapping[str, Sequence[Outcome]]
) -> dict[str, Analysis]:
    """What is said of each dataset; its comparisons with the baseline count as made with all that a gate looks at."""
    mine = {name: part_of(now, name, some) for name, some in parts.items()}
    theirs = {name: same_part(before, name, parts[name]) if before is not None else None for name in parts}
    made: dict[str, Analysis] = {}
    for alike in _judged_together(parts):
        tests = sum(len(matched(mine[name].strategies, other.strategies)) for name in alike if (other := theirs[name]))
        for name in alike:
            of_part = replace(looked, pairs=looked.pairs and not is_rewritten(parts[name]))
            made[name] = _analysis(mine[name], theirs[name], of_part, tests)
        corrected = corrected_together({name: made[name].baseline for name in alike})
        made |= {name: replace(made[name], baseline=corrected[name]) for name in alike}
    return {name: made[name] for name in parts}


def _judged_together(parts: Mapping[str, Sequence[Outcome]]) -> list[list[str]]:
    """The names of parts, apart by what gates look at: datasets, all of them pooled, and rewritten problems."""
    groups: dict[tuple[bool, bool], list[str]] = {}
    for name, some in parts.items():
        groups.setdefault((name == POOLED, is_rewritten(some)), []).append(name)
    return list(groups.values())


def judge_gates(
    gates: Gates, outcomes: Sequence[Outcome], analysis: Analysis, *, pool: bool = False
) -> list[GateVerdict]:
    """Each gate's answer; of several datasets each has its own, unless they are pooled: then all together are asked.

    Of rewritten problems only the drop is asked for.
    """
    if not analysis.parts:
        return judge(gates, passes_of(outcomes), analysis.baseline, analysis.stops, stopped_of(outcomes))
    parts = parts_of(outcomes, pool=pool)
    verdicts = [
        replace(verdict, strategy=f"{verdict.strategy} on {name}")
        for name, some in parts.items()
        if (name == POOLED or POOLED not in parts) and not is_rewritten(some)
        for verdict in judge(gates, passes_of(some), analysis.parts[name].baseline, None, stopped_of(some))
    ]
    asked = [
        (strategy, name)
        for name, some in parts.items()
        if name != POOLED and not is_rewritten(some)
        for strategy in sorted({outcome.strategy for outcome in some})
    ]
    return [*verdicts, *judge_rewrites(gates, analysis.robustness, asked)]


def with_stops(analysis: Analysis, stops: Stops | None) -> Analysis:
    """The same for a run that ends strategies early: a test for a fixed number of problems is none for them.

    Nor for those that came to the end: they have been tested once already, on the way.
    """
    if stops is None:
        return analysis
    baseline = analysis.baseline
    if baseline is not None:
        baseline = replace(baseline, comparisons=(), margins=())
    return replace(analysis, pairs=(), with_reference=(), baseline=baseline, stops=stops)


def stopped_of(outcomes: Iterable[Outcome]) -> set[str]:
    """The strategies that ended early."""
    return {outcome.strategy for outcome in outcomes if outcome.stopped}


def _analysis(now: Results, before: Results | None, looked: Looked, tests: int = 0) -> Analysis:
    of_pairs, with_reference = comparisons_of(now.outcomes) if looked.pairs else ([], [])
    compared = compare_results(now, before, looked.max_drop, tests) if before is not None else None
    return Analysis(of_pairs, with_reference, compared, reliability=reliability_of(now.outcomes, looked.ks))


def comparisons_of(outcomes: Sequence[Outcome]) -> tuple[list[Comparison], list[Comparison]]:
    """All pairs of strategies, and each against the reference; both empty for one strategy."""
    return comparisons_between(passes_of(outcomes))


def comparisons_between(passes: Mapping[str, Passes]) -> tuple[list[Comparison], list[Comparison]]:
    """The same of what passed, by the strategies' names in their order.

    None of a single problem: nothing about strategies can be shown on it, whichever of them pass.
    """
    if len({task_id for of_strategy in passes.values() for task_id in of_strategy}) < 2:
        return [], []
    return (compare_pairs(passes), compare_with_reference(passes)) if len(passes) > 1 else ([], [])

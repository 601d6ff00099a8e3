"""Gates: may this ship? The run's exit status answers, whatever single problems did.

====  ===================================================================================================
 0    every gate holds
 1    every gate holds, but something that is no evaluated problem failed: another test, a fixture's teardown
 3    errors of engine or sandbox: no gate is judged
10    a gate does not hold
11    a gate cannot be judged: items of the run have no verdict, or there are too few problems to say
====  ===================================================================================================

pytest's own 2 (interrupted), 4 (usage) and 5 (no tests) stay: nothing is judged then. 10 and 11 are used neither by
pytest (0 to 6), nor by shells and ``timeout`` (124 and up), nor by sysexits.h (64 to 78).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.report.baseline import BaselineComparison, matched
from pytest_humaneval.results.stopping import Stop, Stops
from pytest_humaneval.statistics.betting import largest_capital
from pytest_humaneval.statistics.comparison import Comparison, Passes, smallest_detectable
from pytest_humaneval.statistics.metrics import pass_at_k_interval
from pytest_humaneval.statistics.noninferiority import MarginTest
from pytest_humaneval.statistics.paired import ALPHA, POWER
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.wording import p_text, signed_interval

ENDED_EARLY = "it ended early, and has no figure for a number of problems that was fixed before"
OK, TESTS_FAILED, INTERNAL_ERROR = 0, 1, 3  # pytest's
DOES_NOT_HOLD, NOT_JUDGED = 10, 11
NO_DROP = f"no drop against the baseline (p below {ALPHA:g})"
SMALL_DROP = "a drop of less than {:g} against the baseline"


@dataclass(frozen=True, slots=True)
class Gates:
    """What is asked of a run: a least pass@1 for strategies by name, and things about a drop against the baseline.

    ``on_regression`` asks that none is significant, ``max_drop`` that it is shown to be smaller than that; with
    ``on_rewrites`` the drop of rewritten problems against the original ones, in the same run. With
    ``on_bound`` it is the lower end of pass@1's 95 % interval that has to reach ``least``, not the figure itself.
    """

    least: Mapping[str, float] = field(default_factory=dict)
    on_regression: bool = False
    max_drop: float | None = None
    on_bound: bool = False
    on_rewrites: bool = False

    def __bool__(self) -> bool:
        return bool(self.least) or self.on_regression or self.max_drop is not None

    @property
    def about_baseline(self) -> str:
        """The name of an option that needs a baseline; empty where none does."""
        if self.on_regression:
            return "fail-on-regression"
        return "max-drop" if self.max_drop is not None and not self.on_rewrites else ""


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """One gate's answer for one strategy; ``holds`` is None where it could not be judged."""

    gate: str
    strategy: str
    holds: bool | None
    reason: str


def least_pass_at_1(requested: Iterable[tuple[str, float]], strategies: Sequence[str]) -> dict[str, float]:
    """What --humaneval-min-pass-at-1 asks of each strategy; a number without a name asks it of all that have no own.

    Raises:
        InputError: a strategy that is not evaluated, or two numbers for one.
    """
    own: dict[str, float] = {}
    for name, least in requested:
        if name and name not in strategies:
            raise InputError(
                f"--humaneval-min-pass-at-1: {name} is not evaluated; this run has {', '.join(strategies)}"
            )
        if own.setdefault(name, least) != least:
            raise InputError(
                f"--humaneval-min-pass-at-1: {own[name]:g} and {least:g} are both given for "
                f"{name or 'every strategy'}; give one"
            )
    return {name: own.get(name, own.get("", 0.0)) for name in strategies if name in own or "" in own}


def check_baseline(gates: Gates, strategies: Sequence[str], before: Sequence[str] | None, prefix: str) -> None:
    """See that there is something to regress from, if a gate is about that; ``before`` are the baseline's strategies.

    ``prefix`` is what the options begin with: ``--humaneval-`` in a run, ``--`` in a command.

    Raises:
        InputError: there is no baseline, or it lacks a strategy.
    """
    if not (option := gates.about_baseline):
        return
    if before is None:
        raise InputError(f"{prefix}{option} needs {prefix}baseline=PATH, an earlier run to compare with")
    pairs = matched(strategies, before)
    if missing := [name for name in strategies if name not in pairs]:
        raise InputError(
            f"{prefix}{option}: the baseline has no results of {', '.join(missing)}; it has {', '.join(before)}"
        )


def judge(
    gates: Gates,
    passes: Mapping[str, Passes],
    baseline: BaselineComparison | None,
    stops: Stops | None = None,
    stopped: Collection[str] = (),
) -> list[GateVerdict]:
    """Each gate's answer for each strategy that it asks about; for a run whose every item has a verdict.

    Of a run that ends strategies early, ``stops`` answers for the baseline; ``stopped`` are those that ended.
    """
    at_least = _bound_at_least if gates.on_bound else _at_least
    verdicts = [
        GateVerdict(f"pass@1 of at least {least:g}", name, None, ENDED_EARLY)
        if name in stopped
        else at_least(name, least, passes.get(name, {}))
        for name, least in gates.least.items()
    ]
    if stops is not None:
        return verdicts + judge_stops(gates, stops)
    if gates.about_baseline:
        verdicts += [GateVerdict("comparison with the baseline", name, None, ENDED_EARLY) for name in sorted(stopped)]
    if gates.on_regression and baseline is not None:
        compared = {comparison.first: comparison for comparison in baseline.comparisons}
        verdicts += [_no_drop(name, compared.get(name)) for name in passes]
    if gates.max_drop is not None and baseline is not None:
        tests = {test.strategy: test for test in baseline.margins}
        verdicts += [_small_drop(name, gates.max_drop, tests.get(name)) for name in passes]
    return verdicts


def judge_stops(gates: Gates, stops: Stops) -> list[GateVerdict]:
    """The gates about the baseline, by tests and limits that hold whenever a strategy ends."""
    verdicts = []
    for stop in stops.strategies:
        low, high = stop.limits
        problems = counted(stop.problems, "problem", "problems")
        detail = f"{stop.difference:+.3f}, p {_p(stop)}, {problems} of {stop.available}, valid whenever it ends"
        if gates.on_regression:
            holds = None if stop.decision == "futile" else stop.decision != "worse"
            reason = f"{stop.decision}: {detail}"
            too_few = largest_capital(stop.available) < 2 * len(stops.strategies) / ALPHA
            if holds and (not stop.problems or (stop.worse and too_few)):
                holds, reason = None, f"{reason}: too few to show any drop"
            verdicts.append(GateVerdict(NO_DROP, stop.strategy, holds, reason))
        if gates.max_drop is not None:
            within = True if low > -gates.max_drop else False if high < -gates.max_drop else None
            limits = f"one-sided {1 - ALPHA:.0%} limits {low:+.3f} and {high:+.3f}"
            verdicts.append(
                GateVerdict(SMALL_DROP.format(gates.max_drop), stop.strategy, within, f"{detail}, {limits}")
            )
    return verdicts


def answer(status: int, verdicts: Sequence[GateVerdict], errors: int, missing: int, elsewhere: int) -> tuple[int, str]:
    """The exit status of a run with gates, and why, in a sentence.

    ``status`` is what pytest would end with, ``errors`` the items without a verdict for want of an engine or a sandbox,
    ``missing`` the items of the plan that did not run, ``elsewhere`` the failures that are no item's verdict.
    """
    if status not in (OK, TESTS_FAILED, INTERNAL_ERROR):
        return status, f"no gate was judged: the run ended with pytest's exit status {status}"
    if errors or status == INTERNAL_ERROR:
        what = f"items that are errors of engine or sandbox: {errors}" if errors else "an internal error"
        return INTERNAL_ERROR, f"no gate was judged: {what}; exit status {INTERNAL_ERROR}"
    if missing:
        return NOT_JUDGED, (
            f"no gate was judged: items of this run without a verdict: {missing} (left out by -k, --lf, -m and the "
            "like, skipped, or not reached), and gates judge whole runs only; to evaluate some problems on purpose, "
            f"give --humaneval-task or --humaneval-limit; exit status {NOT_JUDGED}"
        )
    if failed := sum(verdict.holds is False for verdict in verdicts):
        return DOES_NOT_HOLD, f"not every gate holds: {failed} of {len(verdicts)} failed; exit status {DOES_NOT_HOLD}"
    if unjudged := sum(verdict.holds is None for verdict in verdicts):
        count = f"{unjudged} of {len(verdicts)} could not"
        return NOT_JUDGED, f"not every gate could be judged: {count}; exit status {NOT_JUDGED}"
    if elsewhere:
        return (
            TESTS_FAILED,
            f"every gate holds, but there are failures beside the evaluation: {elsewhere}; exit status 1",
        )
    return OK, "every gate holds; exit status 0, whatever single problems did"


def _at_least(strategy: str, least: float, passes: Passes) -> GateVerdict:
    gate = f"pass@1 of at least {least:g}"
    if not passes:
        return GateVerdict(gate, strategy, None, "no sample was judged")
    # Exactly, as 0.4 is meant: a mean of shares in floating point can be one bit below it.
    value = sum(Fraction(sum(samples.values()), len(samples)) for samples in passes.values()) / len(passes)
    passed, judged = (sum(map(count, passes.values())) for count in (lambda samples: sum(samples.values()), len))
    detail = f"{float(value):.4f}, {passed:,} of {counted(judged, 'sample', 'samples')}"
    return GateVerdict(gate, strategy, value >= Fraction(str(least)), detail)


def _bound_at_least(strategy: str, least: float, passes: Passes) -> GateVerdict:
    gate = f"pass@1 of at least {least:g} by the lower end of its interval"
    interval = pass_at_k_interval(((len(samples), sum(samples.values())) for samples in passes.values()), 1)
    if interval is None:
        return GateVerdict(gate, strategy, None, "no sample was judged")
    low, high = interval
    figure = _at_least(strategy, least, passes).reason
    return GateVerdict(gate, strategy, low >= least, f"[{low:.4f}, {high:.4f}] of {figure}")


def _p(of: Stop | Comparison) -> str:
    # One decimal more than elsewhere: whoever failed by it wants to see how far 0.05 is.
    return p_text(of.p_holm, decimals=4)


def _no_drop(strategy: str, comparison: Comparison | None) -> GateVerdict:
    gate = NO_DROP
    if comparison is None:
        return GateVerdict(gate, strategy, None, "no problem is in both")
    detail = f"{comparison.difference:+.3f} {signed_interval(comparison.interval)}, p {_p(comparison)}"
    detail += f" (Holm-corrected over {comparison.tests})" if comparison.tests > 1 else ""
    detail += f", {counted(comparison.problems, 'problem', 'problems')}"
    if comparison.significant:
        return GateVerdict(gate, strategy, comparison.difference > 0, detail)
    power = smallest_detectable([comparison])
    if comparison.worse and power is not None and power.difference is None:
        return GateVerdict(gate, strategy, None, f"{detail}: too few to show any drop")
    return GateVerdict(gate, strategy, True, detail)


def _small_drop(strategy: str, margin: float, test: MarginTest | None) -> GateVerdict:
    gate = SMALL_DROP.format(margin)
    if test is None:
        return GateVerdict(gate, strategy, None, "no problem is in both")
    low, high = test.limits
    problems = counted(test.problems, "problem", "problems")
    detail = f"{test.difference:+.3f}, {problems}, one-sided {1 - ALPHA:.0%} limits {low:+.3f} and {high:+.3f}"
    if test.within is None and high < -margin:
        detail += f"; that it is larger has to show at alpha {ALPHA:g}/{test.tests}, as one of so many is enough"
    elif test.within is None:
        detail += f"; {_needed(test)}, if nothing has really changed and as many problems differ"
    return GateVerdict(gate, strategy, test.within, detail)


def _needed(test: MarginTest) -> str:
    if test.needed > test.problems:
        return f"about {test.needed} problems would show it with a chance of {POWER:.0%}"
    return f"as many problems of another run would show it with a chance of at least {POWER:.0%}"

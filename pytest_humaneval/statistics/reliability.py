"""How reliable several samples of one problem are: whether all of them pass, and how often they say the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean

from pytest_humaneval.finish_reasons import LENGTH, finish_reason
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.statistics.metrics import mean_interval

Problems = Sequence[Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over problems, with its 95 % interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reliability:
    """One strategy's samples, those without a verdict left out; every share is a mean over problems.

    ``all_pass`` is pass^k by k, None where a problem has fewer than k samples. ``same_answer`` is the share of a
    problem's largest group of samples with one completion. ``empty``, ``cut_off`` (at the limit of tokens) and
    ``unparsable`` are shares of its samples.
    """

    strategy: str
    problems: int
    samples: int
    all_pass: Mapping[int, Share | None]
    same_answer: Share
    empty: Share
    cut_off: Share
    unparsable: Share


def all_pass_at_k(num_samples: int, num_correct: int, k: int) -> float | None:
    """pass^k: the chance that all of ``k`` samples of one problem are correct; None when there are fewer than ``k``.

    The unbiased estimator of Yao et al. 2024 (arXiv:2406.12045), C(c, k) / C(n, k).

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= num_correct <= num_samples or k < 1:
        raise ValueError(f"no pass^{k} of {num_correct} correct samples among {num_samples}")
    return None if num_samples < k else comb(num_correct, k) / comb(num_samples, k)


def reliability_of(outcomes: Iterable[Outcome], ks: Sequence[int]) -> list[Reliability]:
    """A row for each strategy with several samples of a problem, in the order of their names.

    pass^k is for every k above 1 of ``ks``, and for as many samples as every problem has. A strategy that was stopped
    early has no row: how many problems it has depends on what they showed, and no interval here allows for that.
    """
    grouped: defaultdict[str, defaultdict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    given = list(outcomes)
    stopped = {outcome.strategy for outcome in given if outcome.stopped}
    for outcome in given:
        if not outcome.error and outcome.strategy not in stopped:
            grouped[outcome.strategy][outcome.task_id].append(outcome)
    return [
        _of_strategy(name, list(problems.values()), ks)
        for name, problems in sorted(grouped.items())
        if any(len(samples) > 1 for samples in problems.values())
    ]


def _of_strategy(strategy: str, problems: Problems, ks: Sequence[int]) -> Reliability:
    fewest = min(map(len, problems))
    wanted = sorted({k for k in (*ks, fewest) if k > 1})
    return Reliability(
        strategy=strategy,
        problems=len(problems),
        samples=sum(map(len, problems)),
        all_pass={k: _all_pass(problems, k) for k in wanted},
        same_answer=_mean(
            [max(Counter(outcome.completion.strip() for outcome in few).values()) / len(few) for few in problems]
        ),
        empty=_share(problems, lambda outcome: outcome.kind == "empty"),
        cut_off=_share(problems, lambda outcome: finish_reason(outcome.finish_reason) == LENGTH),
        unparsable=_share(problems, lambda outcome: outcome.kind == "syntax error"),
    )


def _all_pass(problems: Problems, k: int) -> Share | None:
    each = [all_pass_at_k(len(samples), sum(outcome.passed for outcome in samples), k) for samples in problems]
    defined = [value for value in each if value is not None]
    return _mean(defined) if len(defined) == len(each) else None


def _share(problems: Problems, counts: Callable[[Outcome], bool]) -> Share:
    return _mean([sum(map(counts, samples)) / len(samples) for samples in problems])


def _mean(values: Sequence[float]) -> Share:
    return Share(fmean(values), mean_interval(values))

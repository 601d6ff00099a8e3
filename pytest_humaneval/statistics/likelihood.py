"""How likely a model finds texts that are known to be right: a figure that moves where pass@1 does not yet.

A text's log-probability is that of all its tokens, given what stands before it; over its length in bytes, so that
models with different tokens can be compared (bits per byte, as in Gao et al. 2020, arXiv:2101.00027, section 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from statistics import fmean

from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.paired import rounded_sign_flip


@dataclass(frozen=True, slots=True)
class Scored:
    """The log-probability (natural) of one text of so many tokens and bytes."""

    logprob: float
    tokens: int
    bytes: int

    @property
    def bits_per_byte(self) -> float:
        return -self.logprob / log(2) / self.bytes


@dataclass(frozen=True, slots=True)
class LikelihoodChange:
    """Bits per byte now minus before, a mean over ``problems`` that both have, with 95 % interval and p.

    ``better`` of them are more likely now, ``worse`` less. ``interval`` is None where no two differences are unlike.
    """

    problems: int
    now: float
    before: float
    difference: float
    interval: tuple[float, float] | None
    p: float
    better: int
    worse: int


def likelihood_change(now: Mapping[str, Scored], before: Mapping[str, Scored]) -> LikelihoodChange | None:
    """Compare two models, or one in two precisions, text by text; None where they share none.

    The test is the exact sign-flip test (Fisher 1935; Pitman 1937), two-sided.
    """
    shared = [name for name in now if name in before]
    if not shared:
        return None
    mine, other = ([side[name].bits_per_byte for name in shared] for side in (now, before))
    differences = [a - b for a, b in zip(mine, other, strict=True)]
    return LikelihoodChange(
        len(shared),
        fmean(mine),
        fmean(other),
        fmean(differences),
        bootstrap_interval(differences),
        rounded_sign_flip(differences),
        sum(difference < 0 for difference in differences),
        sum(difference > 0 for difference in differences),
    )

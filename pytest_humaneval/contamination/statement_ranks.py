"""How the statement as it is stands among its rewrites: its rank by likelihood, and the paired test.

A model that has read a statement finds it likelier than what says the same in other words (Oren et al. 2023,
arXiv:2310.17623, do the same with the order of examples).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.paired import rounded_sign_flip


@dataclass(frozen=True, slots=True)
class Versions:
    """Log-probabilities per token of one problem's statement: as it is, and rewritten."""

    original: float
    rewritten: tuple[float, ...]

    @property
    def rank(self) -> float:
        """1 where it is the likeliest; equal ones share the middle of their ranks."""
        return 1 + sum(
            1.0 if each > self.original else 0.5 if each == self.original else 0.0 for each in self.rewritten
        )

    @property
    def share_behind(self) -> float:
        """The share of its rewrites that are less likely: 1 at the first rank, 0 at the last."""
        return 1 - (self.rank - 1) / len(self.rewritten)

    @property
    def gain(self) -> float:
        """Nats per token over the mean of its rewrites."""
        return self.original - fmean(self.rewritten)


@dataclass(frozen=True, slots=True)
class StatementRanks:
    """Of one set of problems: how often the original is the likeliest, its mean rank, and by how much it is likelier.

    ``versions`` is the mean number of versions that it stands among. ``interval`` (95 %, bootstrap) is None where no
    two gains differ; ``p`` is that of the exact sign-flip test of the gains, two-sided.
    """

    problems: int
    first: int
    mean_rank: float
    versions: float
    gain: float
    interval: tuple[float, float] | None
    p: float


def statement_ranks(versions: Sequence[Versions]) -> StatementRanks | None:
    """The figures of a set; None where no problem has a rewrite."""
    if not versions:
        return None
    gains = [each.gain for each in versions]
    return StatementRanks(
        len(versions),
        sum(each.rank == 1 for each in versions),
        fmean(each.rank for each in versions),
        fmean(1 + len(each.rewritten) for each in versions),
        fmean(gains),
        bootstrap_interval(gains),
        rounded_sign_flip(gains),
    )

"""Looking after every problem: tests and intervals that stay right whenever one stops, and for whatever reason.

Who bets against "``first`` is no better" with stakes chosen in advance wins nothing in the long run where that is true:
the chance that the capital ever reaches c times the stake is at most 1/c (Ville 1939; Shafer 2021, JRSS A 184:407). So
1/capital is a p-value at every moment at once (Johari et al. 2022, Operations Research 70:1806). The bets are those of
Waudby-Smith and Ramdas 2024 (JRSS B 86:1) for the mean of bounded values, here of the problems' differences from -1 to
1; the capital is spread evenly over :data:`FRACTIONS`, from careful to bold ones. With one sample a problem only the
problems that differ move it, as in McNemar's test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import fsum

FRACTIONS = tuple(step / 20 for step in range(1, 20))  # of the largest bet that cannot lose more than there is
RICHEST = 1e200  # beyond, capital is not counted on
_STEPS = 24  # halvings of an interval of length 2: ends are exact to 1e-7


@dataclass
class Bets:
    """The capital of two gamblers, after each problem's difference: one bets that its mean is above 0, one below."""

    differences: list[float] = field(default_factory=list)
    highest: float = 1.0  # of the one who bets on "above", so far
    lowest: float = 1.0  # of the other one, its highest too
    _up: list[float] = field(default_factory=lambda: _start())
    _down: list[float] = field(default_factory=lambda: _start())

    def add(self, difference: float) -> None:
        """Take in the next problem's difference, from -1 to 1."""
        self.differences.append(difference)
        if difference:
            self._up = _grown(self._up, FRACTIONS, difference)
            self._down = _grown(self._down, FRACTIONS, -difference)
            self.highest = max(self.highest, fsum(self._up))
            self.lowest = max(self.lowest, fsum(self._down))

    @property
    def p(self) -> float:
        """The two-sided p-value, valid whenever one looks: half of the error for each direction."""
        return min(1.0, 2 / max(self.highest, self.lowest))

    @property
    def e(self) -> float:
        """The two-sided e-value now: the capital of both per unit of stake."""
        return (fsum(self._up) + fsum(self._down)) / 2

    @property
    def better(self) -> bool:
        """Which direction the p-value is about."""
        return self.highest >= self.lowest


def largest_capital(problems: int) -> float:
    """Of either gambler after so many problems: where all of them differ in one direction, and as far as can be."""
    return fsum(min(RICHEST, (1 + fraction) ** problems) for fraction in FRACTIONS) / len(FRACTIONS)


def anytime_limits(differences: Sequence[float], alpha: float) -> tuple[float, float]:
    """A lower and an upper limit of the mean, each wrong at any time at all with a chance of at most ``alpha``.

    All means against which the capital has never reached 1/alpha lie between them. Nothing seen is from -1 to 1.
    """
    return _limit(differences, alpha, 1), -_limit(differences, alpha, -1)


def anytime_interval(differences: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The confidence sequence of the mean so far: both limits, with half of the error each."""
    return anytime_limits(differences, (1 - confidence) / 2)


def capitals(differences: Iterable[float], mean: float) -> Iterator[float]:
    """The capital after each problem of who bets that the mean is above ``mean``.

    It is the smaller, the larger ``mean`` is: so what it rejects lies below a limit.
    """
    capital, stakes = _start(), [fraction / (1 + mean) for fraction in FRACTIONS]
    for difference in differences:
        capital = _grown(capital, stakes, difference - mean)
        yield fsum(capital)


def _limit(differences: Sequence[float], alpha: float, sign: int) -> float:
    """The largest mean that is rejected as too small; of the differences with the other sign, where it is -1."""
    low, high = -1.0, 1.0  # rejected, or impossible; not rejected
    turned = [sign * difference for difference in differences]
    for _ in range(_STEPS):
        middle = (low + high) / 2
        rejected = max(capitals(turned, middle), default=1.0) >= 1 / alpha
        low, high = (middle, high) if rejected else (low, middle)
    return low


def _start() -> list[float]:
    return [1 / len(FRACTIONS)] * len(FRACTIONS)


def _grown(capital: Sequence[float], stakes: Sequence[float], gain: float) -> list[float]:
    return [min(RICHEST, part * (1 + stake * gain)) for part, stake in zip(capital, stakes, strict=True)]

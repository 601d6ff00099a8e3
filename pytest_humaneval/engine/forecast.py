"""How long a batch of generations still takes, from how far it is.

Answers come when they are whole: of a wide batch most come late, and the last few, alone in the batch, much later.
What is counted is therefore the work behind them: the engine's steps, tokens of prompts, and tokens of answers that
have only begun. The rest is run through in advance, with lengths that the answers so far make likely.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

RATE_SECONDS = 30.0  # the rate that is shown is that of so long a time,
RATE_STEP = 0.1  # to so many seconds
FEWEST_ANSWERS = 5  # before so many are whole, their lengths say nothing
KEPT_LENGTHS = 10_000  # of the newest answers: more say nothing more, and a run may have any number
# Tokens that a step brings a sequence where guesses stand, as they do for answers that repeat themselves: what is left
# of a batch, as a rule. Recorded runs fit 5 and 7 for those that reach the limit; the others are soon done.
STRIDE = 6.0
EVENNESS = 0.6180339887498949  # the golden ratio's multiples, modulo one, are spread evenly, however many they are


@dataclass(frozen=True, slots=True)
class Underway:
    """How far an engine is with what it has not answered.

    ``steps`` are those it took so far. ``begun`` has the tokens of the prompt and of the answer so far, for each
    request whose answer has begun; ``waiting`` those of the prompt, for the others. With at most ``guessing`` sequences
    in the batch, a step may bring each of them several tokens (speculation.py); 0 where it never does.
    """

    steps: int
    begun: Sequence[tuple[int, int]]
    waiting: Sequence[int]
    guessing: int = 0


class Work(NamedTuple):
    """So many steps of the engine, tokens of answers, and tokens of prompts; or the seconds that one of each costs."""

    steps: float
    tokens: float
    prompts: float


class Forecast:
    """Watches an engine at work. Its seconds are those during which there was work."""

    def __init__(self) -> None:
        self._lengths: deque[int] = deque(maxlen=KEPT_LENGTHS)  # tokens of whole answers
        self._finished_tokens = self._finished_prompts = 0
        self._longest = 1
        self._costs = _Costs()
        self._last: tuple[float, Underway, Work] | None = None
        self._produced: deque[tuple[float, float]] = deque([(0.0, 0.0)])  # seconds, tokens of answers by then

    def expect(self, max_tokens: int) -> None:
        """Learn how many tokens an answer may have."""
        self._longest = max(self._longest, max_tokens)

    def finish(self, now: float, prompt_tokens: int, tokens: int) -> None:
        """An answer is whole."""
        self._lengths.append(tokens)
        self._finished_tokens += tokens
        self._finished_prompts += prompt_tokens
        if self._last is None:  # an engine that cannot tell how far it is
            self._note(now, self._finished_tokens)

    def observe(self, now: float, underway: Underway) -> None:
        """Take in how far the engine is."""
        prompts, answers = (sum(part) for part in zip((0, 0), *underway.begun, strict=True))
        work = Work(underway.steps, self._finished_tokens + answers, self._finished_prompts + prompts)
        if self._last is not None and now > self._last[0]:
            before, _, earlier = self._last
            self._costs.learn(now - before, Work(*(a - b for a, b in zip(work, earlier, strict=True))))
        self._last = now, underway, work
        self._note(now, work.tokens)

    def rate(self, now: float) -> float:
        """Tokens of answers a second, lately."""
        since = max(0.0, now - RATE_SECONDS)
        earlier = max((entry for entry in self._produced if entry[0] <= since), default=self._produced[0])
        return (self._produced[-1][1] - earlier[1]) / (now - since) if now > since else 0.0

    def seconds_left(self, now: float) -> float | None:
        """Until the last answer; None where that cannot be told."""
        costs = self._costs.estimate()
        if costs is None or self._last is None or len(self._lengths) < FEWEST_ANSWERS:
            return None
        seen, underway, _ = self._last
        lengths = Lengths(self._lengths, [answer for _, answer in underway.begun], self._longest)
        return max(0.0, _rest_of_batch(costs, lengths, underway) - (now - seen))

    def _note(self, now: float, tokens: float) -> None:
        if len(self._produced) > 1 and now < self._produced[-2][0] + RATE_STEP:
            self._produced.pop()
        self._produced.append((now, tokens))
        while len(self._produced) > 2 and self._produced[1][0] <= now - RATE_SECONDS:
            self._produced.popleft()


# What a step and a token of a prompt cost beside a token of an answer, until the engine shows it. Recorded runs of a
# 0.5B model on two cores fit 2 : 1 : 0.1 and 16 : 1 : 0.6 (bfloat16), 16 : 1 : 0.2 and 32 : 1 : 1.2 (float32).
GUESS = Work(5.0, 1.0, 0.3)
TRUST = 0.002  # the guess's weight beside what was seen
MEMORY_SECONDS = 180.0  # after so long, what was seen counts for 1/e: other programs come and go


class _Costs:
    """Learns what work costs, by least squares without negative costs, drawn towards the guess where little was seen.

    A batch of always the same width does not tell what its steps cost and what its tokens; the guess does then.
    """

    def __init__(self) -> None:
        self._products = [[0.0] * 3 for _ in range(3)]  # of the amounts of work with each other
        self._seconds = [0.0] * 3  # of each amount with the time it took

    def learn(self, seconds: float, did: Work) -> None:
        """So much was done in that time; long and short times count by their length."""
        fading = math.exp(-seconds / MEMORY_SECONDS)
        for row, amount in enumerate(did):
            self._seconds[row] = self._seconds[row] * fading + amount
            for column, other in enumerate(did):
                self._products[row][column] = self._products[row][column] * fading + amount * other / seconds

    def estimate(self) -> Work | None:
        """Seconds a step, a token and a prompt's token; None before anything was done."""
        size = sum(GUESS[i] * self._products[i][j] * GUESS[j] for i in range(3) for j in range(3))
        if size <= 0:
            return None
        scale = sum(map(math.prod, zip(GUESS, self._seconds, strict=True))) / size
        guess = [scale * cost for cost in GUESS]
        pull = [TRUST * size / cost**2 for cost in GUESS]
        costs = list(guess)
        for _ in range(60):  # coordinate descent; each cost is exact, given the others
            for i, row in enumerate(self._products):
                others = sum(row[j] * costs[j] for j in range(3) if j != i)
                costs[i] = max(0.0, (self._seconds[i] + pull[i] * guess[i] - others) / (row[i] + pull[i]))
        return Work(*costs)


class Lengths:
    """How long answers get: as the whole ones are and the others already, by Kaplan and Meier's estimate.

    Beyond the longest whole one, an answer gets twice as long as it is with probability one half, and so on (a Pareto
    tail): it may be one that repeats itself until it may not get longer.
    """

    def __init__(self, finished: Sequence[int], begun: Sequence[int], longest: int) -> None:
        self._longest = longest
        self._ends, self._surviving = [0], [1.0]
        whole, partial = sorted(finished), sorted(begun)
        at = 0
        while at < len(whole):
            length, end = whole[at], bisect_right(whole, whole[at])
            # One more than there are: that the longest has ended does not mean that none gets longer.
            at_risk = len(whole) - at + len(partial) - bisect_left(partial, length) + 1
            self._ends.append(length)
            self._surviving.append(self._surviving[-1] * (1 - (end - at) / at_risk))
            at = end

    def quantile(self, begun: int, share: float) -> float:
        """The length that ``share`` of those stay below that have ``begun`` tokens already."""
        alive = self._surviving[bisect_right(self._ends, begun) - 1]
        wanted = alive * (1 - share)
        place = bisect_left(self._surviving, -wanted, key=lambda value: -value)
        if place < len(self._ends):
            length = float(self._ends[place])
        else:
            length = max(begun, self._ends[-1], 1) * min(1.0, self._surviving[-1] / alive) / max(1 - share, 1e-9)
        return min(float(self._longest), max(begun + 1.0, length))


def _rest_of_batch(costs: Work, lengths: Lengths, underway: Underway) -> float:
    """Seconds that the rest takes, where every answer that ends makes room for one that waits."""
    shares = (number * EVENNESS % 1 for number in range(1, len(underway.begun) + len(underway.waiting) + 1))
    ends = [lengths.quantile(answer, next(shares)) - answer for _, answer in underway.begun]  # in steps from now
    heapq.heapify(ends)
    waiting = list(reversed(underway.waiting))
    width = max(1, len(ends))
    seconds = step = 0.0
    while ends or waiting:
        while waiting and len(ends) < width:
            seconds += costs.prompts * waiting.pop()
            heapq.heappush(ends, step + lengths.quantile(0, next(shares)))
        stride = STRIDE if len(ends) <= underway.guessing else 1.0
        seconds += (ends[0] - step) * (costs.steps / stride + costs.tokens * len(ends))
        step = heapq.heappop(ends)
    return seconds

"""What the page says of each strategy: its row of the table, and what its figures need besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from pytest_humaneval.outcome import KINDS, Outcome
from pytest_humaneval.report import baseline as baselines
from pytest_humaneval.results.parts import is_pooled, part_of, parts_of, same_part
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.rows import Row, rows_of
from pytest_humaneval.sample import ItemId


@dataclass(frozen=True, slots=True)
class Summary:
    """One strategy.

    ``tokens`` are those of each generation; ``seconds`` run from its submission to its last token, and leave out what
    came from the store. Both leave out outcomes without a generation. ``baseline`` is pass@1 of the strategy that it is
    compared with.
    """

    row: Row
    tokens: list[int]
    seconds: list[float]
    baseline: float | None
    dataset: str = ""  # in a run on several, of which each has its rows

    @property
    def strategy(self) -> str:
        return self.row.strategy

    @property
    def label(self) -> str:
        """What the row is called."""
        return f"{self.strategy} on {self.dataset}" if self.dataset else self.strategy

    @property
    def pass_at_1(self) -> float | None:
        return self.row.pass_at_k[1]

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %, of pass@1."""
        return self.row.interval

    @property
    def kinds(self) -> dict[str, int]:
        return self.row.kinds

    @property
    def median_tokens(self) -> float | None:
        return median(self.tokens) if self.tokens else None

    @property
    def median_seconds(self) -> float | None:
        return median(self.seconds) if self.seconds else None


def summaries(results: Results, baseline: Results | None) -> list[Summary]:
    """A summary of each strategy, best pass@1 first, then by name; those without a figure last.

    Of several datasets each has its own, in their order.
    """
    rows: list[Summary] = []
    for name, some in parts_of(results.outcomes, pool=is_pooled(results.run)).items():
        before = same_part(baseline, name, some) if baseline is not None else None
        rows += [replace(row, dataset=name) for row in _summaries(part_of(results, name, some), before)]
    return rows


def _summaries(results: Results, baseline: Results | None) -> list[Summary]:
    generated: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in results.outcomes:
        if outcome.completion_tokens:
            generated[outcome.strategy].append(outcome)
    before = {}
    if baseline is not None:
        before = {row.strategy: row.pass_at_k[1] for row in rows_of(former(results, baseline).values(), (1,))}
    rows = [
        Summary(
            row,
            [outcome.completion_tokens for outcome in generated[row.strategy]],
            [outcome.generation_seconds for outcome in generated[row.strategy] if outcome.generation_seconds > 0],
            before.get(row.strategy),
        )
        for row in rows_of(results.outcomes, sorted({1, *results.run.get("k", ())}))
    ]
    return sorted(rows, key=lambda row: (row.pass_at_1 is None, -(row.pass_at_1 or 0.0), row.strategy))


def kinds_of(outcomes: Iterable[Outcome]) -> list[str]:
    """The kinds of verdict that occur, in the package's order."""
    present = {outcome.kind for outcome in outcomes}
    return [kind for kind in KINDS if kind in present]


def former(results: Results, baseline: Results) -> dict[ItemId, Outcome]:
    """The baseline's outcomes, by the sample that each is compared with."""
    of_former: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in baseline.outcomes:
        of_former[outcome.strategy].append(outcome)
    pairs = baselines.matched(results.strategies, baseline.strategies)
    return {
        ItemId(outcome.task_id, name, outcome.sample_index): _renamed(outcome, name)
        for name, other in pairs.items()
        for outcome in of_former[other]
    }


def _renamed(outcome: Outcome, strategy: str) -> Outcome:
    return outcome if outcome.strategy == strategy else replace(outcome, strategy=strategy)

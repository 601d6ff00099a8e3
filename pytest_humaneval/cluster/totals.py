"""What millions of outcomes add up to, a byte for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.rows import Row, Tally
from pytest_humaneval.statistics.comparison import Passes

DENSE = 1 << 20  # numbers below take a byte each; above, what a dict takes: somebody may number samples by the clock


class Marks(Mapping[int, bool]):
    """Yes or no by whole number from 0: a dict of a million small numbers would take 80 times the memory."""

    def __init__(self) -> None:
        self._dense = bytearray()  # 0 absent, 1 no, 2 yes
        self._sparse: dict[int, bool] = {}

    def put(self, number: int, value: bool) -> None:
        """Set a number's value."""
        if number >= DENSE:
            self._sparse[number] = value
            return
        if number >= len(self._dense):
            self._dense.extend(bytes(number + 1 - len(self._dense)))
        self._dense[number] = 1 + value

    def __getitem__(self, number: int) -> bool:
        if number >= DENSE:
            return self._sparse[number]
        if not 0 <= number < len(self._dense) or not self._dense[number]:
            raise KeyError(number)
        return self._dense[number] == 2

    def __iter__(self) -> Iterator[int]:
        yield from (number for number, mark in enumerate(self._dense) if mark)
        yield from self._sparse

    def __len__(self) -> int:
        return len(self._dense) - self._dense.count(0) + len(self._sparse)


class Figures:
    """Counts by strategy and problem, and which sample passed."""

    def __init__(self) -> None:
        self.outcomes = self.errors = self.passed = 0
        self.tasks: set[str] = set()
        self._tallies: dict[str, Tally] = {}
        self._passes: dict[str, dict[str, Marks]] = {}

    def add(self, outcome: Outcome) -> None:
        """Count one outcome, and forget it."""
        self.outcomes += 1
        self.errors += outcome.error
        self.passed += outcome.passed
        self.tasks.add(outcome.task_id)
        self._tallies.setdefault(outcome.strategy, Tally(outcome.strategy)).add(outcome)
        if not outcome.error:
            tasks = self._passes.setdefault(outcome.strategy, {})
            tasks.setdefault(outcome.task_id, Marks()).put(outcome.sample_index, outcome.passed)

    def rows(self, ks: Sequence[int]) -> list[Row]:
        """A row for each strategy, in the order of their names."""
        return [self._tallies[name].row(ks) for name in sorted(self._tallies)]

    def passes(self) -> dict[str, Passes]:
        """Whether each sample passed, by strategy in the order of their names; errors are not in it."""
        return dict(sorted(self._passes.items()))


class FiguresApart:
    """The figures of each dataset, by its name; of a single one, under no name."""

    def __init__(self) -> None:
        self._parts: dict[str, Figures] = {}

    def add(self, outcome: Outcome) -> None:
        """Count one outcome with those of its dataset."""
        self._parts.setdefault(outcome.dataset, Figures()).add(outcome)

    @property
    def outcomes(self) -> int:
        return sum(part.outcomes for part in self._parts.values())

    @property
    def errors(self) -> int:
        return sum(part.errors for part in self._parts.values())

    @property
    def passed(self) -> int:
        return sum(part.passed for part in self._parts.values())

    def parts(self, names: Sequence[str]) -> dict[str, Figures]:
        """In the order of the names; those of which there is no outcome are left out."""
        return {name: self._parts[name] for name in names if name in self._parts}

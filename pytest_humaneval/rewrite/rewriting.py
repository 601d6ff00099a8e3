"""What a rewrite is: a change of a problem that keeps what is asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_humaneval.exceptions import DatasetError, HumanEvalError, raised_in
from pytest_humaneval.problem import Problem
from pytest_humaneval.registration import Sort

RANDOM = "random"  # of all rewrites that fit a problem, one
MARK = "+"  # between a problem's id and what was done to it

Arguments = tuple[object, ...]
Answers = Callable[[Problem, Sequence[Arguments]], "list[tuple[object] | None]"]
"""What the canonical solution returns for each of some calls, in a tuple; None where it raises, or is no literal."""

Change = Callable[[Problem, random.Random], "Problem | None"]
ChangeWithAnswers = Callable[[Problem, random.Random, Answers], "Problem | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """A rewrite as it is registered.

    ``keeps`` says what stays as it was. ``change`` returns the problem anew, with whatever of prompt, entry point,
    canonical solution, tests and shown assertions has to change together, or None where it does not fit the problem;
    its only chance is the generator that it is given. ``change_with`` is there instead where true examples are made.
    ``back`` undoes it, where that can be done without the original. ``valued`` makes the same rewrite with a number
    behind its name, as ``typos=0.2`` has it.
    """

    name: str
    keeps: str
    change: Change | None = None
    change_with: ChangeWithAnswers | None = None
    back: Callable[[Problem], Problem] | None = None
    valued: Callable[[float], Rewrite] | None = None

    def __repr__(self) -> str:
        return f"Rewrite({self.name!r})"

    def apply(self, problem: Problem, seed: int, answers: Answers) -> Problem | None:
        """The problem rewritten, under an id of its own; None where the rewrite does not fit it or changes nothing.

        Raises:
            DatasetError: the rewrite's own code failed, or made what cannot be tried; names the problem.
        """
        if problem.has_gap:  # what stands behind the gap would have to change as well
            return None
        chance = random.Random(f"{seed} {self.name} {problem.task_id}")
        try:
            if self.change_with is not None:
                rewritten = self.change_with(problem, chance, answers)
            else:
                rewritten = self.change(problem, chance) if self.change is not None else None
        except HumanEvalError:
            raise
        except Exception as error:
            raise DatasetError(f"the rewrite {self.name!r} failed on {problem.task_id}: {raised_in(error)}") from error
        if rewritten is None or rewritten == problem:
            return None
        if not isinstance(rewritten, Problem):
            raise DatasetError(f"the rewrite {self.name!r} returned {rewritten!r} for {problem.task_id}, not a Problem")
        if problem.canonical_solution.strip() and not rewritten.canonical_solution.strip():
            raise DatasetError(
                f"the rewrite {self.name!r} left {problem.task_id} without a canonical solution, by which it is tried "
                "whether the meaning is kept"
            )
        return replace(rewritten, task_id=f"{problem.task_id}{MARK}{self.name}")


REWRITE_SORT = Sort(
    "rewrite", "rewrites", Rewrite, "write Rewrite(name, keeps, change)", DatasetError, reserved=(RANDOM,)
)

"""--humaneval-likelihood: how likely a model finds each canonical solution, for run.json and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.marshalling.plain import from_plain
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.statistics.bootstrap import bootstrap_interval
from pytest_humaneval.statistics.likelihood import LikelihoodChange, Scored, likelihood_change


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The solutions' log-probabilities by task_id, why others have none, and what changed since the baseline."""

    solutions: Mapping[str, Scored]
    errors: Mapping[str, str]
    change: LikelihoodChange | None = None

    @property
    def bits_per_byte(self) -> float | None:
        """The mean over problems."""
        return fmean(solution.bits_per_byte for solution in self.solutions.values()) if self.solutions else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %, of that mean."""
        return (
            bootstrap_interval([solution.bits_per_byte for solution in self.solutions.values()])
            if self.solutions
            else None
        )

    def to_json(self) -> dict[str, Any]:
        """For run.json."""
        return {
            "bits_per_byte": self.bits_per_byte,
            "interval": self.interval,
            "change": asdict(self.change) if self.change is not None else None,
            "errors": dict(self.errors),
            "solutions": {name: asdict(solution) for name, solution in self.solutions.items()},
        }


def scoring_request(problem: Problem) -> Request:
    """The question for one problem: its prompt as it is, and the canonical solution right behind it."""
    sampling = Sampling(max_tokens=1)
    return Request(completion_prompt(problem.prompt), sampling, 0, problem.task_id, scored=problem.canonical_solution)


def likelihood_of(
    solutions: Mapping[str, Scored], errors: Mapping[str, str], before: Mapping[str, Any] | None
) -> Likelihood:
    """Put it together; ``before`` is the run.json of the baseline, where there is one."""
    earlier = recorded_likelihood(before.get("likelihood")) if before is not None else None
    change = likelihood_change(solutions, earlier.solutions) if earlier is not None else None
    return Likelihood(solutions, errors, change)


def recorded_likelihood(recorded: object) -> Likelihood | None:
    """What run.json has of it; None where it has none, or another version's."""
    if not isinstance(recorded, dict):
        return None
    try:
        solutions = from_plain(dict[str, Scored], recorded.get("solutions", {}), "run.json")
        errors = from_plain(dict[str, str], recorded.get("errors", {}), "run.json")
        change = recorded.get("change")
        return Likelihood(solutions, errors, from_plain(LikelihoodChange, change, "run.json") if change else None)
    except InputError:
        return None

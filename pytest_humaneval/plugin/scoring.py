"""--humaneval-likelihood in a run: asks the engine beside the items, and waits for the answers at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.plan import Plan
from pytest_humaneval.results.read import Results
from pytest_humaneval.results.scored_solutions import Likelihood, likelihood_of, scoring_request
from pytest_humaneval.sample import Request
from pytest_humaneval.statistics.likelihood import Scored

FLAG = "--humaneval-likelihood"


def check_likelihood(plan: Plan) -> None:
    """See that the engine can say how likely it finds a text.

    Raises:
        InputError: it cannot.
    """
    kinds = plan.extensions.engines
    if plan.likelihood and not kinds[plan.engine.name].scores:
        able = ", ".join(name for name, kind in kinds.items() if kind.scores)
        raise InputError(
            f"{FLAG}: the {plan.engine.name} engine cannot say how likely a given text is; it goes with {able}"
        )


class Scoring:
    """The questions about the canonical solutions of one run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests: dict[str, tuple[str, Request]] = {}

    def ask(self, task_ids: Iterable[str], client: EngineClient) -> None:
        """Ask for the problems that are going to run, all at once; a second call adds nothing."""
        if self._requests:
            return
        wanted = set(task_ids)
        requests = {
            problem.task_id: scoring_request(problem) for problem in self._plan.problems if problem.task_id in wanted
        }
        self._requests = {task: (self._plan.key(request), request) for task, request in requests.items()}
        with contextlib.suppress(EngineError):  # the items say so
            client.submit(self._requests.values())

    def likelihood(self, client: EngineClient, before: Results | None) -> Likelihood:
        """Wait for the answers, and compare them with those of the baseline."""
        solutions: dict[str, Scored] = {}
        errors: dict[str, str] = {}
        for task_id, (key, request) in self._requests.items():
            try:
                answer = client.generation(key, request)
            except EngineError as error:
                errors[task_id] = str(error)
                continue
            if answer.score is None:
                errors[task_id] = "the engine gave no log-probabilities"
            else:
                size = len(request.scored.encode("utf-8", "surrogatepass"))
                solutions[task_id] = Scored(answer.score, answer.scored_tokens, max(1, size))
        return likelihood_of(solutions, errors, before.run if before is not None else None)

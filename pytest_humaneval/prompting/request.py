"""Where a problem and a strategy become a prompt, and a prompt becomes the request that an engine is sent."""

from __future__ import annotations

from functools import lru_cache

from pytest_humaneval.exceptions import OF_THEIRS, StrategyError, raised_in
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.strategy import Strategy


def request_of(problem: Problem, strategy: Strategy, sample_index: int, sampling: Sampling) -> Request:
    """What is asked of the engine for one item; the strategy's own sampling holds before ``sampling``.

    Raises:
        StrategyError: the strategy raised, or returned something else; names both.
    """
    prompt = prompt_of(problem, strategy)
    return Request(prompt, strategy.sampling or sampling, sample_index, problem.task_id, strategy.name)


# Each sample of a problem asks the same, and the record asks once more; what fails is not kept, so it fails again.
@lru_cache(maxsize=1 << 16)
def prompt_of(problem: Problem, strategy: Strategy) -> Prompt:
    """What the strategy asks, seeing no more of the problem than it may.

    Raises:
        StrategyError: the strategy raised, or returned something else; names both.
    """
    try:
        prompt = strategy.build_prompt(problem.visible())
    except OF_THEIRS as error:
        raise StrategyError(f"strategy {strategy.name!r} failed on {problem.task_id}: {raised_in(error)}") from error
    if not isinstance(prompt, Prompt):
        raise StrategyError(
            f"strategy {strategy.name!r} returned {type(prompt).__name__} for {problem.task_id}; "
            "expected a Prompt: return completion_prompt(text) or chat_prompt(user)"
        )
    return prompt

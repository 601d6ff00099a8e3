"""What one run evaluates, and how: made once in every process from the pytest configuration."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pytest_humaneval.engine.catalogue import Identity
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.sandbox.protocol import SandboxOptions
from pytest_humaneval.strategy import Strategy


@dataclass(frozen=True, slots=True)
class ItemId:
    """Which sample an item is about."""

    task_id: str
    strategy: str
    sample_index: int


class Item(Protocol):
    """What belongs to a problem and a strategy: an item's id, an outcome."""

    @property
    def task_id(self) -> str: ...

    @property
    def strategy(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Problems x strategies x samples, and everything that decides what comes out."""

    dataset_name: str
    dataset_sha256: str
    problems: tuple[Problem, ...]
    strategies: tuple[Strategy, ...]
    sampling: Sampling
    num_samples: int
    ks: tuple[int, ...]
    postprocess: str  # "auto" or the name of a post-processor
    engine: EngineOptions
    identity: Identity
    sandbox: SandboxOptions
    _prompts: dict[tuple[str, str], Prompt] = field(default_factory=dict, repr=False, compare=False)

    def prompt(self, problem: Problem, strategy: Strategy) -> Prompt:
        """What the strategy asks for this problem.

        Raises:
            StrategyError: the strategy raised, or returned something else; names both.
        """
        place = (strategy.name, problem.task_id)
        if place not in self._prompts:
            self._prompts[place] = _build_prompt(problem, strategy)
        return self._prompts[place]

    def asked(self, items: Iterable[Item]) -> dict[tuple[str, str], Prompt]:
        """The prompts of these items, by task_id and strategy; without those whose strategy fails on the problem."""
        problems = {problem.task_id: problem for problem in self.problems}
        strategies = {strategy.name: strategy for strategy in self.strategies}
        found = {}
        for item in items:
            with contextlib.suppress(StrategyError):
                place = (item.task_id, item.strategy)
                found[place] = self.prompt(problems[item.task_id], strategies[item.strategy])
        return found

    def request(self, problem: Problem, strategy: Strategy, sample_index: int) -> tuple[str, Request]:
        """The engine's question for one item, with its key."""
        prompt = self.prompt(problem, strategy)
        request = Request(prompt, self.sampling, sample_index, problem.task_id, strategy.name)
        return request.key(self.identity.key, by_item=self.identity.by_item), request

    def postprocessor(self, strategy: Strategy) -> str:
        """The name of the post-processor for this strategy's generations."""
        return strategy.postprocess if self.postprocess == "auto" else self.postprocess

    def problem_id(self, problem: Problem) -> str:
        """The first part of an item's id."""
        return f"{problem.task_id}-{problem.entry_point}"

    def ids(self) -> Iterator[tuple[str, ItemId]]:
        """The bracketed part of every item's name that the bundled test can have, and what it stands for."""
        for problem in self.problems:
            for strategy in self.strategies:
                for index in range(self.num_samples):
                    sample = f"-{index}" if self.num_samples > 1 else ""
                    name = f"{self.problem_id(problem)}-{strategy.name}{sample}"
                    yield name, ItemId(problem.task_id, strategy.name, index)


def _build_prompt(problem: Problem, strategy: Strategy) -> Prompt:
    try:
        prompt = strategy.build_prompt(problem.visible())
    except Exception as error:
        raise StrategyError(
            f"strategy {strategy.name!r} failed on {problem.task_id}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(prompt, Prompt):
        raise StrategyError(
            f"strategy {strategy.name!r} returned {type(prompt).__name__} for {problem.task_id}; "
            "expected a Prompt: return completion_prompt(text) or chat_prompt(user)"
        )
    return prompt

"""Reward from execution: completions that pass more tests become more likely.

For each problem a group of completions is sampled with the prompt as it is now, and checked in the sandbox, one
assertion at a time. A completion's advantage is its reward against its group's (Shao et al. 2024, arXiv:2402.03300,
"GRPO"). As every sample is used for one step only, no ratio has to be clipped. A penalty keeps the distribution near
the one at the start (the estimator k3 of Schulman, "Approximating KL divergence", 2020).

Only MBPP's training problems are sampled; the hidden assertions are those that the docstring does not show, and those
it does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev
from typing import Any

import torch
from torch import Tensor

from pytest_humaneval.engine.decoding import Continuation, Decoding, end_tokens
from pytest_humaneval.exceptions import TrainingError
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox
from pytest_humaneval.strategy import Strategy

from .batches import IGNORE_INDEX, Example, collate
from .config import Config
from .data import TrainingData, single_assertions
from .distillation import decode
from .initial import make_prompt
from .model import FrozenModel, SoftPrompt
from .objectives import Objective, Work

CHECK_SECONDS = 3.0  # of CPU time for each assertion
VALIDATION_PROBLEMS = 32  # greedy completions of these are a validation; each costs as much as a training problem


class Reward(Objective):
    """Policy gradient on the prompt."""

    def __init__(self, data: TrainingData, strategy: Strategy, config: Config) -> None:
        self._problems = {problem.task_id: problem for problem in (*data.train, *data.validation)}
        self._strategy, self._config = strategy, config
        self._start: SoftPrompt | None = None
        self._open = contextlib.ExitStack()
        self._sandbox: Any = None

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        config = self._config
        sampling = Sampling(temperature=config.temperature, max_tokens=config.max_completion_length)
        several = [example for example in examples for _ in range(config.num_generations)]
        rows = self.sample(prompt, frozen, several, sampling, seed=(config.seed * 1_000_003 + step) * 1_009)
        rewards = [self.reward(example, row.text) for example, row in zip(several, rows, strict=True)]
        advantages = group_advantages(rewards, config.num_generations)
        judged = [
            (Example(example.task_id, example.category, example.prompt, tuple(row.new_tokens)), advantage)
            for example, row, advantage in zip(several, rows, advantages, strict=True)
            if advantage
        ]
        size = config.batch_size
        parts = [judged[start : start + size] for start in range(0, len(judged), size)]
        return [self._work(part, frozen) for part in parts] or [Work(self._collated(examples, frozen), 0.0)]

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        advantages, reference = work.more
        logprobs = token_logprobs(prompt, frozen, work)
        away = reference - logprobs
        divergence = away.exp() - away - 1
        loss: Tensor = (self._config.kl_coefficient * divergence - advantages * logprobs).sum()
        return loss

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        """The share of assertions that greedy completions miss."""
        examples = sorted((example for batch in batches for example in batch), key=lambda example: example.task_id)
        chosen = examples[:: max(1, len(examples) // VALIDATION_PROBLEMS)]
        sampling = Sampling(max_tokens=self._config.max_completion_length)
        rows = self.sample(prompt, frozen, chosen, sampling, seed=0)
        return 1.0 - fmean(self.reward(example, row.text) for example, row in zip(chosen, rows, strict=True))

    def reward(self, example: Example, generation: str) -> float:
        """The share of the problem's assertions that hold."""
        problem = self._problems[example.task_id]
        prompt = self._strategy.build_prompt(problem.visible())
        completion = postprocess(self._strategy.postprocess, problem.visible(), prompt, generation).text
        return fmean(self._passes(single, completion) for single in single_assertions(problem))

    def close(self) -> None:
        """End the sandbox."""
        self._open.close()

    def sample(
        self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], sampling: Sampling, *, seed: int
    ) -> list[Continuation]:
        """One completion for each of ``examples``; the number-th draws with ``seed`` plus its number."""
        stops = {
            example.task_id: self._strategy.build_prompt(self._problems[example.task_id].visible()).stop
            for example in examples
        }
        rows = [
            Continuation(
                str(number),
                list(example.prompt),
                sampling,
                seed + number,
                stops[example.task_id],
                prompt.in_front(example.category),
            )
            for number, example in enumerate(examples)
        ]
        ends = end_tokens(frozen.model, frozen.tokenizer)
        decode(Decoding(frozen.model, frozen.tokenizer, rows, ends=ends, deep=prompt.in_front_of_layers()))
        if any(not row.new_tokens for row in rows):
            raise TrainingError("a completion without a token was sampled")
        return rows

    def _passes(self, problem: Problem, completion: str) -> bool:
        if self._sandbox is None:
            self._sandbox = self._open.enter_context(open_sandbox(SandboxOptions()))
        passed: bool = self._sandbox.check(problem, completion, timeout=CHECK_SECONDS).passed
        return passed

    def _work(self, part: Sequence[tuple[Example, float]], frozen: FrozenModel) -> Work:
        batch = self._collated([example for example, _ in part], frozen)
        lengths = torch.tensor([len(example.solution) for example, _ in part])
        advantages = torch.tensor([advantage for _, advantage in part]).repeat_interleave(lengths).to(frozen.device)
        if self._start is None:
            self._start = make_prompt(frozen, self._config).to(frozen.device)
        work = Work(batch, batch.num_labels)
        with torch.no_grad():
            reference = token_logprobs(self._start, frozen, work)
        return Work(batch, batch.num_labels, (advantages, reference))

    def _collated(self, examples: Sequence[Example], frozen: FrozenModel) -> Any:
        return collate(examples, frozen.tokenizer.eos_token_id, frozen.device)


def group_advantages(rewards: Sequence[float], size: int) -> list[float]:
    """Each reward's distance from its group's mean, in the group's standard deviations; 0 where all are equal.

    ``rewards`` are those of one group after another, ``size`` each.
    """
    advantages: list[float] = []
    for start in range(0, len(rewards), size):
        group = rewards[start : start + size]
        mean, deviation = fmean(group), pstdev(group)
        advantages += [(reward - mean) / deviation if deviation > 1e-9 else 0.0 for reward in group]
    return advantages


def token_logprobs(prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
    """The log-probability of every token with a label, row by row: (labels,), float32."""
    labels = work.batch.kept_labels
    solution = labels != IGNORE_INDEX
    logits = prompt.logits(frozen, work.batch)[solution].float()
    chosen: Tensor = torch.log_softmax(logits, dim=-1).gather(1, labels[solution].unsqueeze(1)).flatten()
    return chosen

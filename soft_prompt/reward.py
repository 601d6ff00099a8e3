"""Reward from execution: completions that pass more tests become more likely.

For each problem a group of completions is sampled with the prompt as it is now. A completion's advantage is its reward
against its group's (Shao et al. 2024, arXiv:2402.03300, "GRPO"). Where ``num_iterations`` steps are taken on one batch
of samples, the ratio of the new probability to the one a token was drawn with is clipped (Schulman et al. 2017,
arXiv:1707.06347, "PPO", equation 7), token by token. A penalty keeps the distribution near the one at the start (the
estimator k3 of Schulman, "Approximating KL divergence", 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

import torch
from torch import Tensor

from .batches import Example, hardly_padded
from .model import FrozenModel, SoftPrompt
from .objectives import Work
from .sampled import Sampled, token_logprobs


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What the loss of a batch takes, for every token with a label: (labels,) each.

    ``drawn`` are log-probabilities of the prompt that the samples are from; None where it is the prompt of the loss.
    """

    advantages: Tensor
    reference: Tensor
    drawn: Tensor | None


class Reward(Sampled):
    """Policy gradient on the prompt."""

    lacking = "all completions of a problem got the same reward"

    @property
    def num_iterations(self) -> int:
        return self._config.num_iterations

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        judged: list[tuple[Example, float]] = []
        groups = self.groups(prompt, frozen, examples, step)
        for group in groups:
            scored = zip(group, group_advantages([drawn.reward for drawn in group]), strict=True)
            judged += [(drawn.example, advantage) for drawn, advantage in scored if advantage]
        parts = hardly_padded(judged, self._config.batch_size, lambda scored: len(scored[0]))
        return self.works_or_none([self._work(part, prompt, frozen) for part in parts], groups, examples, frozen)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        facts: TokenFacts = work.more
        logprobs = token_logprobs(prompt, frozen, work.batch)
        away = facts.reference - logprobs
        divergence = away.exp() - away - 1
        ratio = (logprobs - (logprobs.detach() if facts.drawn is None else facts.drawn)).exp()
        least = torch.minimum(
            ratio * facts.advantages,
            ratio.clamp(1 - self._config.epsilon, 1 + self._config.epsilon) * facts.advantages,
        )
        loss: Tensor = (self._config.kl_coefficient * divergence - least).sum()
        return loss

    def _work(self, part: Sequence[tuple[Example, float]], prompt: SoftPrompt, frozen: FrozenModel) -> Work:
        batch = self.batch([example for example, _ in part], frozen)
        lengths = torch.tensor([len(example.solution) for example, _ in part])
        advantages = torch.tensor([advantage for _, advantage in part]).repeat_interleave(lengths).to(frozen.device)
        drawn = None
        if self.num_iterations > 1:
            with torch.no_grad():
                drawn = token_logprobs(prompt, frozen, batch)
        return Work(batch, batch.num_labels, TokenFacts(advantages, self.reference(frozen, batch), drawn))


def group_advantages(rewards: Sequence[float]) -> list[float]:
    """Each reward's distance from the group's mean, in the group's standard deviations; 0 where all are equal."""
    mean, deviation = fmean(rewards), pstdev(rewards)
    return [(reward - mean) / deviation if deviation > 1e-9 else 0.0 for reward in rewards]

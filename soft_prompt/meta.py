"""Meta-learning over categories: a prompt from which a few steps lead to a good one for each.

Every category of problems in a step's batches is a task. From the prompt as it is, ``inner_steps`` steps of plain
gradient descent are taken on the task; then

    reptile   goes towards where they led (Nichol et al. 2018, arXiv:1803.02999, section 5): the gradient is the way
              back, over steps and rate
    fomaml    takes the gradient there, on batches of the task that the steps did not see where there are any (Finn et
              al. 2017, arXiv:1703.03400, its first-order form in section 5.2)

The mean over tasks is the step's gradient, for the optimizer of the training. :func:`adapted` takes the same steps at
the end, on each category's training problems: what comes of it is a routed prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import torch
from torch import Tensor

from .batches import Example
from .config import Config
from .model import FrozenModel, SoftPrompt
from .objectives import Check, Objective, Work
from .routed import RoutedPrompt

REPTILE, FOMAML = "reptile", "fomaml"


class Meta(Objective):
    """Another objective, learned so that a few steps on a category go far."""

    def __init__(self, inner: Objective, config: Config) -> None:
        self._inner, self._config = inner, config

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        by_category = groupby(sorted(examples, key=attrgetter("category")), attrgetter("category"))
        return [
            replace(work, task=category)
            for category, task in by_category
            for work in self._inner.prepare(prompt, frozen, list(task), step)
        ]

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        return self._inner.loss(prompt, frozen, work)

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        """Of the prompt before any step on a category."""
        return self._inner.validate(prompt, frozen, batches)

    def gradients(self, prompt: SoftPrompt, frozen: FrozenModel, works: Sequence[Work], check: Check) -> float:
        """Leave the mean gradient of the tasks in the prompt; returns their mean loss before the first inner step."""
        parameters = list(prompt.parameters())
        start = [parameter.detach().clone() for parameter in parameters]
        sums = [torch.zeros_like(tensor) for tensor in start]
        losses = []
        tasks = sorted({work.task for work in works if work.weight})
        for task in tasks:
            mine = [work for work in works if work.task == task and work.weight]
            losses.append(self.steps(prompt, frozen, mine[0::2], check))
            ways = self._ways(prompt, frozen, mine[1::2] or mine, start, check)
            for total, way, parameter, before in zip(sums, ways, parameters, start, strict=True):
                total += way / len(tasks)
                parameter.data.copy_(before)
        for parameter, total in zip(parameters, sums, strict=True):
            parameter.grad = total
        return sum(losses) / max(1, len(losses))

    def steps(self, prompt: SoftPrompt, frozen: FrozenModel, works: Sequence[Work], check: Check) -> float:
        """The inner steps, which change the prompt; returns the loss before the first."""
        losses = []
        for _ in range(self._config.inner_steps):
            losses.append(self._inner.gradients(prompt, frozen, works, check))
            with torch.no_grad():
                for parameter in prompt.parameters():
                    parameter -= self._config.inner_learning_rate * parameter.grad
            prompt.zero_grad(set_to_none=True)
        return losses[0]

    def close(self) -> None:
        self._inner.close()

    def _ways(
        self, prompt: SoftPrompt, frozen: FrozenModel, unseen: Sequence[Work], start: Sequence[Tensor], check: Check
    ) -> list[Tensor]:
        """The task's gradient by parameter."""
        parameters = list(prompt.parameters())
        if self._config.meta == REPTILE:
            reach = self._config.inner_steps * self._config.inner_learning_rate
            return [(before - now.detach()) / reach for before, now in zip(start, parameters, strict=True)]
        self._inner.gradients(prompt, frozen, unseen, check)
        gradients = [parameter.grad for parameter in parameters]
        prompt.zero_grad(set_to_none=True)
        return gradients


def adapted(
    prompt: SoftPrompt, frozen: FrozenModel, objective: Objective, examples: Sequence[Example], config: Config
) -> RoutedPrompt:
    """A prompt for each category: a plain prompt's inner steps on that category's examples; without any, the prompt.

    Each step is on ``batch_size`` times ``gradient_accumulation_steps`` of its examples, in turn.
    """
    (start,) = (parameter.detach().clone() for parameter in prompt.parameters())
    routed = RoutedPrompt(start)
    meta = Meta(objective, replace(config, inner_steps=1))
    size = config.batch_size * config.gradient_accumulation_steps
    for category, route in routed.routes.items():
        mine = [example for example in examples if example.category == category]
        for step in range(config.inner_steps if mine else 0):
            part = [mine[(step * size + number) % len(mine)] for number in range(min(size, len(mine)))]
            meta.steps(prompt, frozen, objective.prepare(prompt, frozen, part, step), lambda loss, work: None)
        with torch.no_grad():
            for parameter in prompt.parameters():
                route.copy_(parameter)
                parameter.copy_(start)
    return routed

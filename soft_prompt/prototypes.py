"""A prompt for each category, and the question's embedding says which: the one whose prototype is nearest.

A prototype is the mean embedding of the training questions of a category (Snell et al. 2017, arXiv:1703.05175, "nearest
class mean", with embeddings that are not learned). Beside the kind ``routed``, which reads the category off the problem
by rules: here a question of any dataset has a nearest one, and a category without training questions has no prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.models.soft_checkpoint import PROTOTYPES

from .batches import Example
from .model import FrozenModel
from .question_prompts import ConditionedPrompt, question_of


class PrototypePrompt(ConditionedPrompt):
    """One prompt until it is fitted; then one for each category that there are examples of, all equal at the start."""

    def __init__(self, initial: Tensor) -> None:
        """``initial``: (num_virtual_tokens, dim)."""
        start = {"prompts": initial.unsqueeze(0)}
        super().__init__(PROTOTYPES, start, {"prototypes": initial.new_zeros(1, initial.shape[1])})

    def fit(self, frozen: FrozenModel, examples: Sequence[Example]) -> None:
        """Take the categories' means.

        Raises:
            ConfigError: all examples are of one category.
        """
        means = category_means(frozen, examples)
        if len(means) < 2:
            raise ConfigError(
                f"kind: prototypes chooses between categories, and all training examples are of {next(iter(means))!r}; "
                "use kind = 'plain', or more data"
            )
        start = self.learned["prompts"].detach()[:1]
        self.learned["prompts"] = torch.nn.Parameter(start.repeat(len(means), 1, 1))
        self.fixed["prototypes"] = torch.nn.Parameter(torch.stack(list(means.values())), requires_grad=False)


def category_means(frozen: FrozenModel, examples: Sequence[Example]) -> dict[str, Tensor]:
    """The mean question, (dim,), of each category that there is an example of, in the order of names."""
    categories = sorted({example.category for example in examples})
    return {
        category: torch.stack(
            [question_of(frozen, example) for example in examples if example.category == category]
        ).mean(dim=0)
        for category in categories
    }

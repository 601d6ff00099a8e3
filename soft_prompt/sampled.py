"""What learns from the prompt's own completions: they are sampled as the prompt is now, and run in the sandbox.

Only MBPP's training problems are sampled, one assertion is checked at a time; the assertions are those that the
docstring does not show, and those it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from pytest_humaneval.engine.decoding import Continuation
from pytest_humaneval.exceptions import TrainingError
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy

from .assertions import Judge
from .batches import IGNORE_INDEX, Batch, Example, collate
from .config import Config
from .initial import make_prompt
from .model import FrozenModel, SoftPrompt
from .objectives import Objective, Work
from .samplers import make_sampler
from .shaping import Judged, shaped
from .training_data import TrainingData

VALIDATION_PROBLEMS = 32  # greedy completions of these are a validation; each costs as much as a training problem
OFTEN = 5  # batches in a row from which nothing could be learned, before that is said

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A completion as an example to learn from, its reward, and whether every assertion holds for it."""

    example: Example
    reward: float
    passed: bool


class Sampled(Objective):
    """Samples groups of completions, ``num_generations`` of each problem, and rewards them."""

    lacking: str
    """Why there is nothing to learn from a batch, where there is not."""

    def __init__(self, data: TrainingData, strategy: Strategy, config: Config, say: Say = lambda text: None) -> None:
        self._problems = {problem.task_id: problem for problem in (*data.train, *data.validation)}
        self._strategy, self._config, self._say = strategy, config, say
        self._start: SoftPrompt | None = None
        self._judge = Judge()
        self.sampler = make_sampler(config, say)
        self._fruitless = 0  # batches in a row from which nothing could be learned

    def groups(
        self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int
    ) -> list[list[Drawn]]:
        """A group of completions of each example; a function of prompt, examples and step."""
        config = self._config
        sampling = Sampling(temperature=config.temperature, max_tokens=config.max_completion_length)
        several = [example for example in examples for _ in range(config.num_generations)]
        rows = self.sample(prompt, frozen, several, sampling, seed=(config.seed * 1_000_003 + step) * 1_009)
        drawn = [self._drawn(example, row) for example, row in zip(several, rows, strict=True)]
        size = config.num_generations
        return [drawn[start : start + size] for start in range(0, len(drawn), size)]

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        """The share of assertions that greedy completions miss."""
        examples = sorted((example for batch in batches for example in batch), key=lambda example: example.task_id)
        chosen = examples[:: max(1, len(examples) // VALIDATION_PROBLEMS)]
        sampling = Sampling(max_tokens=self._config.max_completion_length)
        rows = self.sample(prompt, frozen, chosen, sampling, seed=0)
        return 1.0 - fmean(self.judge(example, row.text).share for example, row in zip(chosen, rows, strict=True))

    def judge(self, example: Example, generation: str) -> Judged:
        """The program that a generation makes, and the share of the problem's assertions that hold for it."""
        problem = self._problems[example.task_id]
        prompt = self._strategy.build_prompt(problem.visible())
        completion = postprocess(self._strategy.postprocess, problem.visible(), prompt, generation).text
        return Judged(problem.prompt + completion, self._judge.share(problem, completion), len(completion))

    def pass_at_1(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example]) -> list[bool]:
        """Whether the greedy completion of each passes every assertion."""
        sampling = Sampling(max_tokens=self._config.max_completion_length)
        rows = self.sample(prompt, frozen, examples, sampling, seed=0)
        return [self.judge(example, row.text).share == 1.0 for example, row in zip(examples, rows, strict=True)]

    def close(self) -> None:
        """End the sandbox, and what draws samples."""
        self._judge.close()
        self.sampler.close()

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
                prompt.in_front(frozen, example),
            )
            for number, example in enumerate(examples)
        ]
        self.sampler.fill(prompt, frozen, rows)
        if any(not row.new_tokens for row in rows):
            raise TrainingError("a completion without a token was sampled")
        return rows

    def reference(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        """Log-probabilities of a batch's labels under the prompt as it was before the first step: (labels,)."""
        if self._start is None:
            self._start = make_prompt(frozen, self._config).to(frozen.device)
        with torch.no_grad():
            return token_logprobs(self._start, frozen, batch)

    def batch(self, examples: Sequence[Example], frozen: FrozenModel) -> Batch:
        """Examples as one batch where the model is."""
        return collate(examples, frozen.tokenizer.eos_token_id, frozen.device)

    def works_or_none(
        self, works: list[Work], groups: Sequence[Sequence[Drawn]], examples: Sequence[Example], frozen: FrozenModel
    ) -> list[Work]:
        """The works, or a batch of no weight where there is nothing to learn: says so once in a while, and why."""
        if works:
            self._fruitless = 0
            return works
        self._fruitless += 1
        if self._fruitless % OFTEN == 0:
            mean = fmean(drawn.reward for group in groups for drawn in group)
            self._say(
                f"nothing could be learned from {self._fruitless} batches in a row: {self.lacking} (mean reward now "
                f"{mean:.2f}). Where it is low the problems are too hard for this model, where it is high too easy; "
                "more num_generations, a higher temperature or, for a reward, reward_compile make differences"
            )
        return [Work(self.batch(examples, frozen), 0.0)]

    def _drawn(self, example: Example, row: Continuation) -> Drawn:
        judged = self.judge(example, row.text)
        learnable = Example(example.task_id, example.category, example.prompt, tuple(row.new_tokens))
        return Drawn(learnable, shaped(judged, self._config), judged.share == 1.0)


def token_logprobs(prompt: SoftPrompt, frozen: FrozenModel, batch: Batch) -> Tensor:
    """The log-probability of every token with a label, row by row: (labels,), float32."""
    labels = batch.kept_labels
    solution = labels != IGNORE_INDEX
    logits = prompt.logits(frozen, batch)[solution].float()
    chosen: Tensor = torch.log_softmax(logits, dim=-1).gather(1, labels[solution].unsqueeze(1)).flatten()
    return chosen


def by_row(values: Tensor, examples: Sequence[Example]) -> Tensor:
    """The sum over each example's solution of what :func:`token_logprobs` gives: (examples,)."""
    lengths = [len(example.solution) for example in examples]
    return torch.stack([part.sum() for part in values.split(lengths)])

"""Problems as tokens, and tokens as padded batches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from pytest_humaneval.dataset.category import category
from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.strategy import Strategy

Item = TypeVar("Item")
IGNORE_INDEX = -100  # PyTorch's own: no loss on positions that have no solution
MOST_PADDING = 0.1
BUCKET = 16  # batches among which examples of like length find each other


@dataclass(frozen=True, slots=True)
class Example:
    """One problem as the model sees it: what it is asked, and what it should say, its end token included."""

    task_id: str
    category: str
    prompt: tuple[int, ...]
    solution: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt) + len(self.solution)


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded on the right.

    ``input_ids``, ``attention_mask``, ``labels``: (batch, seq); labels are IGNORE_INDEX wherever there is no solution.
    ``kept``: the columns in which any example has a label. ``questions``: (batch, seq), true where the question is.
    ``inputs_embeds``: (batch, seq, dim), what stands in place of the embeddings of ``input_ids`` where it is not None.
    """

    task_ids: tuple[str, ...]
    categories: tuple[str, ...]
    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor
    kept: Tensor
    questions: Tensor
    inputs_embeds: Tensor | None = None

    def __len__(self) -> int:
        return len(self.task_ids)

    @property
    def kept_labels(self) -> Tensor:
        """(batch, kept)."""
        return self.labels[:, self.kept]

    @property
    def num_labels(self) -> int:
        """Tokens with a loss."""
        return int((self.labels != IGNORE_INDEX).sum())


def encode(problem: Problem, strategy: Strategy, tokenizer: Any, model: str) -> Example:
    """``problem`` in the form of ``strategy``; its canonical solution is the answer.

    In completion form the answer is the function's body; in chat form the whole function in a fenced block, unless the
    strategy has begun it. Either ends with the model's end token.
    """
    prompt = strategy.build_prompt(problem.visible())
    tokens = encode_prompt(tokenizer, prompt, model)
    if prompt.mode == "completion":
        answer = problem.canonical_solution.removeprefix(prompt.completion_prefix)
    elif prompt.messages[-1].role == "assistant":
        answer = problem.prompt + problem.canonical_solution + "```"
    else:
        answer = f"```python\n{problem.prompt}{problem.canonical_solution}```"
    solution = [*tokenizer.encode(answer, add_special_tokens=False), tokenizer.eos_token_id]
    return Example(problem.task_id, category(problem).value, tuple(tokens), tuple(solution))


def fitting(examples: Iterable[Example], max_length: int) -> tuple[Example, ...]:
    """The examples of at most ``max_length`` tokens.

    Raises:
        DatasetError: there is none.
    """
    kept = tuple(example for example in examples if len(example) <= max_length)
    if not kept:
        raise DatasetError(f"max_length: no training example has at most {max_length} tokens")
    return kept


def collate(examples: Sequence[Example], pad: int, device: Any = "cpu") -> Batch:
    """Examples as one batch; ``pad`` is any token, as nobody looks at it."""
    length = max(map(len, examples))
    rows = [[*example.prompt, *example.solution] for example in examples]
    input_ids = torch.tensor([row + [pad] * (length - len(row)) for row in rows])
    attention_mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    labels = input_ids.clone()
    for label, example in zip(labels, examples, strict=True):
        label[: len(example.prompt)] = IGNORE_INDEX
        label[len(example) :] = IGNORE_INDEX
    kept = (labels != IGNORE_INDEX).any(dim=0).nonzero().flatten()
    questions = torch.tensor([[place < len(example.prompt) for place in range(length)] for example in examples])
    batch = Batch(
        tuple(example.task_id for example in examples), tuple(example.category for example in examples),
        input_ids, attention_mask, labels, kept, questions,
    )  # fmt: skip
    return to_device(batch, device)


def to_device(batch: Batch, device: Any) -> Batch:
    """The same batch elsewhere."""
    names = ("input_ids", "attention_mask", "labels", "kept", "questions")
    return replace(batch, **{name: getattr(batch, name).to(device) for name in names})


def epoch_batches(
    examples: Sequence[Example], batch_size: int, seed: int, epoch: int, *, curriculum: bool = False
) -> list[list[Example]]:
    """The batches of one epoch: a function of seed and epoch alone, so that a resumed run sees what it would have seen.

    Shuffled, then sorted by length within buckets, as padding costs as much as text. With a ``curriculum`` the first
    epoch goes from the shortest to the longest.
    """
    if curriculum and epoch == 0:
        return by_length(sorted(examples, key=lambda example: example.task_id), batch_size)
    shuffled = list(examples)
    chance = random.Random(f"{seed} {epoch}")
    chance.shuffle(shuffled)
    batches: list[list[Example]] = []
    for bucket in _cut(shuffled, batch_size * BUCKET):
        batches += by_length(bucket, batch_size)
    chance.shuffle(batches)
    return batches


def by_length(items: Sequence[Item], size: int, length: Callable[[Any], int] = len) -> list[list[Item]]:
    """``items`` in parts of ``size``, the last of what is left, those of like length together: little is padded."""
    return _cut(sorted(items, key=length), size)


def hardly_padded(items: Sequence[Item], size: int, length: Callable[[Any], int] = len) -> list[list[Item]]:
    """As :func:`by_length`, but a part ends before more than a tenth of it would be padding.

    For what need not be parts of one size: completions, whose lengths differ more than those of problems.
    """
    parts: list[list[Item]] = []
    text = 0  # tokens in the last part
    for item in sorted(items, key=length):
        whole = length(item) * (len(parts[-1]) + 1) if parts else 0
        if parts and len(parts[-1]) < size and whole - text - length(item) <= MOST_PADDING * whole:
            parts[-1].append(item)
            text += length(item)
        else:
            parts.append([item])
            text = length(item)
    return parts


def padding_share(batches: Iterable[Sequence[Example]]) -> float:
    """How much of what goes through the model is padding, where each batch is as long as its longest example."""
    lengths = [[len(example) for example in batch] for batch in batches]
    return 1.0 - sum(map(sum, lengths)) / sum(max(each) * len(each) for each in lengths)


def _cut(items: Sequence[Item], size: int) -> list[list[Item]]:
    return [list(items[start : start + size]) for start in range(0, len(items), size)]

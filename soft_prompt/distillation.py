"""Distillation: the soft prompt makes a plain question be answered as the same model answers a better one.

The teacher is the frozen model under another text strategy, the chat strategy for instance; no labels are needed. It
answers every problem once, greedily. From then on both see the same tokens of its answers, and the student's
distribution is pulled to the teacher's (Hinton et al. 2015, arXiv:1503.02531; for prompts Snell et al. 2022,
arXiv:2209.15189, "context distillation"):

    teacher   the teacher's prompt, then the problem's signature, then  body
    student   virtual tokens, the student's prompt, then                body

Where the body ends, the student should end; the teacher closes a fence there, so that token is learned as a label.

Of a teacher that is another model, or that asks several times, only its text is known: its answers are learned as such
(Kim and Rush 2016, arXiv:1606.07947, "sequence-level"). teacher.py says where answers come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from pytest_humaneval.dataset.category import category
from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Message, Prompt
from pytest_humaneval.strategy import Strategy

from .batches import IGNORE_INDEX, Batch, Example, collate, encode, fitting
from .config import Config
from .kept_logits import KeptLogits, divergence
from .model import FrozenModel, SoftPrompt, prompted_logits
from .objectives import Likelihood, Objective, Work
from .teacher import Say, answered, learns_text, usable
from .train import Examples
from .training_data import TrainingData

FENCE = "```python\n"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What both see of one problem."""

    student: Example
    teacher_prompt: tuple[int, ...]


class Distillation(Objective):
    """The divergence of the student's distribution from the teacher's, over the tokens of the teacher's answers."""

    def __init__(self, teacher_prompts: Mapping[str, tuple[int, ...]], kept: KeptLogits | None = None) -> None:
        """``teacher_prompts``: tokens that stand in front of the answer, by task; ``kept``: its distributions."""
        self.teacher_prompts, self._kept = teacher_prompts, kept

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        pad = frozen.tokenizer.eos_token_id
        batch = collate(examples, pad, frozen.device)
        seen = [replace(example, prompt=self.teacher_prompts[example.task_id]) for example in examples]
        if self._kept is None:
            return [Work(batch, batch.num_labels, collate(seen, pad, frozen.device))]

        def computed(missing: Sequence[Example]) -> Tensor:
            return _teacher_logits(frozen, collate(missing, pad, frozen.device))

        return [Work(batch, batch.num_labels, self._kept.of(seen, computed))]

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        labels = work.batch.kept_labels
        solution = labels != IGNORE_INDEX
        student = prompt.logits(frozen, work.batch)[solution].float()  # row by row, as the teacher's
        ends = labels[solution] == frozen.tokenizer.eos_token_id
        away = self._divergence(log_softmax(student[~ends], dim=-1), frozen, work, ~ends)
        loss: Tensor = away + cross_entropy(student[ends], labels[solution][ends], reduction="sum")
        return loss

    def _divergence(self, student: Tensor, frozen: FrozenModel, work: Work, which: Tensor) -> Tensor:
        """From the teacher's distributions at those labels that ``which`` is true for."""
        if self._kept is not None:
            logprobs, tokens = (each.to(student.device)[which] for each in work.more)
            return divergence(student, logprobs, tokens)
        wanted = log_softmax(_teacher_logits(frozen, work.more)[which].float(), dim=-1)
        away: Tensor = kl_div(student, wanted, log_target=True, reduction="sum")
        return away


def _teacher_logits(frozen: FrozenModel, batch: Batch) -> Tensor:
    """(labels, vocabulary), row by row; made anew each time, as a step's worth of them is half a gigabyte."""
    with torch.no_grad():
        nothing = frozen.embeddings.new_zeros(len(batch), 0, frozen.embeddings.shape[1])
        return prompted_logits(frozen, nothing, batch)[batch.kept_labels != IGNORE_INDEX]


def lessons(
    data: TrainingData,
    student: Strategy,
    teacher: Strategy,
    frozen: FrozenModel,
    config: Config,
    output: Path,
    say: Say,
) -> tuple[Objective, Examples]:
    """The objective, and the examples to train and to validate on; has the teacher answer what it has not yet.

    Raises:
        DatasetError: the teacher answered nothing that could be learned.
    """
    encoded = {
        problem.task_id: encode_prompt(frozen.tokenizer, student.build_prompt(problem.visible()), frozen.name)
        for problem in (*data.train, *data.validation)
    }
    problems = [
        problem
        for problem in (*data.train, *data.validation)  # a long question would be left out with any answer
        if len(encoded[problem.task_id]) < config.max_length
    ]
    answers = usable(problems, answered(problems, teacher, frozen, config, output, say), teacher, config, say)
    if learns_text(config, teacher):
        return Likelihood(), Examples(*_texts(data, answers, student, frozen, config))
    made = {
        problem.task_id: _lesson(problem, encoded[problem.task_id], answers[problem.task_id], student, teacher, frozen)
        for problem in problems
        if problem.task_id in answers
    }
    prompts = {task_id: lesson.teacher_prompt for task_id, lesson in made.items()}
    train, validation = (
        fitting((made[problem.task_id].student for problem in split if problem.task_id in made), config.max_length)
        for split in (data.train, data.validation)
    )
    kept = KeptLogits(output, config.teacher_top_k, frozen.digest) if config.teacher_top_k else None
    return Distillation(prompts, kept), Examples(train, validation)


def _texts(
    data: TrainingData, answers: Mapping[str, str], student: Strategy, frozen: FrozenModel, config: Config
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Both splits, with the answers in the place of MBPP's solutions."""

    def taught(split: Sequence[Problem]) -> tuple[Example, ...]:
        known = (problem for problem in split if problem.task_id in answers)
        answered_by = (replace(problem, canonical_solution=answers[problem.task_id]) for problem in known)
        examples = (encode(problem, student, frozen.tokenizer, frozen.name) for problem in answered_by)
        return fitting(examples, config.max_length)

    return taught(data.train), taught(data.validation)


def _lesson(
    problem: Problem, tokens: Sequence[int], body: str, student: Strategy, teacher: Strategy, frozen: FrozenModel
) -> Lesson:
    """``tokens``: the student's prompt."""
    prefix = student.build_prompt(problem.visible()).completion_prefix
    answer = frozen.tokenizer.encode(body.removeprefix(prefix), add_special_tokens=False)
    example = Example(problem.task_id, category(problem).value, tuple(tokens), (*answer, frozen.tokenizer.eos_token_id))
    seen = up_to_the_body(teacher.build_prompt(problem.visible()), problem)
    return Lesson(example, tuple(encode_prompt(frozen.tokenizer, seen, frozen.name)))


def up_to_the_body(prompt: Prompt, problem: Problem) -> Prompt:
    """``prompt`` with as much of an answer as comes before the function's body."""
    if prompt.mode == "completion":
        return prompt
    *before, last = prompt.messages
    begun = last.content if last.role == "assistant" else FENCE
    messages = tuple(before) if last.role == "assistant" else prompt.messages
    if problem.prompt.strip() not in begun:
        begun += problem.prompt
    return replace(prompt, messages=(*messages, Message("assistant", begun)))

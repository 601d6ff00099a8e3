"""Distillation: the soft prompt makes a plain question be answered as the same model answers a better one.

The teacher is the frozen model under another text strategy, the chat strategy for instance; no labels are needed. It
answers every problem once, greedily. From then on both see the same tokens of its answers, and the student's
distribution is pulled to the teacher's (Hinton et al. 2015, arXiv:1503.02531; for prompts Snell et al. 2022,
arXiv:2209.15189, "context distillation"):

    teacher   the teacher's prompt, then the problem's signature, then  body
    student   virtual tokens, the student's prompt, then                body

Where the body ends, the student should end; the teacher closes a fence there, so that token is learned as a label.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from pytest_humaneval.dataset.category import category
from pytest_humaneval.engine.decoding import Continuation, Decoding, end_tokens
from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.printable import counted
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Message, Prompt
from pytest_humaneval.sample import Sampling
from pytest_humaneval.strategy import Strategy

from .batches import IGNORE_INDEX, Batch, Example, collate, fitting
from .config import Config
from .data import TrainingData
from .kept_logits import KeptLogits, divergence
from .model import FrozenModel, SoftPrompt, prompted_logits
from .objectives import Objective, Work

ANSWERS = "teacher.jsonl"
AT_ONCE = 32  # answers that are generated together
FENCE = "```python\n"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What both see of one problem."""

    student: Example
    teacher_prompt: tuple[int, ...]


class Distillation(Objective):
    """The divergence of the student's distribution from the teacher's, over the tokens of the teacher's answers."""

    def __init__(self, teacher_prompts: Mapping[str, tuple[int, ...]], kept: KeptLogits | None = None) -> None:
        """``teacher_prompts``: tokens that stand in front of the answer, by task; ``kept``: its distributions."""
        self._teacher_prompts, self._kept = teacher_prompts, kept

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        pad = frozen.tokenizer.eos_token_id
        batch = collate(examples, pad, frozen.device)
        seen = [replace(example, prompt=self._teacher_prompts[example.task_id]) for example in examples]
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
) -> tuple[Distillation, tuple[Example, ...], tuple[Example, ...]]:
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
    answers = answered(problems, teacher, frozen, config, output, say)
    made = {
        problem.task_id: _lesson(problem, encoded[problem.task_id], answers[problem.task_id], student, teacher, frozen)
        for problem in problems
        if answers[problem.task_id].strip()
    }
    say(f"the teacher, {teacher.name}, answered {len(made):,} of {counted(len(problems), 'problem', 'problems')}")
    prompts = {task_id: lesson.teacher_prompt for task_id, lesson in made.items()}
    splits = (
        fitting((made[problem.task_id].student for problem in split if problem.task_id in made), config.max_length)
        for split in (data.train, data.validation)
    )
    train, validation = splits
    kept = KeptLogits(output, config.teacher_top_k, frozen.digest) if config.teacher_top_k else None
    return Distillation(prompts, kept), train, validation


def answered(
    problems: Sequence[Problem], teacher: Strategy, frozen: FrozenModel, config: Config, output: Path, say: Say
) -> dict[str, str]:
    """The body that the teacher writes for each problem; kept in ``output``/teacher.jsonl as they are made."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / ANSWERS
    _drop_cut_line(path)
    answers = dict(_read(path))
    missing = sorted(
        (problem for problem in problems if problem.task_id not in answers), key=lambda problem: -len(problem.prompt)
    )
    for start in range(0, len(missing), AT_ONCE):
        say(f"the teacher answers: {len(answers)} of {len(problems)}")
        part = missing[start : start + AT_ONCE]
        made = dict(zip((problem.task_id for problem in part), _generate(part, teacher, frozen, config), strict=True))
        with path.open("a") as file:
            file.writelines(json.dumps({"task_id": task_id, "body": body}) + "\n" for task_id, body in made.items())
        answers |= made
    return answers


def _generate(problems: Sequence[Problem], teacher: Strategy, frozen: FrozenModel, config: Config) -> list[str]:
    prompts = [teacher.build_prompt(problem.visible()) for problem in problems]
    sampling = Sampling(max_tokens=config.max_completion_length)
    rows = [
        Continuation(problem.task_id, encode_prompt(frozen.tokenizer, prompt, frozen.name), sampling, stop=prompt.stop)
        for problem, prompt in zip(problems, prompts, strict=True)
    ]
    decode(Decoding(frozen.model, frozen.tokenizer, rows, ends=end_tokens(frozen.model, frozen.tokenizer)))
    return [
        postprocess(teacher.postprocess, problem.visible(), prompt, row.text).text
        for problem, prompt, row in zip(problems, prompts, rows, strict=True)
    ]


def decode(decoding: Decoding) -> None:
    """Go on until every sequence is done."""
    while decoding.num_rows:
        decoding.step()


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


def _read(path: Path) -> Iterable[tuple[str, str]]:
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
            yield row["task_id"], row["body"]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{path}: is damaged ({error}); remove it, and the teacher answers again") from error


def _drop_cut_line(path: Path) -> None:
    """Leave out a last line that a kill cut short, so that the next one does not stand behind it."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)

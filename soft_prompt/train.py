"""The training loop: learning rate, forward, loss, backward, clip, step, zero_grad, log, evaluate, checkpoint."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from pytest_humaneval.exceptions import TrainingError
from pytest_humaneval.sandbox.signals import signals_held

from .batches import Example, by_length, epoch_batches
from .checkpoint import LAST, TrainerState, check_data, resume, save
from .config import Config
from .initial import make_prompt
from .model import FrozenModel, SoftPrompt
from .objectives import Objective, Work
from .schedule import learning_rate
from .watch import Metrics, Watch


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from, and what is only looked at; ``sources`` are the datasets, for the checkpoint."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    sources: tuple[dict[str, Any], ...] = ()


def train(
    frozen: FrozenModel,
    examples: Examples,
    objective: Objective,
    config: Config,
    output: Path,
    stream: TextIO | None = None,
) -> TrainerState:
    """Train a prompt into ``output``; goes on where an earlier call with the same configuration was stopped.

    Raises:
        TrainingError: a loss, gradient or prompt that is not finite; nothing of it got into a checkpoint.
        ModelError: ``output`` holds a training with another configuration or model.
        KeyboardInterrupt: Ctrl-C; what was done is kept, but for the step that had begun.
    """
    prompt = make_prompt(frozen, config).to(frozen.device)
    prompt.fit(frozen, examples.train)
    optimizer = torch.optim.AdamW(prompt.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    state = resume(output, prompt, frozen, config, optimizer) or TrainerState(data=examples.sources)
    check_data(output, state, examples.sources)
    total_steps = num_steps(config, len(examples.train))
    reported = state.step - (state.unreported is not None)
    with Watch(output, total_steps, start=reported, spent=_spent(config, state), stream=stream) as watch:
        if state.step:
            watch.say(f"continuing from step {state.step} of {total_steps} in {output}")

        def keep() -> Path:
            return save(output, prompt, frozen, config, state, optimizer, best=state.best_step == state.step)

        with _kept_when_interrupted(keep, state, output, watch):
            while state.unreported or (state.step < total_steps and not _is_over(config, state)):
                began = time.monotonic()
                measured = state.unreported or _step(
                    prompt, frozen, objective, optimizer, examples, config, output, state
                )
                validation_loss = None
                if state.step % config.eval_steps == 0 or state.step == total_steps or _spent(config, state) >= 1:
                    validation_loss = _evaluate(prompt, frozen, objective, examples, config, state)
                with signals_held():
                    state.seconds += time.monotonic() - began
                    state.unreported = None
                    metrics = replace(Metrics(state.step, **measured), validation_loss=validation_loss)
                    watch.step(metrics, _spent(config, state))
                if validation_loss is not None or state.step % config.save_steps == 0:
                    keep()
    return state


@contextmanager
def _kept_when_interrupted(keep: Callable[[], Path], state: TrainerState, output: Path, watch: Watch) -> Iterator[None]:
    """Write a checkpoint at Ctrl-C: of whole steps, as the prompt changes only at the end of one."""
    begun = state.step
    try:
        yield
    except KeyboardInterrupt:
        if state.step > begun:
            keep()
        kept = f"{output / LAST} is the checkpoint of step {state.step}" if state.step else "no step was done yet"
        watch.say(f"\ninterrupted: {kept}; the same command continues from there")
        raise


def _step(
    prompt: SoftPrompt,
    frozen: FrozenModel,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    examples: Examples,
    config: Config,
    output: Path,
    state: TrainerState,
) -> dict[str, Any]:
    """One step, whole or not at all; returns its metrics, which ``state`` has too until they are reported."""
    began, tokens_before = time.monotonic(), frozen.meter.tokens
    rate = learning_rate(config, state.step, num_steps(config, len(examples.train)))
    for group in optimizer.param_groups:
        group["lr"] = rate
    micro_batches = batches_of_step(examples.train, config, state.step)
    works = [work for batch in micro_batches for work in objective.prepare(prompt, frozen, batch, state.step)]
    with whole_or_not_at_all(prompt, optimizer, objective.num_iterations):
        for _ in range(objective.num_iterations - 1):
            backward(prompt, frozen, objective, works, output, state)
            clip(prompt, config.max_grad_norm, works, output, state)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        loss = backward(prompt, frozen, objective, works, output, state)
        grad_norm = clip(prompt, config.max_grad_norm, works, output, state)
    with signals_held():  # half a step could not be told from a whole one
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        _guard(_largest(prompt), "prompt", works, output, state)
        tokens, seconds = frozen.meter.tokens - tokens_before, time.monotonic() - began
        measured = {"loss": loss, "learning_rate": rate, "grad_norm": grad_norm, "tokens": tokens, "seconds": seconds}
        state.step, state.unreported = state.step + 1, measured
        state.tokens += tokens
    return measured


@contextmanager
def whole_or_not_at_all(prompt: SoftPrompt, optimizer: torch.optim.Optimizer, num_iterations: int) -> Iterator[None]:
    """Take back what was learned of a batch when the steps on it are interrupted."""
    before = copy.deepcopy((prompt.state_dict(), optimizer.state_dict())) if num_iterations > 1 else None
    try:
        yield
    except BaseException:
        if before is not None:
            prompt.load_state_dict(before[0])
            optimizer.load_state_dict(before[1])
        raise


def num_steps(config: Config, num_examples: int) -> int:
    """Optimizer steps of a whole training."""
    micro_batches = config.num_train_epochs * math.ceil(num_examples / config.batch_size)
    return config.max_steps or math.ceil(micro_batches / config.gradient_accumulation_steps)


def batches_of_step(examples: Sequence[Example], config: Config, step: int) -> Iterator[list[Example]]:
    """The micro-batches of one step, counted from 0; an endless stream of epochs is cut into steps."""
    per_epoch = math.ceil(len(examples) / config.batch_size)
    first = step * config.gradient_accumulation_steps
    order: dict[int, list[list[Example]]] = {}
    for number in range(first, first + config.gradient_accumulation_steps):
        epoch, place = divmod(number, per_epoch)
        if epoch not in order:
            order[epoch] = epoch_batches(examples, config.batch_size, config.seed, epoch, curriculum=config.curriculum)
        yield order[epoch][place]


def backward(
    prompt: SoftPrompt, frozen: FrozenModel, objective: Objective, works: list[Work], output: Path, state: TrainerState
) -> float:
    """Accumulate gradients of the step's loss, as its objective does; returns that loss."""
    return objective.gradients(prompt, frozen, works, lambda loss, work: _guard(loss, "loss", [work], output, state))


def clip(prompt: SoftPrompt, max_norm: float, works: list[Work], output: Path, state: TrainerState) -> float:
    """Keep the gradient's norm within ``max_norm``; returns what it was."""
    norm: Tensor = torch.nn.utils.clip_grad_norm_(prompt.parameters(), max_norm)
    _guard(norm, "gradient", works, output, state)
    return float(norm.item())


def _largest(prompt: SoftPrompt) -> Tensor:
    """The largest magnitude in the prompt; not finite where any number in it is not."""
    tensors = [*prompt.parameters(), *prompt.tensors().values()]  # of which one kind makes the other
    return torch.stack([tensor.detach().abs().max() for tensor in tensors]).max()


def _guard(value: Tensor, what: str, works: list[Work], output: Path, state: TrainerState) -> None:
    """Stop before a number that is none gets into a checkpoint."""
    if bool(torch.isfinite(value)):
        return
    tasks = ", ".join(task_id for work in works for task_id in work.batch.task_ids)
    last = output / LAST
    kept = f"the last good checkpoint is {last}" if last.exists() else "there is no checkpoint yet"
    raise TrainingError(
        f"the {what} of step {state.step + 1} is {value.item()} (batch: {tasks}); {kept}. "
        "A lower learning_rate or max_grad_norm, or precision = 'float32', may help"
    )


def _evaluate(
    prompt: SoftPrompt,
    frozen: FrozenModel,
    objective: Objective,
    examples: Examples,
    config: Config,
    state: TrainerState,
) -> float:
    """The validation loss; notes in ``state`` whether it is the best so far."""
    loss = objective.validate(prompt, frozen, by_length(examples.validation, config.batch_size))
    if not math.isfinite(loss):
        raise TrainingError(f"the validation loss after step {state.step} is {loss}")
    if loss < state.best_loss:
        state.best_loss, state.best_step, state.evaluations_since_best = loss, state.step, 0
    else:
        state.evaluations_since_best += 1
    return loss


def _is_over(config: Config, state: TrainerState) -> bool:
    out_of_patience = 0 < config.early_stopping_patience <= state.evaluations_since_best
    return out_of_patience or _spent(config, state) >= 1


def _spent(config: Config, state: TrainerState) -> float:
    """The share of the budget, of tokens or of time, that is spent; 0 without one."""
    tokens = state.tokens / config.max_input_tokens if config.max_input_tokens else 0.0
    hours = state.seconds / 3600 / config.max_hours if config.max_hours else 0.0
    return max(tokens, hours)

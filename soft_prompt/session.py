"""One training from configuration to report: what the command line and the benchmark both call."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_humaneval.exceptions import ConfigError, DatasetError
from pytest_humaneval.models.peft_folder import BEST
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from pytest_humaneval.problem import Problem
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.wording import cannot_be_written, unknown

from .batches import encode, fitting
from .checkpoint import TrainerState, structure_in
from .config import Config
from .exclusions import check_categories, check_exclusions
from .heartbeat import heartbeat
from .initial import make_prompt
from .model import FrozenModel, load_frozen
from .objectives import Likelihood, Objective
from .report import write_report
from .teacher import check_teacher
from .train import Examples, train
from .training_data import TrainingData, read_training_data

if TYPE_CHECKING:
    from .sampled import Sampled

Say = Callable[[str], None]
ADAPTED = "adapted"  # in the output of a training with meta: a routed prompt


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a training starts from; ``validation`` is the whole split, of which ``data`` may have a sample."""

    strategies: Mapping[str, Strategy]
    data: TrainingData
    frozen: FrozenModel
    validation: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left: where, and how far it came."""

    output: Path
    state: TrainerState
    data: str  # a line about its data


def run_training(config: Config, model: str, cache_dir: Path, output: Path, stream: TextIO | None = None) -> Trained:
    """Train, or go on training, and write the report.

    Raises:
        InputError: data, model, strategy or folder that cannot be used; the folder is tried first.
        TrainingError: the training diverged; its last good checkpoint is kept.
    """
    check_output(output)
    with heartbeat(stream or sys.stderr) as lively:
        return train_loaded(config, load(config, model, cache_dir, teller(lively)), output, lively)


def check_output(output: Path) -> None:
    """Make the folder before minutes go into what shall be kept there.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise ConfigError(cannot_be_written(f"--output: {output}", error)) from error


def check(config: Config) -> Mapping[str, Strategy]:
    """Refuse what can be refused without data and model; returns the strategies that there are.

    Raises:
        InputError: strategies, folders or keys that cannot be used.
    """
    strategies = bundled_strategies()
    known(strategies, config.strategy, "strategy")
    check_teacher(config, known(strategies, config.teacher, "teacher"))
    check_exclusions(config)
    for folder in (*config.source_prompts, config.prompt_tuning_init_checkpoint):
        if folder:
            find_checkpoints(Path(folder))
    return strategies


def load(config: Config, model: str, cache_dir: Path, say: Say) -> Loaded:
    """Read the data and load the model, after what would be refused without them.

    Raises:
        InputError: data, model, strategy or keys that cannot be used.
    """
    strategies = check(config)
    whole = read_training_data(config.data, config.data_weights)
    data = whole.sample(config.max_train_samples, config.max_eval_samples, config.seed)
    say(data.summary())
    return Loaded(strategies, data, load_frozen(model, cache_dir, config.precision, say), whole.validation)


def train_loaded(config: Config, loaded: Loaded, output: Path, stream: TextIO) -> Trained:
    """Train, or go on training, with what is loaded, and write the report.

    Raises:
        TrainingError: the training diverged; its last good checkpoint is kept.
    """
    say, data, frozen = teller(stream), loaded.data, loaded.frozen
    objective, encoded_examples = make_objective(config, data, frozen, loaded.strategies, output, say)
    examples = weighted(encoded_examples, data, config.seed)
    try:
        check_categories(config, examples.train, say)
        state = train(frozen, examples, _learned(objective, config), config, output, stream)
        if config.meta != "none":
            say(f"wrote {_adapt(output, frozen, objective, examples, config, state)}, adapted to each category")
        if config.kind == "gated":
            say(f"found: {structure_in(output)}")
    finally:
        objective.close()
    for path in write_report(output, config, frozen.name, data.summary(), state):
        say(f"wrote {path}")
    return Trained(output, state, data.summary())


def teller(stream: TextIO) -> Say:
    """Writes lines at once."""

    def say(text: str) -> None:
        stream.write(f"{text}\n")
        stream.flush()

    return say


def _learned(objective: Objective, config: Config) -> Objective:
    """The objective inside of what changes how it is learned."""
    if config.contrast:
        from .contrast import Contrast

        objective = Contrast(objective, config.contrast)
    if config.meta != "none":
        from .meta import Meta

        return Meta(objective, config)
    if config.kind == "gated":
        from .gated import Structure

        return Structure(objective, config.gate_penalty)
    return objective


def _adapt(
    output: Path, frozen: FrozenModel, objective: Objective, examples: Examples, config: Config, state: TrainerState
) -> Path:
    """Take the inner steps from the best prompt, and keep what comes of them as routes."""
    from .checkpoint import load_prompt, write_prompt
    from .meta import adapted

    folder = output / ADAPTED
    routed = adapted(load_prompt(output / BEST, frozen), frozen, objective, examples.train, config)
    write_prompt(folder, routed, frozen, config, state)
    return folder


def encoded(data: TrainingData, strategy: Strategy, frozen: FrozenModel, config: Config) -> Examples:
    """Both splits as tokens, without what is too long."""
    splits = (data.train, data.validation)
    train_examples, validation = (
        fitting((encode(problem, strategy, frozen.tokenizer, frozen.name) for problem in split), config.max_length)
        for split in splits
    )
    return Examples(train_examples, validation)


def weighted(examples: Examples, data: TrainingData, seed: int) -> Examples:
    """The same with each training example as often as its dataset's weight says, and what the datasets were.

    Raises:
        DatasetError: the weights leave none.
    """
    train_examples = tuple(example for example in examples.train for _ in range(data.times(example.task_id, seed)))
    if not train_examples:
        raise DatasetError("data_weights: no training example is left; give larger ones")
    return Examples(train_examples, examples.validation, tuple(data.recorded()))


def make_objective(
    config: Config, data: TrainingData, frozen: FrozenModel, strategies: Mapping[str, Strategy], output: Path, say: Say
) -> tuple[Objective, Examples]:
    """The objective that a configuration names, and what it is trained and validated on."""
    strategy = strategies[config.strategy]
    if config.objective == "distillation":
        from .distillation import lessons

        return lessons(data, strategy, strategies[config.teacher], frozen, config, output, say)
    examples = encoded(data, strategy, frozen, config)
    if config.objective == "likelihood":
        return _likelihood(config), examples
    return sampled_objective(config.objective)(data, strategy, config, say), examples


def _likelihood(config: Config) -> Objective:
    from .mixup import Mixup

    return Mixup(config.mixup, config.seed) if config.mixup else Likelihood()


def validated(config: Config, loaded: Loaded, checkpoint: Path) -> tuple[list[bool], int]:
    """Which problems of the whole validation split a checkpoint's greedy completions solve; and its trainable numbers.

    The problems are the same for every method, whatever ``max_length`` and ``max_eval_samples`` leave of them.
    """
    from .checkpoint import load_prompt
    from .passing import KeepPassing

    frozen, strategy = loaded.frozen, loaded.strategies[config.strategy]
    data = replace(loaded.data, validation=loaded.validation)
    judge = KeepPassing(data, strategy, replace(config, objective="passing"))  # which samples with vLLM, where it is
    prompt = make_prompt(frozen, config)
    try:
        prompt.fit(frozen, encoded(loaded.data, strategy, frozen, config).train)
        trainable = sum(parameter.numel() for parameter in prompt.parameters() if parameter.requires_grad)
        examples = [encode(problem, strategy, frozen.tokenizer, frozen.name) for problem in loaded.validation]
        return judge.pass_at_1(load_prompt(checkpoint, frozen), frozen, examples), trainable
    finally:
        judge.close()


def sampled_objective(name: str) -> type[Sampled]:
    """The objective of this name, of those that learn from the prompt's own completions."""
    from .passing import KeepPassing
    from .preference import Preference
    from .reward import Reward

    objectives: dict[str, type[Sampled]] = {"reward": Reward, "passing": KeepPassing, "preference": Preference}
    return objectives[name]


def bundled_strategies() -> dict[str, Strategy]:
    """Text strategies by name."""
    # By name: the package lies at the top of the repository and is mapped in when installed.
    return {strategy.name: strategy for strategy in importlib.import_module("pytest_humaneval.strategies").bundled()}


def known(strategies: Mapping[str, Strategy], name: str, key: str) -> Strategy:
    """The strategy of this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in strategies:
        raise ConfigError(f"{key}: {unknown('strategy', name, sorted(strategies))}")
    return strategies[name]

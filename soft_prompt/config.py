"""What a training does: one TOML file, flat, with the names that PEFT and transformers use."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.text.wording import cannot_be_read, unknown

INITIALISATIONS: tuple[Literal["random", "vocabulary", "text"], ...] = ("random", "vocabulary", "text")
CHECKPOINT: Literal["checkpoint"] = "checkpoint"  # or what another training came to
HUB_DATA = "google-research-datasets/mbpp"


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of a training, complete at construction; see docs/soft-prompts.md for what they mean."""

    # What is learned.
    kind: Literal["plain", "deep", "routed", "mixture", "attention", "prototypes", "network", "gated", "lora"] = "plain"
    num_virtual_tokens: int = 20
    num_mixed_tokens: int = 128  # of the kind mixture: the paper's plateau
    num_prompts: int = 4  # of the kind attention: how many a question chooses from
    source_prompts: Sequence[str] = ()  # of the kind attention: folders of plain prompts, taken as they are
    bottleneck: int = 16  # of the kinds attention and network: numbers of the narrow layer
    gate_penalty: float = 0.01  # of the kind gated: what all gates open cost, in loss per token
    prompt_tuning_init: Literal["random", "vocabulary", "text", "checkpoint"] = "vocabulary"
    prompt_tuning_init_text: str = "Complete the Python function so that it is correct for every input.\n"
    prompt_tuning_init_checkpoint: str = ""  # the folder of a plain prompt
    lora_rank: int = 8  # of the kind lora, as the two below
    lora_alpha: float = 16.0  # the change is scaled by it over the rank
    lora_target_modules: tuple[str, ...] = ("q_proj", "v_proj")  # the matrices that change
    # From what.
    objective: Literal["likelihood", "distillation", "reward", "passing", "preference"] = "likelihood"
    strategy: str = "minimal"  # the text strategy that the virtual tokens stand in front of
    data: str | tuple[str, ...] = HUB_DATA  # one or several: files relative to this one, `mbpp`, the hub's id of it
    data_weights: tuple[float, ...] = ()  # one for each: how often a problem stands in an epoch; none: once
    max_length: int = 512  # tokens, without the virtual ones; longer examples are left out
    max_train_samples: int = 0  # tasks to learn from, drawn by the seed; 0: all
    max_eval_samples: int = 0  # tasks to validate on; 0: all
    meta: Literal["none", "reptile", "fomaml"] = "none"  # learn what a few steps on a category start from
    inner_steps: int = 3  # of meta, on each category
    inner_learning_rate: float = 0.1  # of meta; plain gradient descent
    mixup: float = 0.0  # of the objective likelihood: shares of mixed examples are from Beta(mixup, mixup); 0: none
    contrast: float = 0.0  # of likelihood and distillation: weight of the contrast between categories
    curriculum: bool = False  # the first epoch goes from short to long
    # How.
    learning_rate: float = 0.003
    lr_scheduler_type: Literal["constant", "linear", "cosine"] = "cosine"
    warmup_steps: int = 10
    batch_size: int = 4
    gradient_accumulation_steps: int = 4
    max_grad_norm: float = 1.0
    weight_decay: float = 0.0
    num_train_epochs: int = 3
    max_steps: int = 0  # 0: as many as the epochs have
    max_input_tokens: int = 0  # through the model (meter.py): a training ends with the step that gets there; 0: no end
    max_hours: float = 0.0  # of steps and validations, as above
    precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the frozen model; the prompt's own copy is float32
    seed: int = 0
    # Watching.
    eval_steps: int = 20
    save_steps: int = 20
    early_stopping_patience: int = 3  # evaluations without a better validation loss; 0: never stop early
    # Only for the objective distillation.
    teacher: str = "chat"  # the strategy to imitate
    teacher_engine: Literal["auto", "loaded", "vllm", "transformers"] = "auto"  # what answers, with the same model
    teacher_url: str = ""  # or a server with another model, whose text is learned
    teacher_model: str = ""  # its name there, where there are several
    teacher_file: str = ""  # or a file that has the answers
    teacher_text: bool = False  # learn the answers as text, not the distributions
    teacher_passing: bool = False  # learn from answers that pass their assertions only
    teacher_top_k: int = 0  # of its distributions so many tokens are kept on the disk; 0: made anew, whole
    # Only for what learns from its own completions: the objectives reward, passing and preference.
    num_generations: int = 8  # completions of one problem that are compared with each other
    max_completion_length: int = 256  # tokens
    temperature: float = 1.0
    sampler: Literal["auto", "decoding", "vllm"] = "auto"  # vLLM, or a loop over the training's own model
    reward_compile: float = 0.0  # added to the share of assertions where the program can be parsed
    reward_lint: float = 0.0  # taken away for ruff's findings, whole for ten
    reward_length: float = 0.0  # taken away for length, whole for a thousand characters
    # Only for the objective reward.
    kl_coefficient: float = 0.02
    num_iterations: int = 1  # optimizer steps on one batch of samples
    epsilon: float = 0.2  # how far the ratio of probabilities may go from 1 in them
    # Only for the objective preference.
    beta: float = 0.1  # how fast a preference saturates

    def to_dict(self) -> dict[str, Any]:
        """Plain builtins, for JSON."""
        return asdict(self)


def read_config(path: Path, **overrides: Any) -> Config:
    """The configuration in a TOML file; ``overrides`` that are not None replace its values.

    Raises:
        ConfigError: the file cannot be read, or a key or value that cannot be used; names file and line.
    """
    try:
        text = path.read_text()
        given = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(cannot_be_read(path, error)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    for key, value in given.items():
        if problem := _problem_with(key, value):
            raise ConfigError(f"{path}:{_line_of(key, text)}: {problem}")
    return override(beside(path, Config(**_tuples(given))), **overrides)


def beside(path: Path, config: Config) -> Config:
    """``config`` with the files and folders that it names relative to ``path``, the file that it stands in."""

    def there(name: str) -> str:
        return str(path.parent / name) if name else ""

    data = tuple(str(path.parent / name) if is_file(name) else name for name in sources(config))
    return replace(
        config,
        data=data[0] if isinstance(config.data, str) else data,
        source_prompts=tuple(str(path.parent / folder) for folder in config.source_prompts),
        prompt_tuning_init_checkpoint=there(config.prompt_tuning_init_checkpoint),
        teacher_file=there(config.teacher_file),
    )


def sources(config: Config) -> tuple[str, ...]:
    """The datasets of a training."""
    return (config.data,) if isinstance(config.data, str) else config.data


def is_file(source: str) -> bool:
    """Whether a dataset is named by its file."""
    return source.endswith((".jsonl", ".json", ".jsonl.gz"))


def override(config: Config, **overrides: Any) -> Config:
    """``config`` with those values that are not None.

    Raises:
        ConfigError: a value that cannot be used.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    for key, value in given.items():
        if problem := _problem_with(key, value):
            raise ConfigError(problem)
    return replace(config, **_tuples(given))


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    """TOML's lists as a configuration has them."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _problem_with(key: str, value: Any) -> str:
    """What is wrong with one entry; empty when nothing is."""
    if key not in RULES:
        return unknown("key", key, RULES)
    expected, fits = RULES[key]
    return "" if fits(value) else f"{key} must be {expected}, not {value!r}"


def _line_of(key: str, text: str) -> int:
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


Rule = tuple[str, Callable[[Any], bool]]


def _whole(low: int) -> Rule:
    return f"a whole number from {low}", lambda value: type(value) is int and value >= low


def _number(low: float, high: float, text: str) -> Rule:
    def fits(value: Any) -> bool:
        return type(value) in (int, float) and math.isfinite(value) and low <= value <= high

    return text, fits


def _one_of(*values: str) -> Rule:
    return f"one of {', '.join(values)}", lambda value: value in values


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and each.strip() for each in value)


_POSITIVE = _number(1e-12, 1e6, "a number above 0")
_NOT_NEGATIVE = _number(0.0, 1e6, "a number from 0")
_TEXT: Rule = ("text that is not empty", lambda value: isinstance(value, str) and bool(value.strip()))


_ANY_TEXT: Rule = ("text", lambda value: isinstance(value, str))
_SWITCH: Rule = ("true or false", lambda value: isinstance(value, bool))


def _is_data(value: Any) -> bool:
    names = value if isinstance(value, list | tuple) else [value]
    return bool(names) and all(map(_TEXT[1], names))


def _are_weights(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_POSITIVE[1], value))


RULES: dict[str, Rule] = {
    "kind": _one_of("plain", "deep", "routed", "mixture", "attention", "prototypes", "network", "gated", "lora"),
    "lora_rank": _whole(1),
    "lora_alpha": _POSITIVE,
    "lora_target_modules": ("a list of names", lambda value: _is_list_of_texts(value) and bool(value)),
    "num_virtual_tokens": _whole(1),
    "num_mixed_tokens": _whole(1),
    "num_prompts": _whole(1),
    "source_prompts": ("a list of folders", _is_list_of_texts),
    "bottleneck": _whole(1),
    "gate_penalty": _NOT_NEGATIVE,
    "prompt_tuning_init": _one_of(*INITIALISATIONS, CHECKPOINT),
    "prompt_tuning_init_text": _TEXT,
    "prompt_tuning_init_checkpoint": _ANY_TEXT,
    "objective": _one_of("likelihood", "distillation", "reward", "passing", "preference"),
    "strategy": _TEXT,
    "data": ("the name of a dataset, or a list of such names", _is_data),
    "data_weights": ("a list of numbers above 0", _are_weights),
    "max_length": _whole(16),
    "max_train_samples": _whole(0),
    "max_eval_samples": _whole(0),
    "meta": _one_of("none", "reptile", "fomaml"),
    "inner_steps": _whole(1),
    "inner_learning_rate": _POSITIVE,
    "mixup": _NOT_NEGATIVE,
    "contrast": _NOT_NEGATIVE,
    "curriculum": _SWITCH,
    "learning_rate": _POSITIVE,
    "lr_scheduler_type": _one_of("constant", "linear", "cosine"),
    "warmup_steps": _whole(0),
    "batch_size": _whole(1),
    "gradient_accumulation_steps": _whole(1),
    "max_grad_norm": _POSITIVE,
    "weight_decay": _NOT_NEGATIVE,
    "num_train_epochs": _whole(1),
    "max_steps": _whole(0),
    "max_input_tokens": _whole(0),
    "max_hours": _NOT_NEGATIVE,
    "precision": _one_of("float32", "bfloat16"),
    "seed": _whole(0),
    "eval_steps": _whole(1),
    "save_steps": _whole(1),
    "early_stopping_patience": _whole(0),
    "teacher": _TEXT,
    "teacher_engine": _one_of("auto", "loaded", "vllm", "transformers"),
    "teacher_url": _ANY_TEXT,
    "teacher_model": _ANY_TEXT,
    "teacher_file": _ANY_TEXT,
    "teacher_text": _SWITCH,
    "teacher_passing": _SWITCH,
    "teacher_top_k": _whole(0),
    "num_generations": _whole(2),
    "max_completion_length": _whole(1),
    "sampler": _one_of("auto", "decoding", "vllm"),
    "temperature": _number(0.05, 2.0, "a number from 0.05 to 2"),
    "reward_compile": _NOT_NEGATIVE,
    "reward_lint": _NOT_NEGATIVE,
    "reward_length": _NOT_NEGATIVE,
    "kl_coefficient": _NOT_NEGATIVE,
    "num_iterations": _whole(1),
    "epsilon": _number(1e-6, 1.0, "a number above 0 and at most 1"),
    "beta": _POSITIVE,
}
assert RULES.keys() == {field.name for field in fields(Config)}

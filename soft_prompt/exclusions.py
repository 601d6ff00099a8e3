"""Settings of a training that exclude each other, and what the data lacks for them: said before time goes into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_humaneval.dataset.category import Category
from pytest_humaneval.exceptions import ConfigError

from .config import CHECKPOINT, Config

if TYPE_CHECKING:
    from .batches import Example

FOR_DECODING = "lora"  # the kind that vLLM would have to load for each step of a training
SAMPLED = ("reward", "passing", "preference")  # objectives that learn from the prompt's own completions
BY_CATEGORY = {  # kinds of prompts with one for each category, and what becomes of a category without examples
    "routed": "its prompt stays as it began",
    "prototypes": "its questions get the prompt of the nearest other one",
}

Say = Callable[[str], None]


def check_exclusions(config: Config) -> None:
    """Refuse what cannot be done together.

    Raises:
        ConfigError: says which two keys, and why.
    """
    for fault in _faults(config):
        raise ConfigError(fault)


def _faults(config: Config) -> Iterator[str]:
    if config.source_prompts and config.kind != "attention":
        yield f"source_prompts: only a prompt of the kind 'attention' has some; kind is {config.kind!r}"
    if config.kind == "lora" and find_spec("peft") is None:
        yield "kind = 'lora' needs PEFT: pip install 'pytest-humaneval[lora]'"
    yield from _faults_of_start(config)
    yield from _faults_of_meta(config)
    yield from _faults_of_gates(config)
    yield from _faults_of_augmentation(config)
    yield from _faults_of_sampling(config)


def _faults_of_start(config: Config) -> Iterator[str]:
    asked, folder = config.prompt_tuning_init == CHECKPOINT, config.prompt_tuning_init_checkpoint
    if asked and not folder:
        yield "prompt_tuning_init: checkpoint needs its folder; give prompt_tuning_init_checkpoint"
    if folder and not asked:
        yield (
            "prompt_tuning_init_checkpoint: is where a prompt begins with prompt_tuning_init = 'checkpoint' only; that "
            f"is {config.prompt_tuning_init!r}"
        )
    if asked and config.kind in ("gated", "lora"):
        without = "mixes the other initialisations" if config.kind == "gated" else "has no virtual tokens"
        yield f"prompt_tuning_init: kind = {config.kind!r} {without}; leave checkpoint out"


def _faults_of_meta(config: Config) -> Iterator[str]:
    if config.meta == "none":
        return
    if config.kind != "plain":
        yield f"meta: {config.meta} makes a prompt for each category of a plain one; kind is {config.kind!r}"
    if config.objective == "reward" and config.num_iterations > 1:
        yield "meta: num_iterations has to be 1, as the steps on a batch are inner_steps"


def _faults_of_gates(config: Config) -> Iterator[str]:
    if config.kind != "gated":
        return
    if config.objective in SAMPLED:
        yield (
            f"objective: {config.objective} samples from the cut prompt, and kind = 'gated' learns one that is not cut "
            "yet; search with likelihood or distillation, then go on with what was found"
        )
    if config.gradient_accumulation_steps < 2:
        yield (
            "gradient_accumulation_steps: has to be 2 or more with kind = 'gated', which learns gates on one half of a "
            "step's batches and prompts on the other"
        )


def _faults_of_augmentation(config: Config) -> Iterator[str]:
    if config.mixup and config.objective != "likelihood":
        yield f"mixup: mixes labels, which only the objective likelihood has; objective is {config.objective!r}"
    if config.mixup and config.kind == "routed":
        yield "mixup: a problem between two categories has no route; kind is 'routed'"
    if config.contrast and config.objective in SAMPLED:
        yield f"contrast: goes with likelihood and distillation; objective is {config.objective!r}"
    if config.mixup and config.contrast:
        yield "contrast: a problem that mixup makes of two has no category; leave one of both at 0"
    if config.contrast and config.meta != "none":
        yield f"contrast: the steps of meta = {config.meta!r} are on one category each: there is nothing to contrast"
    for key in ("mixup", "contrast"):
        if getattr(config, key) and config.batch_size < 2:
            yield f"{key}: is between problems of a batch; batch_size has to be 2 or more"


def _faults_of_sampling(config: Config) -> Iterator[str]:
    if config.sampler != "vllm":
        return
    if config.kind == FOR_DECODING:
        yield f"sampler: vllm takes virtual tokens, not kind = {config.kind!r}; leave sampler out"
    if find_spec("vllm") is None:
        yield "sampler: vllm is not installed: pip install 'pytest-humaneval[cpu]' (or [gpu])"


def check_categories(config: Config, examples: Sequence[Example], say: Say) -> None:
    """Say which categories have no example to learn from, where that makes a difference.

    Raises:
        ConfigError: there is nothing to contrast.
    """
    outcome = "the prompt is not adapted to it" if config.meta != "none" else BY_CATEGORY.get(config.kind, "")
    counts = Counter(example.category for example in examples)
    for category in Category if outcome else ():
        if not counts[category.value]:
            say(f"no training example is of the category {category.value!r}: {outcome}")
    if config.contrast and (len(counts) < 2 or max(counts.values()) < 2):
        raise ConfigError(
            f"contrast: needs training examples of two categories, and two of one; there are {dict(counts)}"
        )

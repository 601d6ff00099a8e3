from __future__ import annotations

import importlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_distillation import DATA
from tiny_training import SHORT, trained_on

from pytest_humaneval import Problem, Sampling
from soft_prompt.batches import Example, encode
from soft_prompt.checkpoint import load_prompt
from soft_prompt.config import Config
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Work
from soft_prompt.reward import Reward, group_advantages
from soft_prompt.train import Examples
from soft_prompt.watch import read_metrics

MINIMAL = {one.name: one for one in importlib.import_module("pytest_humaneval.strategies").bundled()}["minimal"]
CONFIG = replace(
    SHORT, objective="reward", num_generations=4, max_completion_length=6, max_steps=10, eval_steps=10, batch_size=2,
    gradient_accumulation_steps=1, learning_rate=0.1, kl_coefficient=0.0,
)  # fmt: skip


class LikesCapitals(Reward):
    """Rewards letters in the upper half of the bytes: noise has them too, and no sandbox is needed."""

    def reward(self, example: Example, generation: str) -> float:
        return sum(character >= "P" for character in generation) / max(1, len(generation))


def examples(frozen: FrozenModel) -> Examples:
    train, validation = (
        tuple(encode(problem, MINIMAL, frozen.tokenizer, "tiny") for problem in split)
        for split in (DATA.train, DATA.validation)
    )
    return Examples(train, validation)


@pytest.mark.parametrize("kind", ["plain", "deep", "routed"])
def test_what_is_rewarded_becomes_more_frequent(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    config = Config(**CONFIG.to_dict() | {"kind": kind})
    objective = LikesCapitals(DATA, MINIMAL, config)
    given = examples(frozen)

    def mean_reward(prompt_of: Path | None) -> float:
        prompt = load_prompt(prompt_of, frozen) if prompt_of else make_prompt(frozen, config)
        sampling = Sampling(temperature=1.0, max_tokens=6)
        rows = objective.sample(prompt, frozen, given.train * 8, sampling, seed=77)
        return sum(objective.reward(given.train[0], row.text) for row in rows) / len(rows)

    before = mean_reward(None)
    trained_on(frozen, given, objective, config, tmp_path)
    assert mean_reward(tmp_path / "last") > before + 0.05


def test_a_resumed_reward_training_draws_the_same_samples(frozen: FrozenModel, tmp_path: Path) -> None:
    config = replace(CONFIG, max_steps=4, save_steps=2, eval_steps=4)
    given = examples(frozen)
    trained_on(frozen, given, LikesCapitals(DATA, MINIMAL, config), config, tmp_path / "whole")

    class Stops(LikesCapitals):
        def prepare(self, prompt, frozen, examples, step) -> list[Work]:  # type: ignore[no-untyped-def]
            if step == 3:
                raise KeyboardInterrupt
            return super().prepare(prompt, frozen, examples, step)

    with pytest.raises(KeyboardInterrupt):
        trained_on(frozen, given, Stops(DATA, MINIMAL, config), config, tmp_path / "halves")
    trained_on(frozen, given, LikesCapitals(DATA, MINIMAL, config), config, tmp_path / "halves")
    curves = [[one.loss for one in read_metrics(tmp_path / name)] for name in ("whole", "halves")]
    assert curves[0] == curves[1]


def test_the_sandbox_counts_the_assertions_that_hold() -> None:
    test = (
        "def check(candidate):\n    f = candidate\n    assert f(1) == 1\n    assert f(2) == 2\n    assert f(0) == 1\n"
    )
    problem = Problem("MBPP/0", "def f(x):\n", "f", "    return x or 1\n", test)
    data = replace(DATA, train=(problem,))
    example = Example("MBPP/0", "math", (1,), (2,))
    with closing(Reward(data, MINIMAL, CONFIG)) as objective:
        rewards = [objective.reward(example, text) for text in ("    return x or 1\n", "    return 1\n", "    retrn\n")]
    assert rewards == pytest.approx([1.0, 2 / 3, 0.0])


def test_advantages_are_standard_scores_within_groups() -> None:
    # Mean 0.5, deviation 0.5; then a group whose members are equal.
    assert group_advantages([0.0, 1.0, 1.0, 0.0, 0.3, 0.3, 0.3, 0.3], 4) == [-1.0, 1.0, 1.0, -1.0, 0, 0, 0, 0]


def test_equal_rewards_move_nothing(frozen: FrozenModel, tmp_path: Path) -> None:
    class Indifferent(Reward):
        def reward(self, example: Example, generation: str) -> float:
            return 0.5

    config = replace(CONFIG, max_steps=1, eval_steps=1)
    trained_on(frozen, examples(frozen), Indifferent(DATA, MINIMAL, config), config, tmp_path)
    assert torch.equal(load_prompt(tmp_path, frozen).tensors()[""], make_prompt(frozen, config).tensors()[""])


def test_the_penalty_is_nothing_at_the_start_and_pulls_back_later(frozen: FrozenModel) -> None:
    config = replace(CONFIG, kl_coefficient=1.0)
    objective = LikesCapitals(DATA, MINIMAL, config)
    prompt = make_prompt(frozen, config)
    work = objective.prepare(prompt, frozen, examples(frozen).train[:2], 0)[0]
    _, reference = work.more
    alone = replace(work, more=(torch.zeros_like(reference), reference))
    assert objective.loss(prompt, frozen, alone).item() == pytest.approx(0.0, abs=1e-4)
    with torch.no_grad():
        prompt.tensors()[""].add_(0.1)
    assert objective.loss(prompt, frozen, alone).item() > 1e-3

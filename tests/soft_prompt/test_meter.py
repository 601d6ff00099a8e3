"""What a budget counts: every token that goes through the model, once, and no padding."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_distillation import DATA, answers_of
from test_reward import MINIMAL, LikesCapitals, examples
from tiny_training import EXAMPLES, SHORT, silent, trained, trained_on

from soft_prompt.batches import Example
from soft_prompt.distillation import Distillation, lessons
from soft_prompt.meta import Meta
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Likelihood
from soft_prompt.train import Examples, batches_of_step
from soft_prompt.watch import read_metrics

CHAT = {one.name: one for one in importlib.import_module("pytest_humaneval.strategies").bundled()}["chat"]
ONE_STEP = replace(SHORT, max_steps=1, batch_size=2, gradient_accumulation_steps=1)


def learned_from(given: Examples, step: int = 0) -> list[Example]:
    return [example for batch in batches_of_step(given.train, ONE_STEP, step) for example in batch]


def total(several: Sequence[Example], virtual: int = 4) -> int:
    return sum(len(example) + virtual for example in several)


@pytest.mark.parametrize(
    ("settings", "virtual"),
    [({}, 4), ({"kind": "routed"}, 4), ({"kind": "deep"}, 0), ({"kind": "network"}, 4), ({"kind": "gated"}, 4)],
)
def test_a_step_counts_its_batch_with_the_virtual_tokens(
    settings: dict[str, Any], virtual: int, frozen: FrozenModel, tmp_path: Path
) -> None:
    steps = {**settings, "max_steps": 2, "batch_size": 1, "gradient_accumulation_steps": 2, "eval_steps": 1}
    state = trained(frozen, tmp_path, Likelihood(), **steps)
    config = replace(ONE_STEP, batch_size=1, gradient_accumulation_steps=2)
    seen = [each for step in (0, 1) for batch in batches_of_step(EXAMPLES.train, config, step) for each in batch]
    assert state.tokens == total(seen, virtual), "validations, which come after each of them, are not in it"
    assert [step.tokens for step in read_metrics(tmp_path)] == [total(seen[:2], virtual), total(seen[2:], virtual)]


@pytest.mark.parametrize("top_k", [0, 8])
def test_a_teacher_s_distributions_count_when_they_are_made(top_k: int, frozen: FrozenModel, tmp_path: Path) -> None:
    answers_of(tmp_path, *range(8))
    config = replace(ONE_STEP, objective="distillation", teacher_top_k=top_k)
    for again in (False, True):
        objective, given = lessons(DATA, MINIMAL, CHAT, frozen, config, tmp_path, silent)
        trained_on(frozen, given, objective, config, tmp_path / str(again))
        mine = learned_from(given)
        assert isinstance(objective, Distillation)
        teacher = sum(len(objective.teacher_prompts[each.task_id]) + len(each.solution) for each in mine)
        kept = top_k and again
        assert read_metrics(tmp_path / str(again))[0].tokens == total(mine) + (0 if kept else teacher)


@pytest.mark.parametrize("num_iterations", [1, 3])
def test_samples_references_and_repeated_steps_count(num_iterations: int, frozen: FrozenModel, tmp_path: Path) -> None:
    drawn: list[Example] = []
    learned: list[Example] = []

    class Noted(LikesCapitals):
        def groups(self, *arguments: Any) -> Any:
            groups = super().groups(*arguments)
            if arguments[-1] == 0:
                for group in groups:
                    drawn.extend(each.example for each in group)
                    differ = len({each.reward for each in group}) > 1
                    mean = sum(each.reward for each in group) / len(group)
                    learned.extend(each.example for each in group if differ and abs(each.reward - mean) > 1e-9)
            return groups

    config = replace(
        ONE_STEP, objective="reward", num_generations=4, max_completion_length=6, num_iterations=num_iterations
    )
    given = examples(frozen)
    state = trained_on(frozen, given, Noted(DATA, MINIMAL, config), config, tmp_path)
    prompts = sum(len(each.prompt) + 4 for each in drawn)
    # The last token of a completion is drawn, but goes through the model only if the decoding goes on.
    sampled = prompts + sum(len(each.solution) - 1 for each in drawn)
    passes = num_iterations + 1 + (num_iterations > 1)  # with a gradient, the reference's, and as it was drawn
    assert learned
    assert state.tokens == sampled + passes * total(learned)


def test_inner_steps_count(frozen: FrozenModel, tmp_path: Path) -> None:
    config = replace(ONE_STEP, meta="reptile", inner_steps=3)
    state = trained_on(frozen, EXAMPLES, Meta(Likelihood(), config), config, tmp_path)
    assert state.tokens == 3 * total(learned_from(EXAMPLES))

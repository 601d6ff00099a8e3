"""Meta-learning on the tiny model: what Reptile and first-order MAML do by their papers, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_training import END, EXAMPLES, SHORT, trained_on

from pytest_humaneval.exceptions import ConfigError
from soft_prompt.batches import Example
from soft_prompt.checkpoint import load_prompt
from soft_prompt.config import Config
from soft_prompt.exclusions import check_exclusions
from soft_prompt.initial import make_prompt
from soft_prompt.meta import Meta, adapted
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Likelihood, Work
from soft_prompt.train import Examples

CONFIG = replace(SHORT, meta="reptile", inner_steps=2, inner_learning_rate=0.1)


def unchecked(loss: torch.Tensor, work: Work) -> None:
    pass


def gradient(frozen: FrozenModel, meta: str, examples: list[Example], **settings: float) -> torch.Tensor:
    config = replace(CONFIG, meta=meta, **settings)  # type: ignore[arg-type]
    objective, prompt = Meta(Likelihood(), config), make_prompt(frozen, config)
    works = [work for each in examples for work in objective.prepare(prompt, frozen, [each], 0)]
    before = prompt.tensors()[""].detach().clone()
    objective.gradients(prompt, frozen, works, unchecked)
    assert torch.equal(prompt.tensors()[""], before), "the prompt itself waits for the optimizer"
    (parameter,) = prompt.parameters()
    assert parameter.grad is not None
    return parameter.grad.clone()


def plain_gradient(frozen: FrozenModel, examples: list[Example]) -> torch.Tensor:
    objective, prompt = Likelihood(), make_prompt(frozen, CONFIG)
    works = objective.prepare(prompt, frozen, examples, 0)
    objective.gradients(prompt, frozen, works, unchecked)
    return prompt.tensors()[""].grad


def test_one_inner_step_of_reptile_is_the_plain_gradient(frozen: FrozenModel) -> None:
    task = [EXAMPLES.train[0]]
    assert torch.allclose(gradient(frozen, "reptile", task, inner_steps=1), plain_gradient(frozen, task), atol=1e-4)


def test_tasks_count_alike_whatever_their_size(frozen: FrozenModel) -> None:
    even, odd = [EXAMPLES.train[0]], [EXAMPLES.train[1]]
    together = gradient(frozen, "reptile", even + odd, inner_steps=1)
    mean = (plain_gradient(frozen, even) + plain_gradient(frozen, odd)) / 2
    assert torch.allclose(together, mean, atol=1e-4)


def test_fomaml_takes_the_gradient_where_the_steps_led_on_what_they_did_not_see(frozen: FrozenModel) -> None:
    seen, unseen = EXAMPLES.train[0], EXAMPLES.train[2]
    found = gradient(frozen, "fomaml", [seen, unseen], inner_steps=1)
    prompt, objective = make_prompt(frozen, CONFIG), Likelihood()
    step = 0.1 * plain_gradient(frozen, [seen])
    with torch.no_grad():
        prompt.tensors()[""].sub_(step)
    objective.gradients(prompt, frozen, objective.prepare(prompt, frozen, [unseen], 0), unchecked)
    assert torch.allclose(found, prompt.tensors()[""].grad, atol=1e-4)


def example(number: int, category: str) -> Example:
    """What is to be said depends on the category alone."""
    prompt = f"def f{number}(x):\n".encode()
    return Example(f"T/{number}", category, tuple(prompt), (*(b"aa" if category == "math" else b"zz"), END))


@pytest.mark.parametrize("meta", ["reptile", "fomaml"])
def test_steps_from_a_learned_start_lead_further_than_from_the_first_one(
    meta: str, frozen: FrozenModel, tmp_path: Path
) -> None:
    config = Config(**CONFIG.to_dict() | {"meta": meta, "max_steps": 12, "eval_steps": 12, "inner_steps": 3})
    given = [example(number, ("math", "string")[number % 2]) for number in range(12)]
    examples = Examples(tuple(given[:8]), tuple(given[8:]))
    trained_on(frozen, examples, Meta(Likelihood(), config), config, tmp_path)

    def loss_after_adapting(prompt_of: Path | None) -> float:
        prompt = load_prompt(prompt_of, frozen) if prompt_of else make_prompt(frozen, config)
        routed = adapted(prompt, frozen, Likelihood(), examples.train, config)
        assert not torch.equal(routed.routes["math"], routed.routes["string"])
        assert torch.equal(routed.routes["other"], prompt.tensors()[""]), "no example, no step"
        return Likelihood().validate(routed, frozen, [examples.validation])

    assert loss_after_adapting(tmp_path / "last") < loss_after_adapting(None) - 0.5


def test_what_excludes_meta_learning_is_refused() -> None:
    with pytest.raises(ConfigError, match="meta: reptile makes a prompt for each category of a plain one"):
        check_exclusions(replace(CONFIG, kind="routed"))

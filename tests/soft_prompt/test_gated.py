"""Search over structure on the tiny model: gates that mean presence, halves that learn apart, and what is cut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_training import EXAMPLES, SHORT, trained, trained_on

from soft_prompt.batches import IGNORE_INDEX, collate
from soft_prompt.checkpoint import load_prompt, structure_in
from soft_prompt.gated import SCALE, GatedPrompt, Structure
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Likelihood, Work

CONFIG = replace(SHORT, kind="gated")
SHUT = -1000.0


def gated(frozen: FrozenModel) -> GatedPrompt:
    prompt = make_prompt(frozen, CONFIG)
    assert isinstance(prompt, GatedPrompt)
    return prompt


def set_structure(prompt: GatedPrompt, shut: int, candidate: int) -> None:
    """The first tokens shut, the others open, and one candidate alone."""
    with torch.no_grad():
        prompt.gates.fill_(-SHUT / SCALE)
        prompt.gates[:shut] = SHUT / SCALE
        prompt.mixture.zero_()
        prompt.mixture[candidate] = -SHUT / SCALE


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shut=st.integers(0, 3), candidate=st.integers(0, 2))
def test_a_shut_gate_is_a_token_that_is_not_there(frozen: FrozenModel, shut: int, candidate: int) -> None:
    prompt, batch = gated(frozen), collate(EXAMPLES.train[:3], pad=0)
    set_structure(prompt, shut, candidate)
    cut = prompt.cut()
    assert torch.equal(cut.embedding, prompt.candidates[candidate, shut:])
    labels = batch.kept_labels != IGNORE_INDEX
    with torch.no_grad():
        logits = [each.logits(frozen, batch)[labels] for each in (prompt, cut)]
    torch.testing.assert_close(*logits, atol=2e-4, rtol=1e-4)


def test_the_last_token_is_never_cut(frozen: FrozenModel) -> None:
    prompt = gated(frozen)
    with torch.no_grad():
        prompt.gates.copy_(torch.tensor([-3.0, -1.0, -2.0, -3.0]) / SCALE)
    assert prompt.kept.tolist() == [False, True, False, False]


def unchecked(loss: torch.Tensor, work: Work) -> None:
    pass


def test_structure_learns_from_one_half_of_the_batches_and_the_prompt_from_the_other(frozen: FrozenModel) -> None:
    def gradients(*halves: int, penalty: float = 0.0) -> GatedPrompt:
        prompt = gated(frozen)
        objective = Structure(Likelihood(), penalty) if len(halves) > 1 else Likelihood()
        works = [work for half in halves for work in objective.prepare(prompt, frozen, [EXAMPLES.train[half]], 0)]
        objective.gradients(prompt, frozen, works, unchecked)
        return prompt

    both, first, second = gradients(0, 1), gradients(0), gradients(1)
    torch.testing.assert_close(both.candidates.grad, first.candidates.grad)
    torch.testing.assert_close(SCALE * both.gates.grad, second.gates.grad)
    torch.testing.assert_close(SCALE * both.mixture.grad, second.mixture.grad)
    assert float(both.gates.grad.abs().min()) > 0
    # The derivative of the mean of four sigmoids, by hand.
    share = torch.sigmoid(torch.tensor(2.0))
    dearer = gradients(0, 1, penalty=1.0).gates.grad - both.gates.grad
    torch.testing.assert_close(dearer, (share * (1 - share) / 4).expand(4), rtol=1e-3, atol=1e-4)


def test_tokens_that_cost_more_than_they_bring_are_cut_and_the_rest_is_a_plain_prompt(
    frozen: FrozenModel, tmp_path: Path
) -> None:
    lengths = []
    for penalty in (0.0, 100.0):
        config = replace(CONFIG, gate_penalty=penalty, max_steps=8, eval_steps=8, learning_rate=0.02)
        output = tmp_path / str(penalty)
        trained_on(frozen, EXAMPLES, Structure(Likelihood(), penalty), config, output)
        lengths.append(load_prompt(output / "last", frozen).num_virtual_tokens)
        manifest = json.loads((output / "best" / "soft_prompt.json").read_text())
        assert len(manifest["gates"]) == 4
        assert sum(manifest["initialisations"].values()) == pytest.approx(1.0, abs=1e-3)
        assert structure_in(output).startswith(f"num_virtual_tokens = {lengths[-1]}, prompt_tuning_init = '")
    assert lengths[0] > lengths[1] >= 1


def test_the_better_beginning_gets_the_weight(frozen: FrozenModel, tmp_path: Path) -> None:
    """One candidate is a prompt that was trained already; the others are what they are."""
    trained(frozen, tmp_path, max_steps=16, eval_steps=16)
    prompt, objective = gated(frozen), Structure(Likelihood(), 0.0)
    with torch.no_grad():
        prompt.candidates[1] = load_prompt(tmp_path / "last", frozen).tensors()[""]
    optimizer = torch.optim.AdamW([prompt.gates, prompt.mixture], lr=0.02)
    for _ in range(4):
        works = [work for each in EXAMPLES.train[:4] for work in objective.prepare(prompt, frozen, [each], 0)]
        objective.gradients(prompt, frozen, works, unchecked)
        optimizer.step()
    assert int(prompt.shares.argmax()) == 1

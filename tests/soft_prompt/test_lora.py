"""LoRA as a control: the same objectives, PEFT's format, and a model that is as it was where nobody asks for it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from test_distillation import DATA, MINIMAL_AND_CHAT, answers_of
from tiny_training import EXAMPLES, SHORT, load_tiny, silent, trained, trained_on

from pytest_humaneval.exceptions import ConfigError, ModelError
from pytest_humaneval.models.lora_checkpoint import find_lora
from soft_prompt.batches import collate
from soft_prompt.checkpoint import load_prompt
from soft_prompt.distillation import lessons
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.watch import read_metrics

pytestmark = pytest.mark.skipif(find_spec("peft") is None, reason="PEFT is not installed (extra soft-prompt)")

BATCH = collate(EXAMPLES.train[:2], pad=0)
LORA: dict[str, Any] = {"kind": "lora", "lora_rank": 4, "learning_rate": 0.01}


def plain_logits(frozen: FrozenModel) -> torch.Tensor:
    with torch.no_grad():
        output = frozen.model(input_ids=BATCH.input_ids, attention_mask=BATCH.attention_mask)
    logits: torch.Tensor = output.logits[:, BATCH.kept - 1]
    return logits


@pytest.fixture
def frozen() -> FrozenModel:
    """One of its own, as its modules are replaced."""
    return load_tiny()


def test_it_learns_is_peft_s_own_and_leaves_the_model_as_it_was(frozen: FrozenModel, tmp_path: Path) -> None:
    before = plain_logits(frozen)
    trained(frozen, tmp_path, **LORA, max_steps=12, eval_steps=12)
    metrics = read_metrics(tmp_path)
    assert metrics[-1].loss < metrics[0].loss - 0.3
    assert torch.equal(plain_logits(frozen), before)
    theirs = import_module("peft").PeftModel.from_pretrained(load_tiny().model, str(tmp_path / "last")).eval()
    with torch.no_grad():
        ours = load_prompt(tmp_path / "last", frozen).logits(frozen, BATCH)
        expected = theirs(input_ids=BATCH.input_ids, attention_mask=BATCH.attention_mask).logits[:, BATCH.kept - 1]
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)
    assert (ours - before).abs().max() > 0.01
    manifest = json.loads((tmp_path / "last" / "soft_prompt.json").read_text())
    assert (manifest["model_digest"], manifest["config"]["kind"]) == (frozen.digest, "lora")


def test_it_starts_as_no_change_and_its_seed_decides_the_rest(frozen: FrozenModel) -> None:
    first, second, third = (make_prompt(frozen, replace(SHORT, kind="lora", seed=seed)) for seed in (1, 1, 2))
    with torch.no_grad():
        torch.testing.assert_close(first.logits(frozen, BATCH), plain_logits(frozen))
    assert sum(parameter.numel() for parameter in first.parameters()) == 2 * 8 * ((128 + 128) + (128 + 64))
    factors = [next(iter(each.tensors().values())) for each in (first, second, third)]
    assert torch.equal(factors[0], factors[1])
    assert not torch.equal(factors[0], factors[2])


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path / "whole", **LORA)
    trained(load_tiny(), tmp_path / "halves", **LORA, max_steps=6, max_input_tokens=1, save_steps=1)
    saved = tmp_path / "halves" / "last" / "trainer.pt"
    state = torch.load(saved, weights_only=True)
    state["config"] = state["config"] | {"max_input_tokens": 0, "save_steps": 2}
    torch.save(state, saved)
    trained(load_tiny(), tmp_path / "halves", **LORA)
    whole, halves = (load_prompt(tmp_path / name / "last", frozen).tensors() for name in ("whole", "halves"))
    for name, tensor in whole.items():
        torch.testing.assert_close(halves[name], tensor)


def test_the_teacher_of_a_distillation_is_the_model_without_it(frozen: FrozenModel, tmp_path: Path) -> None:
    answers_of(tmp_path, *range(8))
    config = replace(SHORT, objective="distillation", max_steps=12, eval_steps=12, **LORA)
    objective, examples = lessons(DATA, *MINIMAL_AND_CHAT, frozen, config, tmp_path, silent)
    trained_on(frozen, examples, objective, config, tmp_path)
    metrics = read_metrics(tmp_path)
    assert metrics[-1].loss < metrics[0].loss - 0.2


def test_a_lora_of_another_model_is_refused_with_both_named(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, **LORA, max_steps=2)
    with pytest.raises(ModelError, match=r"was made for tiny-0 \(sha256:\w{12}\), not for tiny-1 \(sha256:\w{12}\)"):
        load_prompt(tmp_path, load_tiny(seed=1))
    (tmp_path / "last" / "soft_prompt.json").unlink()
    config = tmp_path / "last" / "adapter_config.json"
    config.write_text(config.read_text().replace("tiny-0", "other"))
    frozen.model.config.num_hidden_layers = 1
    with pytest.raises(ModelError, match=r"was made for other: it has a layer 1, tiny-0 has 1 layers"):
        load_prompt(tmp_path / "last", frozen)


def test_its_digest_covers_scale_and_numbers(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, **LORA, max_steps=2)
    first = find_lora(tmp_path)
    config = first.directory / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 16.0', '"lora_alpha": 32.0'))
    second = find_lora(tmp_path)
    assert first.digest != second.digest
    assert (first.rank, first.made_for.strategy) == (4, "minimal")


def test_modules_that_the_model_has_not_are_named(frozen: FrozenModel) -> None:
    with pytest.raises(ConfigError, match=r"lora_target_modules: tiny-0: .*query"):
        make_prompt(frozen, replace(SHORT, kind="lora", lora_target_modules=("query",)))

"""Checkpoints are PEFT's: what either writes, the other loads, and the logits are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import EXAMPLES, load_tiny, trained

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from soft_prompt.batches import Batch, collate
from soft_prompt.checkpoint import load_prompt
from soft_prompt.model import FrozenModel

peft = pytest.importorskip("peft")

BATCH = collate(EXAMPLES.train[:1], pad=0)


def logits_of(peft_model: Any, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = peft_model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    # Of prompt tuning PEFT returns those of the virtual tokens too.
    text = logits[:, -batch.input_ids.shape[1] :]
    return text[:, batch.kept - 1]


@pytest.mark.parametrize("kind", ["plain", "deep"])
def test_peft_loads_ours_with_the_same_logits(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, kind=kind, max_steps=2)
    theirs = peft.PeftModel.from_pretrained(load_tiny().model, str(tmp_path / "best")).eval()
    prompt = load_prompt(tmp_path, frozen)
    with torch.no_grad():
        ours = prompt.logits(frozen, BATCH)
    torch.testing.assert_close(logits_of(theirs, BATCH), ours, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["plain", "deep"])
def test_we_load_peft_s_with_the_same_logits(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    config = {"plain": peft.PromptTuningConfig, "deep": peft.PrefixTuningConfig}[kind]
    theirs = peft.get_peft_model(load_tiny().model, config(task_type="CAUSAL_LM", num_virtual_tokens=5)).eval()
    theirs.save_pretrained(str(tmp_path))
    prompt = load_prompt(tmp_path, frozen)
    assert prompt.num_virtual_tokens == 5
    with torch.no_grad():
        ours = prompt.logits(frozen, BATCH)
    torch.testing.assert_close(logits_of(theirs, BATCH), ours, atol=1e-4, rtol=1e-4)


def test_other_methods_of_peft_are_refused(tmp_path: Path) -> None:
    model = load_tiny().model
    peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", r=2)).save_pretrained(str(tmp_path))
    with pytest.raises(StrategyError, match=r"peft_type 'LORA' .* is not a soft prompt"):
        find_checkpoints(tmp_path)

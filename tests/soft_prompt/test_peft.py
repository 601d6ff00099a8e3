"""Checkpoints are PEFT's: what either writes, the other loads, and the logits are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import EXAMPLES, load_tiny, trained

from pytest_humaneval.exceptions import EngineError, StrategyError
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from soft_prompt.batches import Batch, collate
from soft_prompt.checkpoint import load_prompt
from soft_prompt.model import FrozenModel

BATCH = collate(EXAMPLES.train[:1], pad=0)


CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("PromptTuningConfig", {}),
    "deep": ("PrefixTuningConfig", {}),
    "encoded by a perceptron": ("PromptEncoderConfig", {"encoder_hidden_size": 16}),
    "encoded by an LSTM": (
        "PromptEncoderConfig",
        {"encoder_hidden_size": 16, "encoder_reparameterization_type": "LSTM"},
    ),
    "of one task": ("MultitaskPromptTuningConfig", {"num_tasks": 1, "num_ranks": 2}),
}


@pytest.fixture(scope="module")
def peft() -> Any:
    """PEFT, which takes seconds to import: every worker of a run reads this file, and one of them runs it."""
    return pytest.importorskip("peft")


def logits_of(peft_model: Any, batch: Batch) -> torch.Tensor:
    tasks = {"task_ids": torch.tensor([0])} if hasattr(peft_model.active_peft_config, "num_tasks") else {}
    with torch.no_grad():
        logits: torch.Tensor = peft_model(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, **tasks
        ).logits
    # Of prompt tuning PEFT returns those of the virtual tokens too.
    text = logits[:, -batch.input_ids.shape[1] :]
    return text[:, batch.kept - 1]


@pytest.mark.parametrize("kind", ["plain", "deep"])
def test_peft_loads_ours_with_the_same_logits(peft: Any, kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, kind=kind, max_steps=2)
    theirs = peft.PeftModel.from_pretrained(load_tiny().model, str(tmp_path / "best")).eval()
    prompt = load_prompt(tmp_path, frozen)
    with torch.no_grad():
        ours = prompt.logits(frozen, BATCH)
    torch.testing.assert_close(logits_of(theirs, BATCH), ours, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_model.bin"])
def test_we_load_peft_s_with_the_same_logits(
    peft: Any, kind: str, file: str, frozen: FrozenModel, tmp_path: Path
) -> None:
    name, settings = CONFIGS[kind]
    config = getattr(peft, name)(task_type="CAUSAL_LM", num_virtual_tokens=5, **settings)
    theirs = peft.get_peft_model(load_tiny().model, config).eval()
    theirs.save_pretrained(str(tmp_path), safe_serialization=file.endswith("safetensors"))
    assert (tmp_path / file).is_file()
    prompt = load_prompt(tmp_path, frozen)
    assert prompt.num_virtual_tokens == 5
    with torch.no_grad():
        ours = prompt.logits(frozen, BATCH)
    torch.testing.assert_close(logits_of(theirs, BATCH), ours, atol=1e-4, rtol=1e-4)


def test_a_prompt_for_several_tasks_is_refused(peft: Any, tmp_path: Path) -> None:
    config = peft.MultitaskPromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5, num_tasks=3)
    peft.get_peft_model(load_tiny().model, config).save_pretrained(str(tmp_path))
    with pytest.raises(StrategyError, match=r"has virtual tokens for 3 tasks, and nothing says which of them"):
        find_checkpoints(tmp_path)


class Harm:
    """What a pickle must not do to us."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harm"),)


def test_a_pickle_that_runs_code_is_refused_and_not_run(
    frozen: FrozenModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 5}')
    torch.save({"prompt_embeddings": Harm()}, tmp_path / "adapter_model.bin")
    with pytest.raises(EngineError, match=r"adapter_model\.bin: holds no tensor 'prompt_embeddings' that can be read"):
        load_prompt(tmp_path, frozen)
    assert not (tmp_path / "harm").exists()


def test_other_methods_of_peft_are_refused(peft: Any, tmp_path: Path) -> None:
    model = load_tiny().model
    peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", r=2)).save_pretrained(str(tmp_path))
    with pytest.raises(StrategyError, match=r"peft_type 'LORA' .* is not a soft prompt"):
        find_checkpoints(tmp_path)

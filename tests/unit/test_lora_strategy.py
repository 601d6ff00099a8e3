from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from learned_folders import KNOWN, WORDS, selected, written

from pytest_humaneval.engine.vllm_setup import lora_arguments
from pytest_humaneval.exceptions import EngineError, ModelError, StrategyError
from pytest_humaneval.prompting.lora_strategy import ranks_of
from pytest_humaneval.prompting.soft_strategy import check_model

DEEP = "[" * 100_000


def checkpoint(
    folder: Path, content: bytes = b"numbers", manifest: dict[str, Any] | None = None, **others: Any
) -> Path:
    config = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], **others}
    return written(folder, config, content, manifest or {})


def test_a_folder_becomes_a_strategy_of_its_name_and_its_best_checkpoint_is_taken(tmp_path: Path) -> None:
    best = checkpoint(tmp_path / "runs" / "mbpp" / "best", manifest={"strategy": "chat"})
    one, plain = selected("lora:runs/mbpp,minimal", folder=tmp_path)
    assert (one.name, one.mode, one.postprocess, plain.name) == ("lora:mbpp", "chat", "post_v5", "minimal")
    adapter = one.build_prompt(WORDS).adapter
    assert adapter is not None
    assert (adapter.directory, adapter.name) == (str(best), "mbpp")
    assert one.build_prompt(WORDS).messages == KNOWN["chat"].build_prompt(WORDS).messages


def test_the_digest_says_which_change_it_is(tmp_path: Path) -> None:
    folders = [
        checkpoint(tmp_path / "a"),
        checkpoint(tmp_path / "b", manifest={"strategy": "chat"}),
        checkpoint(tmp_path / "c", b"others"),
        checkpoint(tmp_path / "d", lora_alpha=32),
    ]
    adapters = [one.build_prompt(WORDS).adapter for one in selected(*(f"lora:{folder}" for folder in folders))]
    digests = [adapter.digest for adapter in adapters if adapter is not None]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_vllm_gets_room_for_the_largest_rank(tmp_path: Path) -> None:
    checkpoint(tmp_path / "a", r=8)
    checkpoint(tmp_path / "b", r=4, rank_pattern={"q_proj": 40})
    assert ranks_of(selected("lora:a,lora:b,minimal", folder=tmp_path)) == (8, 40)
    assert lora_arguments((8, 40)) == {"enable_lora": True, "max_lora_rank": 64, "max_loras": 3}
    with pytest.raises(EngineError, match="vLLM takes LoRAs of a rank up to 512, not 513"):
        lora_arguments((513,))


def test_a_lora_of_another_model_is_refused_with_both_named(tmp_path: Path) -> None:
    made_for = {"model": "tiny", "model_spec": "./tiny", "model_digest": "sha256:0123456789abcdef"}
    checkpoint(tmp_path / "mbpp", manifest=made_for)
    chosen = selected("lora:mbpp,minimal", folder=tmp_path)
    check_model(chosen, "tiny", "sha256:0123456789abcdef")
    with pytest.raises(
        ModelError, match=r"lora:mbpp was made for tiny \(sha256:0123456789abcdef\), not for large \(sha256:ffff\)"
    ):
        check_model(chosen, "large", "sha256:ffff")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lora:missing", r"missing is not a LoRA: the folder does not exist; PEFT makes one"),
        ("lora:empty", r"empty is not a LoRA: it has no adapter_config\.json"),
        ("lora:a b", r"a b cannot be the name of a strategy"),
        ("lora:soft", r"peft_type 'PROMPT_TUNING' of rank None is not a LoRA; expected LORA .*soft:DIR"),
        ("lora:zero", r"peft_type 'LORA' of rank 0 is not a LoRA"),
        ("lora:odd", r"peft_type 'LORA' of rank 8 is not a LoRA"),
        ("lora:stranger", r"was trained with the strategy 'polite', which is unknown"),
        ("lora:broken", r"adapter_config\.json: not JSON"),
        ("lora:half", r"adapter_model\.safetensors: cannot be read \(No such file"),
        ("soft:fine", r"peft_type 'LORA' .* is not a soft prompt; .*a LoRA is --strategy=lora:DIR"),
    ],
)
def test_what_is_no_lora_says_why(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    checkpoint(tmp_path / "soft", peft_type="PROMPT_TUNING", r=None)
    checkpoint(tmp_path / "zero", r=0)
    checkpoint(tmp_path / "odd", rank_pattern={"q_proj": "8"})
    checkpoint(tmp_path / "stranger", manifest={"strategy": "polite"})
    (checkpoint(tmp_path / "broken") / "adapter_config.json").write_text(DEEP)
    (checkpoint(tmp_path / "half") / "adapter_model.safetensors").unlink()
    checkpoint(tmp_path / "fine")
    with pytest.raises(StrategyError, match=message):
        selected(name, folder=tmp_path)

"""Checkpoints that PEFT can load, and what it takes to go on after a kill.

OUTPUT/checkpoints/step-000040/   written under another name, synced, renamed: whole or absent
OUTPUT/best, OUTPUT/last          symbolic links, replaced in one step
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from pytest_humaneval.engine.virtual_tokens import head_size, kv_heads, misfit, read_conditioned, read_tensor
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.lora_checkpoint import find_lora, is_lora
from pytest_humaneval.models.peft_folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, BEST, MANIFEST
from pytest_humaneval.models.soft_checkpoint import CONDITIONED, DEEP, ROUTES, SoftCheckpoint, find_checkpoints
from pytest_humaneval.text.wording import short_digest

from .config import Config
from .deep import DeepPrompt
from .lora import LoraPrompt, read_lora_prompt, write_lora
from .model import STRUCTURE, FrozenModel, PlainPrompt, SoftPrompt
from .question_prompts import ConditionedPrompt
from .routed import RoutedPrompt

LAST = "last"
TRAINER = "trainer.pt"


@dataclass
class TrainerState:
    """Where a training is, apart from the prompt itself."""

    step: int = 0  # steps that are done
    best_loss: float = float("inf")  # of validation
    best_step: int = 0
    evaluations_since_best: int = 0
    seconds: float = 0.0  # of training, without interruptions
    tokens: int = 0  # that went through the model in steps, as meter.py counts them
    unreported: dict[str, Any] | None = None  # the last step's metrics, where its validation was interrupted
    data: tuple[dict[str, Any], ...] = ()  # its datasets and their forms


def save(
    output: Path,
    prompt: SoftPrompt,
    frozen: FrozenModel,
    config: Config,
    state: TrainerState,
    optimizer: Any,
    *,
    best: bool,
) -> Path:
    """Keep the prompt and the training's state as the last checkpoint, and as the best where it is."""
    folder = output / "checkpoints" / f"step-{state.step:06d}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        write_prompt(temporary, prompt, frozen, config, state)
        torch.save(
            {
                "state": vars(state),
                "config": config.to_dict(),
                "optimizer": optimizer.state_dict(),
                "prompt": prompt.state_dict(),  # what is learned, of which the tensors to evaluate may be made
            },
            temporary / TRAINER,
        )
        os.chmod(temporary, 0o755)  # mkdtemp's 0700 is for secrets
        _sync(temporary)
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier run that was killed here
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    for name in (LAST, *([BEST] if best else [])):
        _point(output / name, folder)
    _remove_others(output)
    return folder


def write_prompt(folder: Path, prompt: SoftPrompt, frozen: FrozenModel, config: Config, state: TrainerState) -> None:
    """Write the prompt's checkpoints into ``folder``: one, or with routes a folder for each."""
    manifest = {
        "model": frozen.name,
        "model_spec": frozen.spec,
        "model_digest": frozen.digest,
        "strategy": config.strategy,
        "step": state.step,
        "best_validation_loss": state.best_loss,
        "data": state.data,
        "config": config.to_dict(),
        **prompt.notes(),
    }
    if isinstance(prompt, LoraPrompt):
        folder.mkdir(parents=True, exist_ok=True)
        write_lora(folder, prompt, frozen)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        return
    parts = prompt.files()
    for name, tensors in parts.items():
        part = folder / name
        part.mkdir(parents=True, exist_ok=True)
        (part / ADAPTER_CONFIG).write_text(json.dumps(_adapter_config(prompt, frozen), indent=2) + "\n")
        kept = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        save_file(kept, part / ADAPTER_WEIGHTS, metadata={"format": "pt"})
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    if "" not in parts:
        (folder / ROUTES).write_text(json.dumps({name: name for name in parts}, indent=2) + "\n")


def load_prompt(directory: Path, frozen: FrozenModel) -> SoftPrompt:
    """A prompt, or a LoRA, from a checkpoint, ours or PEFT's.

    Raises:
        StrategyError: there is none.
        ModelError: it was trained on another model, or one of another size; names both.
    """
    if is_lora(directory):
        return read_lora_prompt(find_lora(directory), frozen)
    checkpoints = find_checkpoints(directory)
    first = next(iter(checkpoints.values()))
    if first.peft_type in CONDITIONED:
        _check_model(first, frozen)
        kept = read_conditioned(first, frozen.model.config.get_text_config(), frozen.name)
        conditioned: SoftPrompt = ConditionedPrompt(first.peft_type, kept).to(frozen.device)
        return conditioned
    tensors = {name: _tensor(checkpoint, frozen) for name, checkpoint in checkpoints.items()}
    if "" not in tensors:
        routed = RoutedPrompt(next(iter(tensors.values())).to(frozen.device))
        with torch.no_grad():
            for name, tensor in tensors.items():
                routed.routes[name].copy_(tensor)
        return routed
    kind = DeepPrompt if checkpoints[""].peft_type == DEEP else PlainPrompt
    return kind(tensors[""].to(frozen.device))


def structure_in(output: Path) -> str:
    """What a training with gates came to, as keys of a configuration."""
    manifest = json.loads((output / BEST / MANIFEST).read_text())
    return ", ".join(f"{key} = {value!r}" for key, value in manifest[STRUCTURE].items())


def resume(
    output: Path, prompt: SoftPrompt, frozen: FrozenModel, config: Config, optimizer: Any
) -> TrainerState | None:
    """Take up the training in ``output`` where its last checkpoint left it; None where there is none.

    Raises:
        ModelError: it is a training with another configuration or model; says what differs.
    """
    if not (output / LAST / TRAINER).is_file():
        return None
    saved = torch.load(output / LAST / TRAINER, map_location=frozen.device, weights_only=True)
    now, before = config.to_dict(), Config().to_dict() | saved["config"]  # which may be from before a key was there
    if differing := [name for name, value in now.items() if before[name] != value]:
        name = differing[0]
        raise ModelError(
            f"{output} holds a training with {name} = {before[name]!r}, not {now[name]!r}; "
            "give another --output, or remove it"
        )
    load_prompt(output / LAST, frozen)  # refuses another model's
    prompt.load_state_dict(saved["prompt"])
    optimizer.load_state_dict(saved["optimizer"])
    return TrainerState(**saved["state"])


def check_data(output: Path, state: TrainerState, data: tuple[dict[str, Any], ...]) -> None:
    """Refuse to go on with other data than a training began with.

    Raises:
        ModelError: a dataset's content or form is not what it was; names it.
    """
    for before, now in zip(state.data, data, strict=True) if state.data else ():
        if before != now:
            raise ModelError(
                f"{output} holds a training on another {now['name']}: {short_digest(before['sha256'])} with "
                f"{before['train']} problems to train on, now {short_digest(now['sha256'])} with {now['train']}; give "
                "another --output, or remove it"
            )


def _tensor(checkpoint: SoftCheckpoint, frozen: FrozenModel) -> Tensor:
    tensor = read_tensor(checkpoint)
    if problem := misfit(checkpoint, tuple(tensor.shape), frozen.model.config.get_text_config(), frozen.name):
        raise ModelError(problem)
    _check_model(checkpoint, frozen)
    return tensor


def _check_model(checkpoint: SoftCheckpoint, frozen: FrozenModel) -> None:
    if mismatch := checkpoint.made_for.mismatch(frozen.name, frozen.digest):
        raise ModelError(f"the soft prompt {checkpoint.directory} {mismatch}")


def _adapter_config(prompt: SoftPrompt, frozen: FrozenModel) -> dict[str, Any]:
    model = frozen.model.config.get_text_config()
    common = {
        "peft_type": prompt.peft_type,
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": frozen.name,
        "num_virtual_tokens": prompt.num_virtual_tokens,
        "num_layers": model.num_hidden_layers,
        "num_transformer_submodules": 1,
        "inference_mode": True,
    }
    if prompt.peft_type == DEEP:
        size = {"num_attention_heads": kv_heads(model), "token_dim": kv_heads(model) * head_size(model)}
        return common | size | {"prefix_projection": False}
    # How it was initialised stands in our own file: PEFT would want a tokenizer again for "text".
    size = {"num_attention_heads": model.num_attention_heads, "token_dim": model.hidden_size}
    return common | size | {"prompt_tuning_init": "RANDOM"}


def _point(link: Path, folder: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.relative_to(link.parent))
    os.replace(temporary, link)


def _remove_others(output: Path) -> None:
    kept = {(output / name).resolve() for name in (BEST, LAST)}
    for folder in (output / "checkpoints").iterdir():
        if folder.resolve() not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """On the disk before it is seen."""
    for path in (*(path for path in folder.rglob("*")), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

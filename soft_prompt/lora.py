"""LoRA (Hu et al. 2021, arXiv:2106.09685), the control: under the same objectives, with the same data and budget.

Low-rank changes to some matrices of every layer, by PEFT, whose format a checkpoint has. It is no prompt, but it is
learned, kept and validated as one: the model is as it was wherever :meth:`LoraPrompt.applied` is not in force, so that
a teacher, or the reference of a policy, is the frozen model.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pytest_humaneval.exceptions import ConfigError, ModelError
from pytest_humaneval.models.lora_checkpoint import LoraCheckpoint, lora_misfit
from pytest_humaneval.models.peft_folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, weights_of

from .batches import Batch
from .config import Config
from .model import FrozenModel, SoftPrompt, prompted_logits

KIND = "lora"
IN_PEFT_S_FILE = "base_model.model."  # in front of a module's name
_numbers = itertools.count()


class LoraPrompt(SoftPrompt):
    """The factors of every changed matrix. They start as no change at all: one of them is 0."""

    num_virtual_tokens = 0

    def __init__(self, frozen: FrozenModel, lora_config: Any, seed: int = 0) -> None:
        """``lora_config``: PEFT's. The model gets the modules, switched off.

        Raises:
            ConfigError: the model has no module of these names.
        """
        super().__init__()
        from peft import inject_adapter_in_model

        self.lora_config, self._name = lora_config, f"trained{next(_numbers)}"
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of several in one model, each of which is switched on by itself here
            torch.manual_seed(seed)
            try:
                inject_adapter_in_model(lora_config, frozen.model, adapter_name=self._name)
            except ValueError as error:
                raise ConfigError(f"lora_target_modules: {frozen.name}: {error}") from error
        self._layers = [module for module in frozen.model.modules() if self._name in getattr(module, "lora_A", {})]
        factors = {
            name.replace(f".{self._name}.", "."): parameter
            for name, parameter in frozen.model.named_parameters()
            if f".{self._name}." in name
        }
        for parameter in factors.values():
            parameter.data = parameter.data.float()
        self.names = tuple(factors)
        self.factors = nn.ParameterList(factors.values())
        self._switch(on=False)

    @contextlib.contextmanager
    def applied(self, frozen: FrozenModel) -> Iterator[None]:
        self._switch(on=True)
        try:
            yield
        finally:
            self._switch(on=False)

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        nothing = frozen.embeddings.new_zeros(len(batch), 0, frozen.embeddings.shape[1])
        with self.applied(frozen):
            return prompted_logits(frozen, nothing, batch)

    def tensors(self) -> dict[str, Tensor]:
        return dict(zip(self.names, self.factors, strict=True))

    def _switch(self, *, on: bool) -> None:
        for layer in self._layers:
            if on:
                layer.set_adapter([self._name])
            layer.enable_adapters(on)
        for parameter in self.factors:  # which PEFT ends with; the gradient is wanted after the forward pass
            parameter.requires_grad_(True)


def made_lora(frozen: FrozenModel, config: Config) -> LoraPrompt:
    """The LoRA that a configuration asks for, before the first step.

    Raises:
        ConfigError: the model has no such modules.
    """
    from peft import LoraConfig

    lora_config = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        target_modules=list(config.lora_target_modules),
    )
    return LoraPrompt(frozen, lora_config, config.seed)


def write_lora(folder: Path, lora: LoraPrompt, frozen: FrozenModel) -> None:
    """Write PEFT's two files."""
    content = lora.lora_config.to_dict() | {"base_model_name_or_path": frozen.name, "inference_mode": True}
    plain = json.dumps(content, indent=2, sort_keys=True, default=_plain)
    (folder / ADAPTER_CONFIG).write_text(plain + "\n")
    tensors = {IN_PEFT_S_FILE + name: tensor.detach().cpu().contiguous() for name, tensor in lora.tensors().items()}
    save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})


def read_lora_prompt(checkpoint: LoraCheckpoint, frozen: FrozenModel) -> LoraPrompt:
    """A LoRA from a checkpoint, ours or PEFT's.

    Raises:
        ModelError: it cannot be read, or was trained on another model, or one of another size; names both.
    """
    from peft import PeftConfig

    if mismatch := checkpoint.made_for.mismatch(frozen.name, frozen.digest):
        raise ModelError(f"the LoRA {checkpoint.directory} {mismatch}")
    try:
        tensors = load_file(weights_of(checkpoint.directory))
        lora_config = PeftConfig.from_pretrained(str(checkpoint.directory))
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise ModelError(f"{checkpoint.directory}: holds no LoRA that can be read ({error})") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if problem := lora_misfit(checkpoint, shapes, frozen.model.config, frozen.name):
        raise ModelError(problem)
    lora = LoraPrompt(frozen, lora_config)
    for name, tensor in lora.tensors().items():
        if (given := tensors.get(IN_PEFT_S_FILE + name)) is None or given.shape != tensor.shape:
            raise ModelError(f"{checkpoint.directory}: has no factor {name} of the shape {tuple(tensor.shape)}")
        tensor.data.copy_(given)
    return lora


def _plain(value: Any) -> Any:
    """Sets and enumerations as JSON has them."""
    return sorted(value) if isinstance(value, set | frozenset) else str(getattr(value, "value", value))

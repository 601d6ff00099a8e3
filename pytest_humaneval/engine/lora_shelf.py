"""LoRAs where the model is: only a path and a digest cross a socket."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import EngineError, StrategyError
from pytest_humaneval.models.lora_checkpoint import LoraCheckpoint, lora_misfit, read_lora, shapes_of
from pytest_humaneval.prompt import Adapter

INSTALL = "pip install 'pytest-humaneval[lora]'"


class LoraShelf:
    """The LoRAs that a run uses, each checked once."""

    def __init__(self, model_config: Any, model: str) -> None:
        """``model_config``: transformers' configuration of the model, whose name is for messages."""
        self._config, self._model = model_config, model
        self._checked: dict[str, LoraCheckpoint] = {}

    def get(self, wanted: Adapter) -> LoraCheckpoint:
        """The checkpoint.

        Raises:
            EngineError: it changed since the run began, cannot be read, or does not fit the model.
        """
        if wanted.digest not in self._checked:
            self._checked[wanted.digest] = self._read(wanted)
        return self._checked[wanted.digest]

    def number(self, digest: str) -> int:
        """A number, from 1, of one that was taken before."""
        return 1 + list(self._checked).index(digest)

    def load(self, model: Any, digest: str) -> bool:
        """Give a transformers model a LoRA that was taken before; False where it has it already.

        Which one is in force then is for :meth:`apply` to say.

        Raises:
            EngineError: PEFT is missing, or cannot load it.
        """
        name = self._name(digest)
        if name in getattr(model, "peft_config", {}):
            return False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of several in one model, of which one at a time is in force here
                model.load_adapter(str(self._checked[digest].directory), adapter_name=name)
            return True
        except ImportError as error:
            raise EngineError(f"a LoRA needs the package peft: {INSTALL} ({error})") from error
        except Exception as error:  # each kind of file has a family of its own
            directory = self._checked[digest].directory
            raise EngineError(f"PEFT cannot load {directory}: {type(error).__name__}: {error}") from error

    def apply(self, model: Any, digest: str) -> None:
        """Have a transformers model be as a LoRA that it has changes it, or as it is."""
        if not digest:
            model.disable_adapters()
            return
        model.enable_adapters()
        model.set_adapter(self._name(digest))

    def _name(self, digest: str) -> str:
        return f"lora_{self.number(digest)}"

    def _read(self, wanted: Adapter) -> LoraCheckpoint:
        try:
            checkpoint = read_lora(Path(wanted.directory))
            shapes = shapes_of(checkpoint)
        except StrategyError as error:
            raise EngineError(str(error)) from error
        if checkpoint.digest != wanted.digest:
            raise EngineError(f"{checkpoint.directory} has changed since this run began; start the run again")
        if problem := lora_misfit(checkpoint, shapes, self._config, self._model):
            raise EngineError(problem)
        return checkpoint

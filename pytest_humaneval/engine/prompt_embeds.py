"""Soft prompts for a server: vLLM takes the embeddings of a whole prompt (``--enable-prompt-embeds``), no less.

So the text's own embeddings are looked up here, in the weights that the soft prompt was trained on.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pytest_humaneval.engine.encoding import encode_prompt
from pytest_humaneval.engine.text_embeddings import embedded, load_embeddings
from pytest_humaneval.engine.virtual_tokens import Shelf
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.find import find_model
from pytest_humaneval.models.soft_checkpoint import DEEP, SoftCheckpoint
from pytest_humaneval.models.weights import materialise
from pytest_humaneval.prompt import Prompt


class PromptEmbedder:
    """Turns prompts with virtual tokens into what a server takes. Thread-safe; loads a model when it has to."""

    def __init__(self, cache_dir: Path, progress: Callable[[str], None]) -> None:
        self._cache_dir, self._progress = cache_dir, progress
        self._lock = threading.Lock()
        self._models: dict[str, _Local] = {}

    def encoded(self, prompt: Prompt, checkpoint: SoftCheckpoint) -> str:
        """The embeddings (virtual and text tokens, dim) as base64 of a saved tensor.

        Raises:
            EngineError: a deep prompt, or one that does not say which model it is for.
            ModelError: the model's weights are not on this machine.
        """
        import torch

        if checkpoint.peft_type == DEEP:
            raise EngineError(
                f"{checkpoint.directory} is a deep prompt, whose keys and values no server takes; "
                "--humaneval-engine=vllm and transformers do"
            )
        if not (spec := checkpoint.made_for.spec):
            raise EngineError(
                f"{checkpoint.directory} does not say which weights it is for; a server needs the embeddings of the "
                "text too. Use --humaneval-engine=vllm, or a soft prompt made by python -m soft_prompt"
            )
        with self._lock:
            local = self._models.get(spec) or self._load(spec)
            embeds = local.embeds(prompt)
        buffer = io.BytesIO()
        torch.save(embeds, buffer)
        return base64.b64encode(buffer.getvalue()).decode()

    def _load(self, spec: str) -> _Local:
        model = find_model(spec, self._cache_dir)
        directory = materialise(model, self._cache_dir, self._progress)
        self._progress(f"loading {model.name}, for the embeddings of the text that follows soft prompts")
        layer, config = load_embeddings(directory)
        from transformers import AutoTokenizer  # now that broken packages are marked absent

        tokenizer = AutoTokenizer.from_pretrained(directory)
        shelf = Shelf(config, model.name, partial(embedded, layer))
        self._models[spec] = _Local(layer, tokenizer, shelf, model.name)
        return self._models[spec]


class _Local:
    """What is kept of a model."""

    def __init__(self, layer: Any, tokenizer: Any, shelf: Shelf, name: str) -> None:
        self._layer, self._tokenizer, self._shelf, self._name = layer, tokenizer, shelf, name

    def embeds(self, prompt: Prompt) -> Any:
        import torch

        assert prompt.virtual_tokens is not None
        tokens = encode_prompt(self._tokenizer, prompt, self._name)
        _, virtual = self._shelf.get(prompt.virtual_tokens, tokens)
        return torch.cat([virtual, embedded(self._layer, tokens)])

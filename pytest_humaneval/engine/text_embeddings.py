"""The embeddings of text by a model's own layer, for whoever cannot ask the model that generates for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_humaneval.models.broken_packages import mark_broken_packages_absent


def load_embeddings(directory: Path) -> tuple[Any, Any]:
    """The layer that embeds tokens, and the model's configuration. Of the model nothing else is kept.

    The layer and not the table: some models scale what they look up.
    """
    mark_broken_packages_absent()
    import transformers

    transformers.utils.logging.disable_progress_bar()
    whole = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype="auto")
    return whole.get_input_embeddings(), whole.config


def embedded(layer: Any, tokens: Sequence[int]) -> Any:
    """The embeddings of ``tokens``, (tokens, dim), float32."""
    import torch

    with torch.no_grad():
        return layer(torch.tensor(tokens, device=layer.weight.device)).float()


class TextEmbeddings:
    """Loads the layer when it is first asked."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._layer: Any = None

    def __call__(self, tokens: Sequence[int]) -> Any:
        """As :func:`embedded`."""
        if self._layer is None:
            self._layer, _ = load_embeddings(self._directory)
        return embedded(self._layer, tokens)

"""The frozen model, and the virtual tokens in front of it.

``SoftPrompt`` is the interface of every kind: plain (here), deep (deep.py), routed (routed.py); initial.py makes them.
All that is trained is its parameters, kept in float32 whatever the model computes in: a step of 0.3 % of an embedding
is lost in bfloat16.
"""

from __future__ import annotations

import abc
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pytest_humaneval.engine.vllm_setup import num_cores
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import find_model
from pytest_humaneval.models.weights import Progress, materialise

from .batches import Batch


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """A causal language model none of whose weights will change, its tokenizer, and what both are called."""

    model: Any
    tokenizer: Any
    name: str
    digest: str
    spec: str  # what --humaneval-model takes

    @property
    def embeddings(self) -> Tensor:
        """The table of token embeddings: (vocabulary, dim)."""
        weight: Tensor = self.model.get_input_embeddings().weight
        return weight

    @property
    def device(self) -> Any:
        """Where it computes."""
        return self.embeddings.device

    def embed(self, input_ids: Tensor) -> Tensor:
        """(batch, seq) -> (batch, seq, dim), by the model's own layer: some scale what is in the table."""
        with torch.no_grad():
            embeds: Tensor = self.model.get_input_embeddings()(input_ids)
        return embeds


def load_frozen(spec: str, cache_dir: Path, precision: str, progress: Progress) -> FrozenModel:
    """Find, prepare and load a model; on a GPU where there is one.

    Raises:
        ModelError: there is no such model, or transformers cannot load it.
    """
    source = find_model(spec, cache_dir)
    directory = materialise(source, cache_dir, progress)
    progress(f"loading {source.name}")
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(num_cores())
    mark_broken_packages_absent()
    try:
        import transformers

        transformers.utils.logging.disable_progress_bar()
        model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=getattr(torch, precision))
        tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    except Exception as error:  # each kind of file has a family of its own
        raise ModelError(f"transformers cannot load {source.name}: {type(error).__name__}: {error}") from error
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    return FrozenModel(freeze(model), tokenizer, source.name, source.digest, spec)


def freeze(model: Any) -> Any:
    """No weight learns, no dropout drops."""
    return model.requires_grad_(False).eval()


class SoftPrompt(nn.Module, abc.ABC):  # type: ignore[misc]
    """Something learned that stands in front of a text."""

    num_virtual_tokens: int

    @abc.abstractmethod
    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        """The model's logits with the prompt in front: (batch, kept, vocabulary), for the tokens at ``batch.kept``."""

    def in_front(self, category: str) -> Tensor | None:
        """Virtual tokens (num_virtual_tokens, dim) for a problem of this category, where there are any."""
        return None

    def in_front_of_layers(self) -> Tensor | None:
        """Keys and values (num_virtual_tokens, all layers), where there are any."""
        return None

    def applied(self, frozen: FrozenModel) -> AbstractContextManager[None]:
        """What of it is in the model itself is in force within: of most kinds nothing. For whoever generates."""
        return nullcontext()

    @abc.abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint keeps, by the part's name; a prompt of one part calls it the empty text."""


class EmbeddedPrompt(SoftPrompt):
    """Virtual tokens in front of the token embeddings, the same for every problem."""

    embedding: Tensor
    """They: (num_virtual_tokens, dim), a parameter or made of some."""

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        return prompted_logits(frozen, self.embedding.expand(len(batch), -1, -1), batch)

    def in_front(self, category: str) -> Tensor | None:
        return self.embedding.detach()

    def tensors(self) -> dict[str, Tensor]:
        return {"": self.embedding}


class PlainPrompt(EmbeddedPrompt):
    """What is learned is the virtual tokens themselves (prompt tuning)."""

    def __init__(self, initial: Tensor) -> None:
        """``initial``: (num_virtual_tokens, dim)."""
        super().__init__()
        self.num_virtual_tokens = initial.shape[0]
        self.embedding = nn.Parameter(initial.detach().clone().float())


def prompted_logits(frozen: FrozenModel, virtual: Tensor, batch: Batch) -> Tensor:
    """As :meth:`SoftPrompt.logits`, for virtual tokens (batch, num_virtual_tokens, dim)."""
    inputs_embeds, attention_mask = prepend(virtual, frozen.embed(batch.input_ids), batch.attention_mask)
    # The token at a position is predicted one position earlier. Logits of the prompt are a quarter of the work.
    before = batch.kept - 1 + virtual.shape[1]
    output = frozen.model(
        inputs_embeds=inputs_embeds, attention_mask=attention_mask, use_cache=False, logits_to_keep=before
    )
    logits: Tensor = output.logits
    return logits


def prepend(virtual: Tensor, inputs_embeds: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
    """(batch, seq, dim), (batch, seq) -> the same with num_virtual_tokens in front of seq."""
    ones = attention_mask.new_ones(virtual.shape[:2])
    return (
        torch.cat([virtual.to(inputs_embeds.dtype), inputs_embeds], dim=1),
        torch.cat([ones, attention_mask], dim=1),
    )

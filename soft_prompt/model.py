"""The frozen model, and the virtual tokens in front of it.

``SoftPrompt`` is the interface of every kind: plain (here), deep, routed, mixture, gated, and those that depend on the
question (question_prompts.py); initial.py makes them.
All that is trained is its parameters, kept in float32 whatever the model computes in: a step of 0.3 % of an embedding
is lost in bfloat16.
"""

from __future__ import annotations

import abc
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pytest_humaneval.engine.virtual_tokens import TENSOR
from pytest_humaneval.engine.vllm_setup import num_cores
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import find_model
from pytest_humaneval.models.soft_checkpoint import PLAIN
from pytest_humaneval.models.weights import Progress, materialise

from .batches import Batch, Example
from .meter import TokenMeter

STRUCTURE = "structure"  # of a manifest: the keys of a configuration that were found by a search for it


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """A causal language model none of whose weights will change, its tokenizer, and what both are called."""

    model: Any
    tokenizer: Any
    name: str
    digest: str
    spec: str  # what --humaneval-model takes
    cache_dir: Path = Path()
    meter: TokenMeter = field(default_factory=TokenMeter)

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

    def inputs_of(self, batch: Batch) -> Tensor:
        """The embeddings of a batch's text: (batch, seq, dim)."""
        return self.embed(batch.input_ids) if batch.inputs_embeds is None else batch.inputs_embeds


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
    model = freeze(model.to("cuda" if torch.cuda.is_available() else "cpu"))
    meter = TokenMeter().hook_to(model)
    return FrozenModel(model, tokenizer, source.name, source.digest, spec, cache_dir, meter)


def freeze(model: Any) -> Any:
    """No weight learns, no dropout drops."""
    return model.requires_grad_(False).eval()


class SoftPrompt(nn.Module, abc.ABC):  # type: ignore[misc]
    """Something learned that stands in front of a text."""

    num_virtual_tokens: int
    peft_type = PLAIN
    """What a checkpoint says of what is in it."""

    def fit(self, frozen: FrozenModel, examples: Sequence[Example]) -> None:
        """Take over what is not learned but counted from the training examples, before the first step."""

    @abc.abstractmethod
    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        """The model's logits with the prompt in front: (batch, kept, vocabulary), for the tokens at ``batch.kept``."""

    def in_front(self, frozen: FrozenModel, example: Example) -> Tensor | None:
        """Virtual tokens (num_virtual_tokens, dim) in front of this example, where there are any."""
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

    def notes(self) -> dict[str, Any]:
        """What a checkpoint's manifest says besides, for people."""
        return {}

    def files(self) -> dict[str, dict[str, Tensor]]:
        """The same as files of tensors by their names there, by the folder's name."""
        return {name: {TENSOR: tensor} for name, tensor in self.tensors().items()}


class EmbeddedPrompt(SoftPrompt):
    """Virtual tokens in front of the token embeddings, the same for every problem."""

    embedding: Tensor
    """They: (num_virtual_tokens, dim), a parameter or made of some."""

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        return prompted_logits(frozen, self.embedding.expand(len(batch), -1, -1), batch)

    def in_front(self, frozen: FrozenModel, example: Example) -> Tensor | None:
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
    inputs_embeds, attention_mask = prepend(virtual, frozen.inputs_of(batch), batch.attention_mask)
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

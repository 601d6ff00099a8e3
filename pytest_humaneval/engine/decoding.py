"""A batch of sequences that a transformers model continues, token by token.

Prompts are padded on the left, so that all sequences go on at the same place; one that is done leaves the batch. Each
sequence draws from a generator of its own: its sample does not depend on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pytest_humaneval.engine.stops import cut_at_stop
from pytest_humaneval.engine.virtual_tokens import cache_of
from pytest_humaneval.sample import Sampling

BYTES_OF_A_CHARACTER = 4  # at most, in UTF-8; a token may be a single byte


@dataclass(slots=True)
class Continuation:
    """One sequence to continue. ``virtual``: (num_virtual_tokens, dim) in front of its tokens."""

    key: str
    tokens: list[int]
    sampling: Sampling
    seed: int = 0
    stop: tuple[str, ...] = ()
    virtual: Tensor | None = None
    new_tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0  # the sum over new_tokens, by the model itself: before temperature and top-p
    finish_reason: str = ""  # empty until it is done
    text: str = ""

    @property
    def num_prompt_tokens(self) -> int:
        """With the virtual ones."""
        return len(self.tokens) + (len(self.virtual) if self.virtual is not None else 0)


def score_text(model: Any, tokens: Sequence[int], begin: int) -> float:
    """The log-probability of the tokens from the place ``begin`` on, given those before them."""
    given = torch.tensor([tokens], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=given).logits[0, begin - 1 : -1].float()
        wanted = given[0, begin:, None]
        return float(torch.log_softmax(logits, dim=-1).gather(1, wanted).sum())


class Decoding:
    """A batch at work. ``step`` gives every sequence one more token."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        rows: Iterable[Continuation],
        *,
        ends: Iterable[int],
        deep: Tensor | None = None,
    ) -> None:
        """``deep``: a deep prompt (num_virtual_tokens, all layers) in front of every sequence."""
        self._model, self._tokenizer = model, tokenizer
        self._rows = list(rows)
        self._ends = frozenset(ends)
        self._generators = [torch.Generator().manual_seed(row.seed) for row in self._rows]
        with torch.no_grad():
            self._mask, self._cache, self._logits = self._prefill(deep)

    @property
    def num_rows(self) -> int:
        """Sequences that are not done."""
        return len(self._rows)

    def step(self) -> list[Continuation]:
        """Draw one token for every sequence; returns those that are done with it."""
        logprobs = torch.log_softmax(self._logits.float(), dim=-1)
        chosen = torch.tensor(
            [
                draw(distribution, row.sampling, generator)
                for distribution, row, generator in zip(logprobs, self._rows, self._generators, strict=True)
            ]
        )
        gained = logprobs.cpu().gather(1, chosen.unsqueeze(1)).flatten().tolist()
        for row, token, logprob in zip(self._rows, chosen.tolist(), gained, strict=True):
            row.new_tokens.append(token)
            row.logprob += logprob
            self._finish(row)
        finished = [row for row in self._rows if row.finish_reason]
        self._advance(chosen.to(self._mask.device))
        return finished

    def _finish(self, row: Continuation) -> None:
        """Note that the sequence is done, and its text, if it is."""
        ended = row.new_tokens[-1] in self._ends
        full = len(row.new_tokens) >= row.sampling.max_tokens
        if not ended and not full and not self._ends_in_stop(row):
            return
        text = self._decode(row.new_tokens[:-1] if ended else row.new_tokens)
        row.text, stopped = cut_at_stop(text, row.stop)
        if ended or stopped or full:
            row.finish_reason = "stop" if ended or stopped else "length"

    def _ends_in_stop(self, row: Continuation) -> bool:
        """Whether a stop string was completed just now, by a look at the last tokens: all would take quadratic time."""
        longest = max(map(len, row.stop), default=0)
        tail = self._decode(row.new_tokens[-BYTES_OF_A_CHARACTER * (longest + 1) :]) if longest else ""
        return any(stop in tail for stop in row.stop)

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _prefill(self, deep: Tensor | None) -> tuple[Tensor, Any, Tensor]:
        """Attention mask, cache and next logits (batch, vocabulary) after the prompts."""
        embed = self._model.get_input_embeddings()
        device = embed.weight.device
        parts = [embed(torch.tensor(row.tokens, device=device)) for row in self._rows]
        embeds = [
            part if row.virtual is None else torch.cat([row.virtual.to(part), part])
            for row, part in zip(self._rows, parts, strict=True)
        ]
        longest = max(map(len, embeds))
        inputs = torch.stack(
            [torch.nn.functional.pad(sequence, (0, 0, longest - len(sequence), 0)) for sequence in embeds]
        )
        mask = torch.tensor(
            [[0] * (longest - len(sequence)) + [1] * len(sequence) for sequence in embeds], device=device
        )
        cache = None
        if deep is not None:
            cache = cache_of(deep.to(inputs), self._model.config, len(embeds))
            mask = torch.cat([mask.new_ones(len(embeds), len(deep)), mask], dim=1)
        output = self._model(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0)[:, -longest:],
            past_key_values=cache,
            use_cache=True,
            # By its place: of a slice, which is not contiguous, PyTorch multiplies each row with a copy of the output
            # layer of its own, which for 32 rows of a vocabulary of 152,000 are 8.7 GB.
            logits_to_keep=torch.tensor([longest - 1], device=device),
        )
        return mask, output.past_key_values, output.logits[:, -1]

    def _advance(self, chosen: Tensor) -> None:
        """Drop what is done, and have the model look at the others' new tokens."""
        kept = [index for index, row in enumerate(self._rows) if not row.finish_reason]
        if len(kept) < len(self._rows):
            indices = torch.tensor(kept, device=chosen.device, dtype=torch.long)
            self._rows = [self._rows[index] for index in kept]
            self._generators = [self._generators[index] for index in kept]
            if not kept:
                return
            chosen, self._mask = chosen[indices], self._mask[indices]
            self._cache.batch_select_indices(indices)
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(kept), 1)], dim=1)
        with torch.no_grad():
            output = self._model(
                input_ids=chosen.unsqueeze(1),
                attention_mask=self._mask,
                position_ids=self._mask.sum(dim=1, keepdim=True) - 1,
                past_key_values=self._cache,
                use_cache=True,
            )
        self._logits = output.logits[:, -1]


def draw(logprobs: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """One token by its log-probabilities (vocabulary,)."""
    if sampling.greedy:
        return int(logprobs.argmax())
    weights = torch.softmax(logprobs.cpu() / sampling.temperature, dim=-1)
    if sampling.top_p < 1:
        ordered, places = weights.sort(descending=True)
        # The smallest set that reaches top_p: a token goes when those before it reach it already.
        ordered[ordered.cumsum(0) - ordered >= sampling.top_p] = 0.0
        weights = torch.zeros_like(weights).scatter(0, places, ordered)
    return int(torch.multinomial(weights, 1, generator=generator))


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that ends a text: by the model's generation configuration, and by its tokenizer."""
    named = getattr(model.generation_config, "eos_token_id", None)
    several = named if isinstance(named, list | tuple) else [named]
    return frozenset(int(token) for token in (*several, tokenizer.eos_token_id) if token is not None)

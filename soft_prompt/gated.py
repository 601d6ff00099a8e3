"""Which tokens of a prompt are worth having, and from where they should begin: gates that are learned, then cut.

Differentiable architecture search (Liu et al. 2019, arXiv:1806.09055, "DARTS") over a soft prompt. Every position has a
gate between 0 and 1, and its virtual token is a mixture of candidates that began in the three ways of
``prompt_tuning_init``, weighted by a softmax that all positions share (equation 2). Gates and the mixture's weights are
learned on one half of a step's batches, the candidates on the other half (the first-order form, section 2.3), and
``gate_penalty`` times the share of open gates is part of the gates' loss, as a longer prompt costs each forward pass.

A gate works on attention: its logarithm is added to the scores of all who look at the token. At 1 the token is there,
at 0 nobody can tell that it ever was; positions are rotary, so that what is cut in front leaves no trace at all.

What is validated, kept and evaluated is the cut prompt: positions with a gate of a half or more, each the candidate
with the largest weight. It is a plain prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .batches import Batch, Example
from .model import STRUCTURE, FrozenModel, PlainPrompt, SoftPrompt, prepend
from .objectives import Check, Objective, Work

OF_STRUCTURE = ("gates", "mixture")
# Adam moves a number by about the learning rate in each step. That is much for an embedding, whose numbers are of the
# order of 0.02, and nothing for what goes into a sigmoid.
SCALE = 50.0
OPEN = 2.0  # what gates start from, into the sigmoid: 0.88


class GatedPrompt(SoftPrompt):
    """Candidates (candidates, positions, dim), gates (positions,), and weights of candidates (candidates,)."""

    def __init__(self, candidates: Sequence[Tensor], names: Sequence[str]) -> None:
        """``candidates``: (positions, dim) each, by the names of their initialisations."""
        super().__init__()
        self.names = tuple(names)
        self.candidates = nn.Parameter(torch.stack(list(candidates)).detach().clone().float())
        self.gates = nn.Parameter(self.candidates.new_full((self.candidates.shape[1],), OPEN / SCALE))
        self.mixture = nn.Parameter(self.candidates.new_zeros(len(self.names)))

    @property
    def num_virtual_tokens(self) -> int:  # type: ignore[override]
        """Those that are left when it is cut."""
        return int(self.kept.sum())

    @property
    def openness(self) -> Tensor:
        """How open each gate is: (positions,), between 0 and 1."""
        return torch.sigmoid(SCALE * self.gates)

    @property
    def _log_openness(self) -> Tensor:
        """Finite wherever the gates are."""
        return torch.nn.functional.logsigmoid(SCALE * self.gates)

    @property
    def shares(self) -> Tensor:
        """The candidates' weights, which sum to 1: (candidates,)."""
        return torch.softmax(SCALE * self.mixture, dim=0)

    @property
    def kept(self) -> Tensor:
        """Which positions are left when it is cut: those half open or more, or else the one that is most open."""
        openness = self.openness.detach()
        return (openness >= 0.5) | (openness == openness.max()) & (openness.max() < 0.5)

    def cut(self) -> PlainPrompt:
        """The plain prompt that is left."""
        best = int(self.shares.argmax())
        return PlainPrompt(self.candidates.detach()[best, self.kept])

    def notes(self) -> dict[str, Any]:
        best = self.names[int(self.shares.argmax())]
        structure = {"num_virtual_tokens": self.num_virtual_tokens, "prompt_tuning_init": best}
        openness = [round(gate, 4) for gate in self.openness.tolist()]
        shares = [round(share, 4) for share in self.shares.tolist()]
        return {STRUCTURE: structure, "gates": openness, "initialisations": dict(zip(self.names, shares, strict=True))}

    def logits(self, frozen: FrozenModel, batch: Batch) -> Tensor:
        virtual = torch.einsum("c,cnd->nd", self.shares, self.candidates).expand(len(batch), -1, -1)
        inputs_embeds, present = prepend(virtual, frozen.inputs_of(batch), batch.attention_mask)
        output = frozen.model(
            inputs_embeds=inputs_embeds,
            attention_mask=gated_attention(self._log_openness, present, inputs_embeds.dtype),
            use_cache=False,
            logits_to_keep=batch.kept - 1 + virtual.shape[1],
        )
        logits: Tensor = output.logits
        return logits

    def in_front(self, frozen: FrozenModel, example: Example) -> Tensor | None:
        return self.cut().in_front(frozen, example)

    def tensors(self) -> dict[str, Tensor]:
        return self.cut().tensors()


def gated_attention(log_gates: Tensor, present: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to attention scores: (batch, 1, seq, seq), causal, with gates on the first columns.

    ``log_gates``: (positions,); ``present``: (batch, seq), 1 where there is a token, virtual ones included.
    """
    length = present.shape[1]
    ahead = torch.ones(length, length, dtype=torch.bool, device=present.device).triu(diagonal=1)
    hidden = ahead | (present == 0).unsqueeze(1).unsqueeze(1)
    columns = torch.cat([log_gates, log_gates.new_zeros(length - len(log_gates))])
    # A token sees itself whole: where all others are shut, a row of nothing has no softmax.
    itself = torch.eye(length, dtype=torch.bool, device=columns.device)
    added = columns.expand(length, length).masked_fill(itself, 0.0).to(dtype)
    return added.masked_fill(hidden, torch.finfo(dtype).min)


class Structure(Objective):
    """Another objective, of which one half of a step's batches teaches the prompt and the other its structure."""

    def __init__(self, inner: Objective, gate_penalty: float) -> None:
        self._inner, self._penalty = inner, gate_penalty

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        return self._inner.prepare(prompt, frozen, examples, step)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> Tensor:
        return self._inner.loss(prompt, frozen, work)

    def gradients(self, prompt: SoftPrompt, frozen: FrozenModel, works: Sequence[Work], check: Check) -> float:
        """Leave gradients of both halves in the prompt, each where it belongs; returns the first half's loss."""
        assert isinstance(prompt, GatedPrompt)
        self._inner.gradients(prompt, frozen, works[1::2], check)
        (self._penalty * prompt.openness.mean()).backward()
        structure = {name: getattr(prompt, name).grad for name in OF_STRUCTURE}
        prompt.zero_grad(set_to_none=True)
        loss = self._inner.gradients(prompt, frozen, works[0::2], check)
        for name, gradient in structure.items():
            # By what goes into sigmoid and softmax: a hundred times as large, it would be all that clipping sees.
            getattr(prompt, name).grad = None if gradient is None else gradient / SCALE
        return loss

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        """Of the cut prompt, which is what is kept."""
        assert isinstance(prompt, GatedPrompt)
        return self._inner.validate(prompt.cut(), frozen, batches)

    def close(self) -> None:
        self._inner.close()

"""A teacher's distributions on the disk, so that an epoch after the first costs the student alone.

Of each distribution the ``top_k`` likeliest tokens are kept; what is left is one more outcome, whose mass is known. The
divergence over these k + 1 outcomes is at most that over the vocabulary (the data-processing inequality), and it is 0
only where the student agrees on all of them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .batches import Example

FOLDER = "teacher-logits"
LEAST_MASS = 1e-9  # a mass of 0 has no logarithm


class KeptLogits:
    """Log-probabilities and tokens by what the teacher saw."""

    def __init__(self, output: Path, top_k: int, model_digest: str) -> None:
        self.folder, self.top_k, self._digest = output / FOLDER, top_k, model_digest
        self.folder.mkdir(parents=True, exist_ok=True)

    def of(self, seen: Sequence[Example], computed: Callable[[Sequence[Example]], Tensor]) -> tuple[Tensor, Tensor]:
        """Log-probabilities and tokens, (labels, top_k) each, row by row.

        ``seen``: examples as the teacher sees them; ``computed`` makes their logits, (labels, vocabulary), where they
        are not kept yet.
        """
        kept = {example: self._read(example) for example in seen}
        if missing := [example for example, pair in kept.items() if pair is None]:
            logprobs, tokens = torch.log_softmax(computed(missing).float(), dim=-1).topk(self.top_k, dim=-1)
            lengths = [len(example.solution) for example in missing]
            parts = zip(missing, logprobs.cpu().split(lengths), tokens.cpu().split(lengths), strict=True)
            for example, likely, which in parts:
                kept[example] = (likely, which)
                self._write(example, likely, which)
        pairs = [pair for example in seen if (pair := kept[example]) is not None]
        return torch.cat([logprobs for logprobs, _ in pairs]), torch.cat([tokens for _, tokens in pairs])

    def _place(self, example: Example) -> Path:
        seen = f"{self._digest} {self.top_k} {example.prompt} {example.solution}"
        return self.folder / f"{hashlib.sha256(seen.encode()).hexdigest()}.safetensors"

    def _read(self, example: Example) -> tuple[Tensor, Tensor] | None:
        try:
            tensors = load_file(self._place(example))
            pair = tensors["logprobs"], tensors["tokens"].long()
        except (OSError, SafetensorError, KeyError):  # not there, or cut short: made anew
            return None
        return pair if all(each.shape == (len(example.solution), self.top_k) for each in pair) else None

    def _write(self, example: Example, logprobs: Tensor, tokens: Tensor) -> None:
        place = self._place(example)
        handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        os.close(handle)
        save_file({"logprobs": logprobs.contiguous(), "tokens": tokens.int().contiguous()}, temporary)
        os.replace(temporary, place)


def divergence(student: Tensor, logprobs: Tensor, tokens: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of the student from the teacher over the kept tokens and the rest, summed.

    ``student``: log-probabilities (labels, vocabulary); ``logprobs``, ``tokens``: the teacher's, (labels, top_k).
    """
    of_student = student.gather(1, tokens)
    rest, student_rest = _rest(logprobs), _rest(of_student)
    kept = (logprobs.exp() * (logprobs - of_student)).sum()
    total: Tensor = kept + (rest * (rest.log() - student_rest.log())).sum()
    return total


def _rest(logprobs: Tensor) -> Tensor:
    """The mass that is not among these: (labels,)."""
    return (1.0 - logprobs.exp().sum(dim=-1)).clamp(min=LEAST_MASS)

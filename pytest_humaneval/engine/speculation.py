"""Guesses at what repeats itself, for the last sequences of a batch: what vLLM calls speculative decoding.

A batch's last answers repeat themselves, as a rule, up to the limit of tokens, and a step for one sequence costs nearly
what a step for twelve does, as either reads all weights. So the model is handed guesses with the last token, and says
in the same step how many of them it would have written itself. Those stand, and its answer stays what it was.

Such texts rarely repeat themselves to the letter: they count. vLLM's own method (``ngram``) looks for the last few
tokens as they are and finds nothing after each number. Here some of them may differ, and what differed is carried on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pytest_humaneval.engine.protocol import EngineOptions

FIRST_GUESS, MORE = 2, 2  # tokens for one sequence in one step, and how many more for each guess that just stood
GUESSED = 16  # tokens for one sequence in one step, at most
ROWS = 36  # of one step, guesses included
FEW = ROWS // 2  # sequences; a batch of more is left alone, as its steps pay
WINDOW = 16  # tokens at the end of a text that are looked for in it
ALIKE = 12  # of these, at least, for a guess


# What a user may say that it cannot be combined with: a speculation of their own, an engine of several processes.
EXCLUDED_BY = frozenset(
    {
        "speculative-config", "spec-method", "spec-model", "spec-tokens", "async-scheduling", "tensor-parallel-size",
        "pipeline-parallel-size", "data-parallel-size", "distributed-executor-backend",
    }
)  # fmt: skip


def speculates(options: EngineOptions, *, cpu: bool) -> bool:
    """Whether vLLM is to be handed guesses: on a CPU, where its engine is in this process and computes from tokens."""
    given = {name.replace("_", "-") for name in options.engine_args}
    elsewhere = os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING") == "1" or os.environ.get("VLLM_BATCH_INVARIANT") == "1"
    return cpu and not (given & EXCLUDED_BY or elsewhere or options.virtual_tokens or options.lora_ranks)


def speculative_config() -> dict[str, Any]:
    """What vLLM is told for it."""
    where = f"{Guesser.__module__}.{Guesser.__qualname__}"
    return {
        "method": "custom_class",
        "model": where,
        "num_speculative_tokens": GUESSED,
        # That many for every size of batch: the guesser leaves large ones alone. Without a table vLLM gives every
        # prompt that it knows already as many guesses, of no token, to begin with.
        "num_speculative_tokens_per_batch_size": [(1, 1, GUESSED)],
    }


def guess_only_what_is_guessed() -> None:
    """Keep vLLM from work for guesses that nobody made; to be called before it loads.

    In a step that has none, it would draw what to put in their place all the same, from the whole vocabulary for every
    sequence: 44 % of the time of a batch of 128 that are sampled (0.32, bfloat16, AVX-512, 2026-11-29). And as long as
    one sequence is near the model's end, it would give all of them guesses of zero, which a sampled one takes random
    numbers for: its text would depend on its neighbours, in spite of its seed. The guesser itself looks at the end.
    """
    from vllm.v1.sample.rejection_sampler import RejectionSampler
    from vllm.v1.worker.gpu_model_runner import GPUModelRunner

    GPUModelRunner._input_fits_in_drafter = lambda self, batch: batch is not None
    with_guesses = RejectionSampler.forward
    if with_guesses.__module__ == __name__:
        return

    def forward(self: Any, metadata: Any, draft_probs: Any, logits: Any, sampling_metadata: Any) -> Any:
        if metadata.max_spec_len:
            return with_guesses(self, metadata, draft_probs, logits, sampling_metadata)
        return self.sampler(logits=logits, sampling_metadata=sampling_metadata)

    RejectionSampler.forward = forward


class Guesser:
    """vLLM asks it for guesses after each step (its speculative method ``custom_class``).

    ``paused`` is for as long as a sampled sequence is in the batch: whether its tokens came one by one or were guesses
    that stood would decide what its random numbers are used for, and so its text, in spite of its seed.

    ``has_guessed`` is whether the next step has guesses: it takes as many rows for each of its sequences as for the one
    with most guesses, so that what is new had better wait for the step after it.
    """

    paused = False
    has_guessed = False

    def __init__(self, vllm_config: Any) -> None:
        self._longest = int(vllm_config.model_config.max_model_len)

    def load_model(self, *_: Any, **__: Any) -> None:
        """There is none."""

    def propose(
        self, sampled: Sequence[Sequence[int]], lengths: Any, texts: Any, slot_mappings: Any = None
    ) -> list[list[int]]:
        """Guesses for each sequence of the batch, none for those of which nothing was sampled.

        ``lengths`` has the number of tokens of each, (batch,); ``texts`` the tokens, (batch, longest).
        """
        guesses = self._guesses(sampled, lengths, texts)
        type(self).has_guessed = any(guesses)
        return guesses

    def _guesses(self, sampled: Sequence[Sequence[int]], lengths: Any, texts: Any) -> list[list[int]]:
        if type(self).paused or len(sampled) > FEW:
            return [[] for _ in sampled]
        ends = [int(length) for length in lengths[: len(sampled)]]
        guesses = [
            guess(texts[row, :end], min(_worth(new), self._longest - 1 - end)) if new else []
            for row, (new, end) in enumerate(zip(sampled, ends, strict=True))
        ]
        share = (ROWS - len(sampled)) // max(1, sum(map(bool, guesses)))
        return [guessed[:share] for guessed in guesses]


def _worth(new: Sequence[int]) -> int:
    """How many guesses a sequence deserves that had these tokens in its last step: all but one were guesses."""
    return min(GUESSED, FIRST_GUESS + MORE * (len(new) - 1))


def guess(text: Any, count: int) -> list[int]:
    """The ``count`` tokens after ``text`` (an array of tokens), or none where its end is not like anything before.

    They are what followed the last place that is most like the end. A token that stands there for another one of the
    end is replaced by it, as where the name of a variable has changed.
    """
    from numpy.lib.stride_tricks import sliding_window_view

    if count < 1 or len(text) <= WINDOW:
        return []
    end = text[-WINDOW:]
    alike = (sliding_window_view(text[:-1], WINDOW) == end).sum(axis=1)
    place = len(alike) - 1 - int(alike[::-1].argmax())
    if alike[place] < ALIKE:
        return []
    follows = place + WINDOW
    instead = dict(zip(text[place:follows].tolist(), end.tolist(), strict=True))
    period = text[follows:].tolist()
    return [instead.get(period[at % len(period)], period[at % len(period)]) for at in range(count)]

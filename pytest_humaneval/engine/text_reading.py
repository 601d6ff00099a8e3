"""What a model makes of texts that are there already: how likely each token is, and whether it is the likeliest.

For probes that need no generation: what greedy decoding would continue a text with is what is likeliest at each place,
as long as that agrees with the text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent

INSTALL = "pip install 'pytest-humaneval[soft-prompt]'"
TALK_EVERY = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """Of each token of a text but the first: where it begins, its log-probability, whether it is the likeliest one."""

    starts: tuple[int, ...]
    logprobs: tuple[float, ...]
    likeliest: tuple[bool, ...]


def read_texts(directory: Path, texts: Sequence[str], say: Callable[[str], object]) -> list[Reading]:
    """How the model in a directory reads each text, one after the other, in float32 on the CPU or in its own type.

    ``say`` is given a line now and then: on a CPU some thousand texts take many minutes.

    Raises:
        EngineError: transformers is missing, or cannot load or read it.
    """
    mark_broken_packages_absent()
    try:
        import torch
        import transformers
    except ImportError as error:
        raise EngineError(f"{error}: {INSTALL}") from error
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
        model = transformers.AutoModelForCausalLM.from_pretrained(directory).eval()
        longest = int(getattr(model.config, "max_position_embeddings", 4096))
        readings = []
        with torch.inference_mode():
            for text in _counted(texts, say):
                encoded = tokenizer(text, return_tensors="pt", return_offsets_mapping=True, add_special_tokens=False)
                tokens = encoded["input_ids"][:, :longest]
                logprobs = model(tokens).logits[0, :-1].float().log_softmax(-1)
                actual = tokens[0, 1:]
                own = logprobs.gather(1, actual[:, None])[:, 0]
                starts = encoded["offset_mapping"][0, 1:longest, 0]
                readings.append(
                    Reading(
                        tuple(starts.tolist()), tuple(own.tolist()), tuple((logprobs.argmax(-1) == actual).tolist())
                    )
                )
        return readings
    except Exception as error:
        raise EngineError(f"transformers cannot read with {directory}: {type(error).__name__}: {error}") from error


def _counted(texts: Sequence[str], say: Callable[[str], object]) -> Iterator[str]:
    """The texts, and a line about how many have been read whenever some time has passed."""
    started = said = time.monotonic()
    for number, text in enumerate(texts):
        now = time.monotonic()
        if number and now - said >= TALK_EVERY:
            minutes = (now - started) / number * (len(texts) - number) / 60
            say(f"{number:,} of {len(texts):,} texts read, about {max(1, round(minutes))} min left")
            said = now
        yield text

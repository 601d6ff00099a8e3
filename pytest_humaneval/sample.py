"""Which sample is meant, what the engine is asked for it, and what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from pytest_humaneval.prompt import Prompt

T = TypeVar("T", bound=Hashable)


class ItemId(NamedTuple):
    """One sample of a run: the one identity that it has in reports, files, stores and messages.

    A tuple, so that it sorts by problem, strategy and sample, and can be taken apart.
    """

    task_id: str
    strategy: str
    sample_index: int

    @property
    def key(self) -> str:
        """The item as one text; within a run, as the strategies of a name may change between two."""
        return f"{self.task_id} {self.strategy} {self.sample_index}"


class Item(Protocol):
    """What belongs to a problem and a strategy: an item's id, an outcome."""

    @property
    def task_id(self) -> str: ...

    @property
    def strategy(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. A temperature of 0 is greedy decoding."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 768
    seed: int = 0
    logprobs: bool = False  # whether Generation.logprob is wanted; costs a little

    @property
    def greedy(self) -> bool:
        """Whether every sample of one prompt is the same."""
        return self.temperature == 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """One generation to make. Requests with equal prompt and sampling are one generation.

    ``task_id`` and ``strategy`` say whom it is for; only engines that look answers up (replay, scripted) read them.
    With ``scored`` nothing is generated: it is asked how likely that text is right behind the prompt, which completes.
    """

    prompt: Prompt
    sampling: Sampling
    sample_index: int
    task_id: str = ""
    strategy: str = ""
    scored: str = ""

    @property
    def item(self) -> ItemId:
        """Whom it is for."""
        return ItemId(self.task_id, self.strategy, self.sample_index)

    @property
    def seed(self) -> int:
        """The seed of this one sample: the run's seed plus the sample's index."""
        return self.sampling.seed + self.sample_index

    def key(self, model: str, *, by_item: bool = False) -> str:
        """SHA-256 over everything that can change the answer.

        ``model`` identifies engine, version, weights and precision. Greedy samples share one key, as no seed matters to
        them. ``by_item`` is for engines that answer by task, strategy and sample rather than by prompt.
        """
        apart = ("completion_prefix", "virtual_tokens", "adapter")
        prompt = {name: value for name, value in _fields(self.prompt).items() if name not in apart}
        content: dict[str, Any] = {"model": model, "prompt": prompt, "max_tokens": self.sampling.max_tokens}
        if (virtual := self.prompt.virtual_tokens) is not None:
            content |= {"virtual_tokens": virtual.digest}  # wherever they lie
        if (adapter := self.prompt.adapter) is not None:
            content |= {"adapter": adapter.digest}
        if not self.sampling.greedy:
            content |= {"temperature": self.sampling.temperature, "top_p": self.sampling.top_p, "seed": self.seed}
        if self.sampling.logprobs:
            content |= {"logprobs": True}
        if self.scored:
            content |= {"scored": self.scored}
        if by_item:
            content |= {"item": self.item}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def sharing(self) -> Request:
        """The same with prompt and sampling that are one object in all requests of a problem: they came one by one."""
        return replace(self, prompt=_one_of_equals(self.prompt), sampling=_one_of_equals(self.sampling))


# The samples of one problem come side by side: what is the same for all of them is worked out and kept once.
@lru_cache(maxsize=256)
def _fields(value: Prompt) -> dict[str, Any]:
    return asdict(value)


@lru_cache(maxsize=256)
def _one_of_equals(value: T) -> T:
    return value


@dataclass(frozen=True, slots=True)
class Generation:
    """The raw text an engine returned for one request.

    ``seconds`` is the time from submission to the last token inside the engine. ``logprob`` is the mean log-probability
    of the generated tokens, where the engine knows it. ``is_completion`` marks text that already is a completion
    (replayed samples): it is checked as it is, without post-processing. ``reasoning`` is what the model thought, where
    a server keeps that apart: it is recorded and never judged. ``score`` is the log-probability of the text that was to
    be scored, of so many ``scored_tokens``.
    """

    text: str
    finish_reason: Literal["stop", "length"] | str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    logprob: float | None = None
    is_completion: bool = False
    reasoning: str = ""
    score: float | None = None
    scored_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """The code that goes after the problem's prompt, and the names of the post-processing steps that changed it."""

    text: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Solution:
    """What a guided strategy settled on.

    ``generation`` is the chosen one, with the tokens of all ``num_draws`` that were made for it.
    """

    generation: Generation
    completion: Completion
    num_draws: int

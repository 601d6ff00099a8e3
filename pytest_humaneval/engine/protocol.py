"""What every engine can do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_humaneval.engine.forecast import Underway
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.registration import Sort
from pytest_humaneval.sample import Generation, Request

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model
    from pytest_humaneval.models.weights import Progress

Answer = tuple[str, Generation | EngineError]
"""A request's key, and what became of it."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which engine, with which model: all that the engine process needs to know, as plain builtins."""

    name: str = "vllm"
    model: str = ""  # a model spec, see models.py
    urls: tuple[str, ...] = ()  # openai
    file: str = ""  # replay: the samples; scripted: the script
    request_timeout: float = 600.0  # seconds of silence of a server before its requests are given up
    in_flight: int = 0  # openai: requests that a server gets at once, at most; 0 is the engine's own number
    request: tuple[tuple[str, str], ...] = ()  # openai: parameters with their JSON; without one, not to be sent
    engine_args: dict[str, str] = field(default_factory=dict)  # passed through to vLLM or transformers
    cache_dir: str = ""
    virtual_tokens: bool = False  # whether requests may have them: vLLM has to know before it loads
    deep_prompts: bool = False  # whether some of these are keys and values
    lora_ranks: tuple[int, ...] = ()  # of each LoRA that requests may have, for the same reason


class Engine(Protocol):
    """One source of generations, driven by the engine process (host.py) from a single thread.

    ``cached_prompt_tokens`` counts the tokens of prompts that were not computed, as an earlier prompt had begun with
    them; 0 where the engine does not know.
    """

    cached_prompt_tokens: int

    def start(self) -> None:
        """Load what it takes; called once, before the first submission, and only when there is one.

        Raises:
            EngineError, ModelError: it cannot start; the message says what would help.
        """

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Take requests with their keys, in this order. Returns at once."""

    def poll(self) -> Iterable[Answer]:
        """What has finished since the last call; blocks up to about 0.1 s when nothing has.

        Raises:
            EngineError: the engine is broken for good; the host answers everything outstanding with it.
        """

    def close(self) -> None:
        """Free everything. Called once, also after an error."""


@runtime_checkable
class TellingEngine(Protocol):
    """An engine that can tell how far it is with answers that are not whole yet."""

    def underway(self) -> Underway | None:
        """That; None where its work is not of the kind that is understood."""


@runtime_checkable
class DroppingEngine(Protocol):
    """An engine that can be told that answers are not wanted any more."""

    def drop(self, keys: Collection[str]) -> Collection[str]:
        """Give these requests up as far as that saves anything; returns those that will not be answered now."""


class ReusableEngine(Engine, Protocol):
    """An engine that can serve one run after the other."""

    def reset(self) -> None:
        """Give up what is not answered yet, and forget former prompts: the next run finds it as if newly started."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers: part of every stored generation's key, and printed beside every figure.

    ``engine`` names the engine with its version; ``model`` and ``digest`` what it runs. ``by_item`` is true for engines
    that look their answers up by task, strategy and sample instead of by prompt. ``precision`` says in which type an
    engine computes that holds the model, and why.
    """

    engine: str
    model: str = ""
    digest: str = ""
    by_item: bool = False
    precision: str = ""

    @property
    def key(self) -> str:
        """What goes into the key of a request."""
        return f"{self.engine}\n{self.digest}"


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine as it is registered: its name, and how it comes about.

    ``open`` makes the engine, not yet started, in the engine process: it is given the run's options, the model where
    ``holds_model`` says that the engine loads one, and what progress is told to. That process imports it from its file,
    so it is a class or a function at the top level of one. ``heeds`` names the options of runs that only some engines
    have a use for: ``engine-arg``, ``request``, ``in-flight``, and ``linger`` where the engine has the method
    ``reset`` of a :class:`ReusableEngine`.

    ``identify`` says who would answer, before anything is started, and may raise an InputError or EngineError. It must
    name whatever can change an answer; of an engine that holds a model, the model and its digest are added. Without it
    an answer is kept for as long as the file that has ``open``, the model's name and the engine's arguments stay the
    same.
    """

    name: str
    description: str
    open: Callable[[EngineOptions, Model | None, Progress], Engine]
    identify: Callable[[EngineOptions], Identity] | None = None
    holds_model: bool = False
    scores: bool = False  # whether it answers requests with a text to score
    heeds: tuple[str, ...] = ("engine-arg",)

    @property
    def reusable(self) -> bool:
        """Whether it can outlive a run."""
        return "linger" in self.heeds


ENGINE_SORT = Sort("engine", "engines", EngineKind, "write EngineKind(name, description, open)")

"""The engines there are, by the name that ``--humaneval-engine`` takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_humaneval.engine.protocol import Engine, EngineOptions, ReusableEngine
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.wording import unknown

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model
    from pytest_humaneval.models.weights import Progress

ENGINES = ("vllm", "transformers", "openai", "replay", "scripted")

HOLD_THE_MODEL = ("vllm", "transformers")  # those that load weights themselves
REUSABLE = (*HOLD_THE_MODEL, "scripted")  # those that can outlive a run; the others have nothing to keep


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers: part of every stored generation's key, and printed beside every figure.

    ``engine`` names the engine with its version; ``model`` and ``digest`` what it runs. ``by_item`` is true for engines
    that look their answers up by task, strategy and sample instead of by prompt. ``precision`` says in which type an
    engine computes that holds the model, and why.
    """

    engine: str
    model: str
    digest: str
    by_item: bool = False
    precision: str = ""

    @property
    def key(self) -> str:
        """What goes into the key of a request."""
        return f"{self.engine}\n{self.digest}"


def identify(options: EngineOptions) -> tuple[Identity, Model | None]:
    """Say who would answer, without starting anything; checks what can be checked cheaply.

    Raises:
        InputError: a model, file or option that cannot be used.
    """
    if options.name in HOLD_THE_MODEL:
        from pytest_humaneval.engine.transformers import transformers_identity, transformers_precision
        from pytest_humaneval.engine.vllm import vllm_identity, vllm_precision
        from pytest_humaneval.models.find import find_model

        vllm = options.name == "vllm"
        who = vllm_identity(options) if vllm else transformers_identity(options)
        model = find_model(options.model, Path(options.cache_dir))
        precision = vllm_precision(options) if vllm else transformers_precision(options)
        return Identity(who, model.name, model.digest, precision=str(precision)), model
    if options.name == "openai":
        from pytest_humaneval.engine import openai

        openai.check(options)
        name = openai.identity(options)
        return Identity(name, options.model or "the server's model", name), None
    if options.name == "replay":
        from pytest_humaneval.engine import replay

        replay.read_samples(Path(options.file))
        return Identity("replay", Path(options.file).name, replay.identity(options), by_item=True), None
    if options.name == "scripted":
        from pytest_humaneval.engine import scripted

        model_name = Path(options.file).name if options.file else "stub"
        return Identity("scripted", model_name, scripted.identity(options), by_item=True), None
    raise ModelError(f"--humaneval-engine: {unknown('engine', options.name, ENGINES)}")


def open_engine(options: EngineOptions, model: dict[str, Any] | None, progress: Progress) -> Engine:
    """The engine itself, not yet started; for the engine process only."""
    if options.name in HOLD_THE_MODEL:
        from pytest_humaneval.engine.transformers import TransformersEngine
        from pytest_humaneval.engine.vllm import VllmEngine
        from pytest_humaneval.models.find import Model

        if model is None:
            raise ModelError(f"the {options.name} engine needs a model")
        kind = VllmEngine if options.name == "vllm" else TransformersEngine
        return kind(options, Model.from_wire(model), progress)
    if options.name == "openai":
        from pytest_humaneval.engine.openai import OpenAIEngine

        return OpenAIEngine(options, progress)
    if options.name == "replay":
        from pytest_humaneval.engine.replay import ReplayEngine

        return ReplayEngine(options, progress)
    from pytest_humaneval.engine.scripted import ScriptedEngine

    return ScriptedEngine(options, progress)


def open_reusable_engine(options: EngineOptions, model: dict[str, Any] | None, progress: Progress) -> ReusableEngine:
    """The same, for one of ``REUSABLE``."""
    engine = open_engine(options, model, progress)
    assert options.name in REUSABLE
    return cast("ReusableEngine", engine)

"""The bundled engines, and how an engine is found by the name that ``--humaneval-engine`` takes.

The functions of bundled engines import them when they are called: nothing heavy is loaded before it is needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_humaneval.engine.protocol import (
    ENGINE_SORT,
    Engine,
    EngineKind,
    EngineOptions,
    Identity,
)
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.marshalling.top_level import TopLevel

if TYPE_CHECKING:
    from pytest_humaneval.models.find import Model
    from pytest_humaneval.models.weights import Progress


def identify(options: EngineOptions, engines: Mapping[str, EngineKind] | None = None) -> tuple[Identity, Model | None]:
    """Say who would answer, without starting anything; checks what can be checked cheaply.

    Raises:
        InputError: an engine, model, file or option that cannot be used.
    """
    kind = ENGINE_SORT.find(options.name, BUNDLED if engines is None else engines, "--humaneval-engine")
    identity = kind.identify(options) if kind.identify else _identity_by_source(kind, options)
    if not kind.holds_model:
        return identity, None
    from pytest_humaneval.models.find import find_model

    model = find_model(options.model, Path(options.cache_dir))
    return replace(identity, model=model.name, digest=model.digest), model


def source_of(kind: EngineKind) -> dict[str, Any] | None:
    """Where another process finds an engine of the user's own; None for a bundled one, which it knows.

    Raises:
        InputError: it cannot be found there.
    """
    if BUNDLED.get(kind.name) is kind:
        return None
    source: dict[str, Any] = to_plain(TopLevel.of(kind.open, f"--humaneval-engine: {kind.name!r}"))
    return source


def ordered(options: EngineOptions, model: Model | None, source: dict[str, Any] | None) -> dict[str, Any]:
    """What an engine process is told of the engine that it is to open, as plain builtins."""
    return {"options": to_plain(options), "model": to_plain(model), "source": source}


def open_ordered(order: dict[str, Any], progress: Progress) -> Engine:
    """The engine that :func:`ordered` tells of."""
    options = from_plain(EngineOptions, order["options"], "the engine's options")
    return open_engine(options, order["model"], progress, order["source"])


def open_engine(
    options: EngineOptions, model: dict[str, Any] | None, progress: Progress, source: dict[str, Any] | None = None
) -> Engine:
    """The engine itself, not yet started; for the engine process only. ``source`` is what :func:`source_of` said."""
    from pytest_humaneval.models.find import Model

    assert source or options.name in BUNDLED, options.name
    if model is None and not source and BUNDLED[options.name].holds_model:
        raise ModelError(f"the {options.name} engine needs a model")
    make: Any = from_plain(TopLevel, source, "the engine").load() if source else BUNDLED[options.name].open
    engine: Engine = make(options, model and from_plain(Model, model, "the model"), progress)
    return engine


def _identity_by_source(kind: EngineKind, options: EngineOptions) -> Identity:
    """Other code, or other options, may give other answers."""
    source = TopLevel.of(kind.open, f"--humaneval-engine: {kind.name!r}")
    shape = [kind.name, source.sha256, options.model, sorted(options.engine_args.items()), options.request]
    digest = hashlib.sha256(json.dumps(shape).encode()).hexdigest()
    return Identity(kind.name, options.model or kind.name, f"sha256:{digest}")


def _made_by(module: str, name: str) -> Callable[[EngineOptions, Model | None, Progress], Engine]:
    """The engine of this class, which is imported when it is called for."""

    def make(options: EngineOptions, model: Model | None, progress: Progress) -> Engine:
        kind = getattr(import_module(f"pytest_humaneval.engine.{module}"), name)
        engine: Engine = kind(options, progress) if model is None else kind(options, model, progress)
        return engine

    return make


def _identity_of_vllm(options: EngineOptions) -> Identity:
    from pytest_humaneval.engine.vllm import vllm_identity

    return vllm_identity(options)


def _identity_of_transformers(options: EngineOptions) -> Identity:
    from pytest_humaneval.engine.transformers import transformers_identity

    return transformers_identity(options)


def _identity_of_openai(options: EngineOptions) -> Identity:
    from pytest_humaneval.engine import openai

    openai.check(options)
    name = openai.identity(options)
    return Identity(name, options.model or "the server's model", name)


def _identity_of_replay(options: EngineOptions) -> Identity:
    from pytest_humaneval.engine import replay

    replay.read_samples(Path(options.file))
    return Identity("replay", Path(options.file).name, replay.identity(options), by_item=True)


def _identity_of_scripted(options: EngineOptions) -> Identity:
    from pytest_humaneval.engine import scripted

    model_name = Path(options.file).name if options.file else "stub"
    return Identity("scripted", model_name, scripted.identity(options), by_item=True)


_KINDS = (
    EngineKind(
        "vllm", "vLLM, in the engine process itself", _made_by("vllm", "VllmEngine"), _identity_of_vllm,
        holds_model=True, scores=True, heeds=("engine-arg", "linger"),
    ),
    EngineKind(
        "transformers", "Hugging Face's library, where there is no vLLM",
        _made_by("transformers", "TransformersEngine"), _identity_of_transformers,
        holds_model=True, scores=True, heeds=("engine-arg", "linger"),
    ),
    EngineKind(
        "openai", "servers that speak OpenAI's protocol", _made_by("openai", "OpenAIEngine"), _identity_of_openai,
        scores=True, heeds=("request", "in-flight"),
    ),
    EngineKind("replay", "an existing file of samples", _made_by("replay", "ReplayEngine"), _identity_of_replay,
               heeds=()),
    EngineKind("scripted", "a script, for tests", _made_by("scripted", "ScriptedEngine"), _identity_of_scripted,
               heeds=("linger",)),
)  # fmt: skip
BUNDLED: Mapping[str, EngineKind] = {kind.name: kind for kind in _KINDS}
"""By name, in the order in which messages list them."""

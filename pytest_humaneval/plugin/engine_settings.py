"""Which engine a run has: what the options say together."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

import pytest

from pytest_humaneval.engine.protocol import ENGINE_SORT, EngineKind, EngineOptions
from pytest_humaneval.engine.store_options import NO_STORE, StoreOptions
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.plugin import options
from pytest_humaneval.store.shared_address import PASSWORD_VARIABLE
from pytest_humaneval.store.shared_server import check_shared
from pytest_humaneval.text.wording import cannot_be_written

OF_SOME_ENGINES = ("engine-arg", "linger", "request", "in-flight")  # options that would go unheard with others

NEED_NO_CACHE = ("replay", "scripted")
STORE = "generations.sqlite"  # in the cache folder


def engine_options(config: pytest.Config, engines: Mapping[str, EngineKind]) -> EngineOptions:
    """The engine's options; a URL, a replay file or a script implies its engine.

    Raises:
        InputError: an unknown engine, or options that contradict each other, or lack one.
    """
    from pytest_humaneval.models.find import DEFAULT_MODEL

    urls = options.value_of(config, "engine-url", ())
    replay, script = options.optional_path(config, "replay"), options.optional_path(config, "script")
    implied = [name for name, given in (("openai", urls), ("replay", replay), ("scripted", script)) if given]
    name = options.value_of(config, "engine") or (implied[0] if implied else "vllm")
    kind = ENGINE_SORT.find(name, engines, "--humaneval-engine")
    if contradicting := [other for other in implied if other != name]:
        raise InputError(f"--humaneval-engine: {name} does not go with the options of {' and '.join(contradicting)}")
    if name == "openai" and not urls:
        raise InputError(
            "--humaneval-engine=openai needs --humaneval-engine-url=URL, for instance http://localhost:8000"
        )
    if name == "replay" and not replay:
        raise InputError("--humaneval-engine=replay needs --humaneval-replay=FILE, a samples.jsonl")
    _check_use(config, kind, engines)
    file = replay or script
    return EngineOptions(
        name=name,
        model=options.value_of(config, "model", DEFAULT_MODEL if kind.holds_model else ""),
        urls=urls,
        file=str(file) if file else "",
        in_flight=options.value_of(config, "in-flight", 0),
        request=options.value_of(config, "request", ()),
        request_timeout=options.value_of(config, "engine-timeout", 600.0),
        engine_args=dict(options.value_of(config, "engine-arg", ())),
        cache_dir=str(options.cache_directory(config)),
    )


def check_cache(config: pytest.Config, engine: str) -> None:
    """Make the cache folder, where finished generations, logs and prepared models shall go.

    The engines that read their answers from a file do without one, and with --humaneval-no-cache so do all.

    Raises:
        InputError: nothing can be written there.
    """
    folder = options.cache_directory(config)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        if not all(os.access(place, os.W_OK | os.X_OK) for place in (folder, folder / "logs")):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        if engine in NEED_NO_CACHE or options.no_cache(config):
            return
        raise InputError(
            f"{cannot_be_written(f'the cache folder {folder}', error)}; name another with "
            "--humaneval-cache-dir=DIR, or do without: --humaneval-no-cache keeps no generations"
        ) from error


def store_options(config: pytest.Config, engine: EngineOptions, *, nameless: bool) -> StoreOptions:
    """Where the engine process keeps generations; nowhere for one that answers from a file anyway.

    Of a server that was given no model's name (``nameless``), earlier answers do not count.
    """
    if engine.name == "replay":
        return NO_STORE
    return StoreOptions(
        path=str(options.cache_directory(config) / STORE),
        read=not (options.no_cache(config) or nameless),
        shared=options.value_of(config, "store"),
        password=os.environ.get(PASSWORD_VARIABLE, ""),
        engines=max(1, len(engine.urls)),
    )


def check_shared_store(config: pytest.Config) -> None:
    """See, before anything starts, that the store of ``--humaneval-store`` can be used, should its server be there.

    Raises:
        InputError: it is of something else or of another version, or wants another password; or redis is missing.
    """
    check_shared(options.value_of(config, "store"))


def _check_use(config: pytest.Config, kind: EngineKind, engines: Mapping[str, EngineKind]) -> None:
    """Refuse what the engine would not heed."""
    for option in OF_SOME_ENGINES:
        if option not in kind.heeds and options.value_of(config, option):
            what = "takes no arguments of vLLM" if option == "engine-arg" else "has no use for it"
            heeding = ", ".join(name for name, each in engines.items() if option in each.heeds)
            raise InputError(
                f"--humaneval-{option}: the {kind.name} engine {what}; it goes with {heeding}"
                + (" (a server's parameters: --humaneval-request=KEY=JSON)" if kind.name == "openai" else "")
            )

"""Any OpenAI-compatible server: ``vllm serve``, llama.cpp's, a hosted service. Several URLs are replicas of one model.

A request goes to the replica with the fewest in flight. One that fails to answer hands it to the others, and one that
is gone gets no more. The key comes from the environment variable OPENAI_API_KEY and appears in no message.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib.util
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Container, Coroutine, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_humaneval.engine.pace import Pace
from pytest_humaneval.engine.prompt_embeds import PromptEmbedder
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.engine.replica import Replica, without_credentials
from pytest_humaneval.engine.server_errors import ReplicaError
from pytest_humaneval.engine.server_faults import check_proxy
from pytest_humaneval.engine.server_request import REMOVED, Manners, is_prefilled
from pytest_humaneval.exceptions import EngineError, InputError, SharedEngineError
from pytest_humaneval.models.soft_checkpoint import read_checkpoint
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Generation, Request

_IN_FLIGHT = 256  # requests per replica: as many as vLLM's scheduler runs at once by default
_SAME_ERRORS = 5  # as many requests with one error, before any was answered, have it in common with all
_POLL = 0.1  # seconds
NO_PACKAGE = "the openai engine needs a package: pip install 'pytest-humaneval[openai]'"


def identity(options: EngineOptions) -> str:
    """What the answers depend on, as far as it is known without asking: URLs without credentials, and the model.

    Raises:
        InputError: a URL that is none.
    """
    urls = sorted({without_credentials(_base_url(url)) for url in options.urls})
    changed = {key: json.loads(text) if text else None for key, text in sorted(options.request)}
    further = [json.dumps(changed, sort_keys=True)] if changed else []  # other answers than without
    return " ".join(["openai", *urls, options.model or "(the server's only model)", *further])


def check(options: EngineOptions) -> None:
    """Refuse, before a run starts, what would fail for all of its items.

    Raises:
        InputError: a proxy that cannot be used.
        EngineError: the package ``openai`` is missing.
    """
    for url in options.urls:
        check_proxy(_base_url(url))
    if importlib.util.find_spec("openai") is None:
        raise EngineError(NO_PACKAGE)


def only_model(options: EngineOptions) -> str:
    """The name of the one model that the first server has; empty where it cannot be had, which the engine explains."""

    async def ask() -> str:
        replica = Replica.at(_base_url(options.urls[0]), options.request_timeout)
        try:
            await replica.choose_model("")
            return replica.model
        finally:
            await replica.client.close()

    try:
        return asyncio.run(ask())
    except (ImportError, EngineError, ReplicaError):
        return ""


class OpenAIEngine:
    """Keeps servers busy from an event loop in a thread of its own."""

    cached_prompt_tokens = 0  # servers tell it where they are told to; what they say is not comparable

    def __init__(self, options: EngineOptions, progress: Callable[[str], None]) -> None:
        self._urls = list(dict.fromkeys(map(_base_url, options.urls)))
        self._model = options.model
        self._timeout = options.request_timeout
        self._progress = progress
        self._embedder = PromptEmbedder(Path(options.cache_dir), progress)
        self._replicas: list[Replica] = []
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by key; an event loop holds its tasks only weakly
        self._in_flight = options.in_flight or _IN_FLIGHT
        self._slots = asyncio.Semaphore(self._in_flight * len(self._urls))
        self._manners = Manners({key: json.loads(text) if text else REMOVED for key, text in options.request})
        self._errors: Counter[str] = Counter()
        self._pending: Counter[tuple[str, bool]] = Counter()  # requests by their form: a server may refuse one only
        self._succeeded = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai engine", daemon=True)

    @property
    def notices(self) -> list[str]:
        """What was learned about the servers, for the reader of the figures."""
        return list(self._manners.notices)

    def start(self) -> None:
        """Ask every server for its models.

        Raises:
            EngineError: the package ``openai`` is missing, a server cannot be asked, or has not the one model.
        """
        try:
            import openai  # noqa: F401
        except ImportError:
            raise EngineError(NO_PACKAGE) from None
        self._thread.start()
        self._in_loop(self._connect())

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Send everything, as far as slots are free; the rest waits in this order."""
        self._loop.call_soon_threadsafe(self._take, batch)

    def poll(self) -> Iterable[Answer]:
        """What the servers have answered."""
        answers: list[Answer] = []
        with contextlib.suppress(queue.Empty):
            answers.append(self._answers.get(timeout=_POLL))
            while True:
                answers.append(self._answers.get_nowait())
        return answers

    def drop(self, keys: Collection[str]) -> Collection[str]:
        """Hang up on these; vLLM stops generating for a connection that is closed."""
        gone: concurrent.futures.Future[list[str]] = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(lambda: gone.set_result(self._cancel(keys)))
        return gone.result()

    def _cancel(self, keys: Collection[str]) -> list[str]:
        there = [key for key in keys if key in self._tasks]  # the others are answered
        for key in there:
            self._tasks.pop(key).cancel()
        return there

    def close(self) -> None:
        """Drop what is in flight; vLLM stops generating for a connection that is closed."""
        if self._thread.is_alive():
            self._in_loop(self._disconnect())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _connect(self) -> None:
        self._replicas = [
            Replica.at(url, self._timeout, manners=self._manners, pace=Pace(self._in_flight), progress=self._progress)
            for url in self._urls
        ]
        for replica in self._replicas:
            self._progress(f"asking {replica.url} for its models")
            await replica.choose_model(self._model)
        if len(models := {replica.model for replica in self._replicas}) > 1:
            raise EngineError(f"the servers must have the same model, not {' and '.join(sorted(models))}")

    def _take(self, batch: list[tuple[str, Request]]) -> None:
        for key, request in batch:
            task = self._loop.create_task(self._answer(key, request, time.monotonic()))
            self._tasks[key] = task
            task.add_done_callback(functools.partial(self._forget, key))

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    async def _disconnect(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for replica in self._replicas:
            await replica.client.close()
        await self._loop.shutdown_default_executor()

    async def _answer(self, key: str, request: Request, submitted: float) -> None:
        form = (request.prompt.mode, is_prefilled(request))
        self._pending[form] += 1
        try:
            async with self._slots:
                self._answers.put((key, await self._ask_around(request, submitted)))
                self._succeeded = True
        except EngineError as error:
            self._answers.put((key, self._shared(error, form)))
        except InputError as error:  # a soft prompt's weights that are not here
            self._answers.put((key, EngineError(str(error))))
        except Exception as error:  # whatever it was, nobody shall wait for ever
            self._answers.put((key, EngineError(f"the request could not be made: {type(error).__name__}: {error}")))
        finally:
            self._pending[form] -= 1

    def _shared(self, error: EngineError, form: tuple[str, bool]) -> EngineError:
        """The same; for all, where it is the only thing that the servers ever said, and nothing else is asked."""
        self._errors[str(error)] += not self._succeeded
        others = self._pending.total() - self._pending[form]
        common = self._errors[str(error)] >= _SAME_ERRORS and not self._succeeded and not others
        return SharedEngineError(str(error)) if common else error

    async def _ask_around(self, request: Request, submitted: float) -> Generation:
        failures: dict[str, str] = {}
        embeds = await self._embeds(request.prompt)
        while (replica := self._least_busy(failures)) is not None:
            try:
                return await replica.ask(request, submitted, embeds)
            except ReplicaError as error:
                failures[replica.url] = str(error)
        failures = {replica.url: replica.gone for replica in self._replicas if replica.gone} | failures
        kind = SharedEngineError if all(replica.gone for replica in self._replicas) else EngineError
        raise kind("; ".join(f"{url}: {why}" for url, why in failures.items()))

    async def _embeds(self, prompt: Prompt) -> str:
        """The embeddings that are asked instead of the text, where the prompt has virtual tokens; else empty."""
        if prompt.virtual_tokens is None:
            return ""
        checkpoint = read_checkpoint(Path(prompt.virtual_tokens.directory))
        return await asyncio.to_thread(self._embedder.encoded, prompt, checkpoint)

    def _least_busy(self, tried: Container[str]) -> Replica | None:
        willing = [replica for replica in self._replicas if not replica.gone and replica.url not in tried]
        return min(willing, key=lambda replica: replica.in_flight, default=None)


def _base_url(url: str) -> str:
    """The API's root: what a user gives, with /v1 where they named the server only."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise InputError(
            f"--humaneval-engine-url: {url!r} is not the URL of a server, such as http://localhost:8000/v1"
        )
    return parts._replace(path=parts.path.rstrip("/") or "/v1").geturl()

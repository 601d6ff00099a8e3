"""Any OpenAI-compatible server: ``vllm serve``, llama.cpp's, a hosted service. Several URLs are replicas of one model.

A request goes to the replica with the fewest in flight. One that fails to answer hands it to the others, and one that
is gone gets no more. The key comes from the environment variable OPENAI_API_KEY and appears in no message.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Container, Coroutine, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_humaneval.engine.prompt_embeds import PromptEmbedder
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.engine.replica import Replica, ReplicaError, without_credentials
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Generation, Request
from pytest_humaneval.soft_checkpoint import read_checkpoint

_IN_FLIGHT = 256  # requests per replica: as many as vLLM's scheduler runs at once by default
_POLL = 0.1  # seconds


def identity(options: EngineOptions) -> str:
    """What the answers depend on, as far as it is known without asking: URLs without credentials, and the model.

    Raises:
        InputError: a URL that is none.
    """
    urls = sorted({without_credentials(_base_url(url)) for url in options.urls})
    return " ".join(["openai", *urls, options.model or "(the server's only model)"])


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
    except (ImportError, EngineError):
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
        self._tasks: set[asyncio.Task[None]] = set()  # an event loop holds its tasks only weakly
        self._slots = asyncio.Semaphore(_IN_FLIGHT * len(self._urls))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai engine", daemon=True)

    def start(self) -> None:
        """Ask every server for its models.

        Raises:
            EngineError: the package ``openai`` is missing, a server cannot be asked, or has not the one model.
        """
        try:
            import openai  # noqa: F401
        except ImportError:
            raise EngineError("the openai engine needs a package: pip install 'pytest-humaneval[openai]'") from None
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
        self._replicas = [Replica.at(url, self._timeout) for url in self._urls]
        for replica in self._replicas:
            self._progress(f"asking {replica.url} for its models")
            await replica.choose_model(self._model)
        if len(models := {replica.model for replica in self._replicas}) > 1:
            raise EngineError(f"the servers must have the same model, not {' and '.join(sorted(models))}")

    def _take(self, batch: list[tuple[str, Request]]) -> None:
        for key, request in batch:
            task = self._loop.create_task(self._answer(key, request, time.monotonic()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _disconnect(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for replica in self._replicas:
            await replica.client.close()
        await self._loop.shutdown_default_executor()

    async def _answer(self, key: str, request: Request, submitted: float) -> None:
        try:
            async with self._slots:
                self._answers.put((key, await self._ask_around(request, submitted)))
        except EngineError as error:
            self._answers.put((key, error))
        except InputError as error:  # a soft prompt's weights that are not here
            self._answers.put((key, EngineError(str(error))))
        except Exception as error:  # whatever it was, nobody shall wait for ever
            self._answers.put((key, EngineError(f"the request could not be made: {type(error).__name__}: {error}")))

    async def _ask_around(self, request: Request, submitted: float) -> Generation:
        failures: dict[str, str] = {}
        embeds = await self._embeds(request.prompt)
        while (replica := self._least_busy(failures)) is not None:
            try:
                return await replica.ask(request, submitted, embeds)
            except ReplicaError as error:
                failures[replica.url] = str(error)
        failures = {replica.url: replica.gone for replica in self._replicas if replica.gone} | failures
        raise EngineError("; ".join(f"{url}: {why}" for url, why in failures.items()))

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
        raise InputError(f"--humaneval-engine-url: {url!r} is no URL of a server, such as http://localhost:8000/v1")
    return parts._replace(path=parts.path.rstrip("/") or "/v1").geturl()

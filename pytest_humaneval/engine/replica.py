"""One OpenAI-compatible server, asked through the ``openai`` package from an event loop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pytest_humaneval.engine.stops import cut_at_stop, essential_stops
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.sample import Generation, Request

_KEY_VARIABLE = "OPENAI_API_KEY"
_RETRIES = 2  # of connection errors, 429 and 5xx: by the openai package, with its pauses of 0.5 s and more
_CONNECT_TIMEOUT = 10.0  # seconds
_START_TIMEOUT = 30.0  # seconds; a list of models needs no generation
_FEW_STOPS = 4  # as many as api.openai.com allows, and vLLM's server unless VLLM_MAX_STOP_STRINGS says otherwise
_QUOTED = 300  # characters of a server's own words in a message
_MOST_TOKENS = 1 << 31


class ReplicaError(Exception):
    """This replica did not answer the request; another one might."""


@dataclass(eq=False)
class Replica:
    """One server: how to ask it, and how it is doing."""

    url: str  # as it is shown: without credentials
    client: Any  # openai.AsyncOpenAI
    timeout: float  # seconds of silence, to every request, before one is given up
    secrets: tuple[str, ...] = ()  # what no message may show
    model: str = ""
    max_stops: int = sys.maxsize  # until it refuses more than a few
    in_flight: int = 0
    last_heard: float = 0.0  # on the monotonic clock
    waits: set[asyncio.Timeout] = field(default_factory=set)  # of the requests in flight
    gone: str = ""  # why it gets no more requests

    @classmethod
    def at(cls, base_url: str, timeout: float) -> Replica:
        """The server at ``base_url``, whose path is the API's root.

        Raises:
            EngineError: the environment's key cannot be one.
        """
        from openai import AsyncOpenAI, Timeout

        key = os.environ.get(_KEY_VARIABLE, "").strip()
        if not (key.isascii() and key.isprintable()):  # the HTTP library would refuse it, and quote it in full
            raise EngineError(f"the environment variable {_KEY_VARIABLE} has characters that no key has")
        client = AsyncOpenAI(
            base_url=base_url,
            api_key=key or "none",  # the package insists on one; a local server does not look
            timeout=Timeout(None, connect=_CONNECT_TIMEOUT),  # _answer_to knows how long to wait
            max_retries=_RETRIES,
        )
        secrets = tuple(filter(None, (key, urlsplit(base_url).password)))
        return cls(without_credentials(base_url), client, timeout, secrets)

    async def choose_model(self, wanted: str) -> None:
        """Settle on ``wanted`` or, where that is empty, on the only model there is.

        Raises:
            EngineError: the server cannot be asked, or does not have the one model.
        """
        served = await self._served_models(optional=bool(wanted))
        if not wanted and len(served) != 1:
            raise EngineError(f"{self.url}: choose one with --humaneval-model; the server has {_listed(served)}")
        # Proxies may list patterns, such as openai/*.
        if wanted and served and wanted not in served and not any("*" in name for name in served):
            raise EngineError(f"{self.url}: no model {wanted!r}; the server has {_listed(served)}")
        self.model = wanted or served[0]

    async def ask(self, request: Request, submitted: float, embeds: str = "") -> Generation:
        """Have one request answered, which was ``submitted`` at that time of the monotonic clock.

        ``embeds`` are asked instead of the prompt's text, where there are any; see prompt_embeds.py.

        Raises:
            ReplicaError: the server failed.
            EngineError: it refused the request, as any other would.
        """
        self.in_flight += 1
        try:
            response = await self._respond(request, embeds)
        finally:
            self.in_flight -= 1
        try:
            return _generation(response, request, time.monotonic() - submitted)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
            raise ReplicaError(f"answered what is no completion: {self._quoted(response)}") from None

    async def _served_models(self, *, optional: bool) -> list[str]:
        answer: Any = None
        try:
            answer = await self._answer_to(self.client.models.list(), min(self.timeout, _START_TIMEOUT))
            return [str(model.id) for model in answer.data]
        except ReplicaError as error:
            raise EngineError(f"{self.url}: {error}; is the server running?") from None
        except _RefusalError as refusal:
            if optional and refusal.status in (404, 405):  # not every server has the list
                return []
            raise EngineError(f"{self.url}: {refusal}{_hint(refusal)}") from None
        except (AttributeError, TypeError):
            raise EngineError(f"{self.url}: its list of models is none: {self._quoted(answer)}") from None

    async def _respond(self, request: Request, embeds: str) -> Any:
        """The server's response; it is asked again when it takes fewer stop strings, as most do."""
        stops = essential_stops(request.prompt.stop)[: self.max_stops]
        try:
            return await self._answer_to(self._create(request, stops, embeds), self.timeout)
        except _RefusalError as refusal:
            if "stop" not in str(refusal) or len(stops) <= _FEW_STOPS:
                raise EngineError(f"{self.url}: {refusal}{_hint(refusal, request)}") from None
        self.max_stops = _FEW_STOPS  # the model may run on a little; _generation cuts
        return await self._respond(request, embeds)

    def _create(self, request: Request, stops: list[str], embeds: str) -> Awaitable[Any]:
        prompt, sampling = request.prompt, request.sampling
        fields: dict[str, Any] = {
            "model": self.model,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.seed,
        }
        if stops:
            fields["stop"] = stops
        if sampling.logprobs:  # 0 alternatives; in chat form the question is a flag
            fields["logprobs"] = 0 if embeds or prompt.mode == "completion" else True
        if embeds:  # vLLM's: a whole prompt, so that a chat template is applied already
            fields["extra_body"] = {"prompt_embeds": embeds}
        if embeds or prompt.mode == "completion":
            text = None if embeds else prompt.text
            completion: Awaitable[Any] = self.client.completions.create(prompt=text, **fields)
            return completion
        if _is_prefilled(request):  # fields of vLLM's: without them its template would begin another turn
            fields["extra_body"] = {"continue_final_message": True, "add_generation_prompt": False}
        messages = [asdict(message) for message in prompt.messages]
        chat: Awaitable[Any] = self.client.chat.completions.create(messages=messages, **fields)
        return chat

    async def _answer_to(self, call: Awaitable[Any], timeout: float) -> Any:
        """Await a call of the client; its exceptions hold requests with keys, and are not chained.

        Everything is asked at the same time, so that on a slow server most requests wait for others: as long as those
        are answered, it is at work.
        """
        import openai

        begun = time.monotonic()
        try:
            async with asyncio.timeout(timeout) as wait:
                self.waits.add(wait)
                try:
                    answer = await call
                finally:
                    self.waits.discard(wait)
        except openai.APIStatusError as error:
            self._hear()
            raise self._status_error(error) from None
        except (TimeoutError, openai.APITimeoutError):
            why = f"no answer to any request within {timeout:g} s"
            if self.last_heard <= begun:  # it answered nobody: it is not just slow, nor choking on this one request
                self.gone = why
            raise ReplicaError(why) from None
        except openai.APIConnectionError as error:
            why = self._quoted(_root_cause(error))
            if type(error.__cause__).__name__ == "ConnectError":  # of httpx or httpx2, whichever the package uses
                self.gone = why
            raise ReplicaError(why) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ReplicaError(f"answered what is no JSON: {error}") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ReplicaError(f"answered what nobody understands: {self._quoted(error)}") from None
        self._hear()
        return answer

    def _hear(self) -> None:
        """Give those that wait their whole patience again."""
        self.last_heard = time.monotonic()
        for wait in self.waits:
            if not wait.expired():
                wait.reschedule(asyncio.get_running_loop().time() + self.timeout)

    def _status_error(self, error: Any) -> Exception:
        message = error.body.get("message") or error.body if isinstance(error.body, dict) else error.body
        why = f"{error.status_code} {error.response.reason_phrase}: {self._quoted(message)}".removesuffix(": ")
        # The package has retried 408, 409, 429 and 5xx; they are about the server and not about the request.
        passing = error.status_code in (408, 409, 429) or error.status_code >= 500
        return ReplicaError(why) if passing else _RefusalError(error.status_code, why)

    def _quoted(self, words: object) -> str:
        text = " ".join(str(words if words is not None else "").split())
        for secret in self.secrets:  # some servers repeat the key they refuse
            text = text.replace(secret, "***")
        return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."


class _RefusalError(Exception):
    """A status that says that the request is at fault."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def without_credentials(url: str) -> str:
    """``url`` as it may be shown: without user, password, query and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _generation(response: Any, request: Request, seconds: float) -> Generation:
    choice, usage = response.choices[0], response.usage
    is_text = request.prompt.mode == "completion" or request.prompt.virtual_tokens is not None
    text = choice.text if is_text else choice.message.content
    if text is not None and not isinstance(text, str):
        raise TypeError("text that is none")
    # A chat answer that is all reasoning or refusal has no content.
    text, stopped = cut_at_stop(text or "", request.prompt.stop)
    return Generation(
        text,
        "stop" if stopped else str(choice.finish_reason or "stop"),
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        seconds=seconds,
        logprob=_mean_logprob(choice),
    )


def _count(usage: Any, name: str) -> int:
    """What the server counted; 0 where it tells no number, as some do."""
    number = getattr(usage, name, 0)
    return number if type(number) is int and 0 <= number < _MOST_TOKENS else 0


def _mean_logprob(choice: Any) -> float | None:
    """Of the drawn tokens, where the server tells: in one form as a list of numbers, in the other of objects."""
    told = getattr(choice, "logprobs", None)
    numbers = getattr(told, "token_logprobs", None) or [each.logprob for each in getattr(told, "content", None) or ()]
    known = [number for number in numbers if isinstance(number, float)]
    return sum(known) / len(known) if known else None


def _hint(refusal: _RefusalError, request: Request | None = None) -> str:
    """What would be right, for refusals that are often met."""
    if refusal.status in (401, 403):
        state = "set" if os.environ.get(_KEY_VARIABLE) else "not set"
        return f" (the key is taken from the environment variable {_KEY_VARIABLE}, which is {state})"
    if request is not None and _is_prefilled(request):
        return " (the strategy begins the model's answer; that takes vLLM's continue_final_message)"
    return ""


def _is_prefilled(request: Request) -> bool:
    messages = request.prompt.messages
    return bool(messages) and messages[-1].role == "assistant"


def _root_cause(error: BaseException) -> str:
    """The innermost reason: the package itself says no more than "Connection error."."""
    while (cause := error.__cause__ or error.__context__) is not None:
        # A name with several addresses fails once for each of them.
        error = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no list of models"

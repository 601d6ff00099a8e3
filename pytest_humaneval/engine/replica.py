"""One OpenAI-compatible server, asked through the ``openai`` package from an event loop."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pytest_humaneval.engine.server_answer import (
    NoCompletionError,
    continues,
    ended_early,
    generation,
    scored_text,
)
from pytest_humaneval.engine.server_calls import Calls
from pytest_humaneval.engine.server_errors import (
    KEY_VARIABLE,
    FilteredError,
    HasteError,
    LoadingError,
    RefusalError,
    ReplicaError,
    hint_for,
    is_about_form,
    listed,
    message_of,
    only_talks,
)
from pytest_humaneval.engine.server_request import NO_LOGPROBS, Manners, is_prefilled
from pytest_humaneval.engine.stops import cut_at_stop
from pytest_humaneval.exceptions import EngineError, SharedEngineError
from pytest_humaneval.finish_reasons import CONTENT_FILTER, CONTEXT_FULL
from pytest_humaneval.sample import Generation, Request

_CONNECT_TIMEOUT = 10.0  # seconds
_START_TIMEOUT = 30.0  # seconds; a list of models needs no generation
_LESSONS = 12  # that one request may teach: each parameter refused in turn


@dataclass(eq=False)
class Replica(Calls):
    """One server: how to ask it, and how it is doing."""

    manners: Manners = field(default_factory=Manners)
    model: str = ""
    served: Sequence[str] = ()  # the models that it lists
    adapters: Collection[str] = ()  # those of them that are LoRAs of another
    in_flight: int = 0  # with those that wait for their turn

    @classmethod
    def at(cls, base_url: str, timeout: float, **settings: Any) -> Replica:
        """The server at ``base_url``, whose path is the API's root; a query goes along with every request.

        Raises:
            EngineError: the environment's key cannot be one.
        """
        from openai import AsyncOpenAI, Timeout

        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not (key.isascii() and key.isprintable()):  # the HTTP library would refuse it, and quote it in full
            raise EngineError(f"the environment variable {KEY_VARIABLE} has characters that no key may have")
        parts = urlsplit(base_url)
        query = dict(parse_qsl(parts.query))
        client = AsyncOpenAI(
            base_url=parts._replace(query="").geturl(),
            api_key=key or "none",  # the package insists on one; a local server does not look
            timeout=Timeout(None, connect=_CONNECT_TIMEOUT),  # answer_to knows how long to wait
            max_retries=0,  # respond knows when to ask again
            default_query=query,
            default_headers={"api-key": key} if key and "api-version" in query else {},  # Azure's
        )
        secrets = tuple(filter(None, (key, parts.password)))
        return cls(without_credentials(base_url), client, timeout, secrets, **settings)

    async def choose_model(self, wanted: str) -> None:
        """Settle on ``wanted`` or, where that is empty, on the only model there is.

        A name that the list does not have is tried: deployments, routes and short names stand in no list.

        Raises:
            EngineError: the server cannot be asked, or does not have the one model.
        """
        try:
            self.served = served = await self.once_loaded(lambda: self._served_models(optional=bool(wanted)))
        except ReplicaError as error:
            raise EngineError(f"{self.url}: {error}") from None
        whole = [name for name in served if name not in self.adapters]
        if not wanted and len(whole) != 1:
            raise EngineError(f"{self.url}: choose one with --humaneval-model; the server has {listed(served)}")
        self.model = wanted or whole[0]

    async def ask(self, request: Request, submitted: float, embeds: str = "") -> Generation:
        """Have one request answered, which was ``submitted`` at that time of the monotonic clock.

        ``embeds`` are asked instead of the prompt's text, where there are any; see prompt_embeds.py.

        Raises:
            ReplicaError: the server failed.
            EngineError: it refused the request, as any other would.
        """
        if (adapter := request.prompt.adapter) is not None and self.served and adapter.name not in self.served:
            raise EngineError(
                f"{self.url}: the server does not have the LoRA {adapter.name!r} (it has {listed(self.served)}); "
                f"start vLLM's with --enable-lora --lora-modules {adapter.name}={adapter.directory}"
            )
        self.in_flight += 1
        try:
            return await self._ask(request, submitted, embeds)
        finally:
            self.in_flight -= 1

    async def _ask(self, request: Request, submitted: float, embeds: str) -> Generation:
        for _ in range(_LESSONS):
            body = self.manners.body(self.model, request, embeds)
            try:
                answer = await self.respond(_path_of(request, body), body)
                made = self._read(answer, request, submitted, body)
            except RefusalError as refusal:
                if body != self.manners.body(self.model, request, embeds):
                    continue  # others have learned meanwhile what this one would teach
                learns = is_about_form(refusal) and not request.scored  # what that needs, others may not have
                if learns and self.manners.learn(str(refusal), refusal.parameter, body):
                    continue
                raise self._refused(refusal, begun=is_prefilled(request), talks="messages" in body) from None
            except FilteredError:  # an end of the model's own, as if the answer had been taken
                self.last_answered = time.monotonic()
                return Generation("", CONTENT_FILTER, seconds=time.monotonic() - submitted)
            if made is not None:
                self.last_answered = time.monotonic()
                return made
        raise EngineError(f"{self.url}: it refuses one parameter after another; the last request had {', '.join(body)}")

    def _read(self, answer: Any, request: Request, submitted: float, body: dict[str, Any]) -> Generation | None:
        """The generation; None where the request has to be made anew, as the server ignored its beginning."""
        if request.scored:
            return scored_text(answer, request, time.monotonic() - submitted)
        begun = is_prefilled(request) and "messages" in body
        whole = begun and "stop" not in body and bool(request.prompt.stop)
        try:
            made = generation(answer, request, time.monotonic() - submitted, whole=whole)
        except NoCompletionError as error:
            if error.error is None:
                raise ReplicaError(f"answered with something other than a completion: {self.quoted(answer)}") from None
            raise ReplicaError(f"answered with an error: {self.quoted(message_of(error.error))}") from None
        if ended_early(made, body):
            made = replace(made, finish_reason=CONTEXT_FULL)
        self._compare_model(answer)
        if request.sampling.logprobs and made.logprob is None and made.text:
            self.manners.note(NO_LOGPROBS)
        if not begun:
            return made
        if continues(request.prompt.messages[-1].content, made.text):
            text, stopped = cut_at_stop(made.text, request.prompt.stop)
            return replace(made, text=text, finish_reason="stop") if stopped else made
        if whole:
            return made
        self.manners.ignores_prefill = True
        self.manners.note("the server does not continue an answer begun by a strategy; its whole answer was taken")
        return None

    def _compare_model(self, answer: Any) -> None:
        """Tell where somebody else answered than was asked."""
        model = answer.get("model") if isinstance(answer, dict) else None
        if self.served and self.model not in self.served and not any("*" in name for name in self.served):
            answered = f"; it answered as {model!r}" if model else ""
            self.manners.note(
                f"{self.url} does not list the model {self.model!r} (it has {listed(self.served, self.model)}), "
                f"which was requested anyway{answered}"
            )

    async def _served_models(self, *, optional: bool) -> list[str]:
        try:
            answer = await self.answer_to(self.client.get("/models", cast_to=object), min(self.timeout, _START_TIMEOUT))
            parents = {str(model["id"]): dict(model).get("parent") for model in answer["data"]}
            self.adapters = {name for name, parent in parents.items() if parent}  # vLLM's LoRAs
            return list(parents)
        except LoadingError:
            raise
        except HasteError:
            if optional:
                return []
            raise
        except ReplicaError as error:
            raise EngineError(f"{self.url}: {error}; is the server running?") from None
        except RefusalError as refusal:
            if optional and refusal.status not in (401, 407):  # not every server has the list
                return []
            raise EngineError(f"{self.url}: {refusal}{hint_for(refusal)}") from None
        except (KeyError, TypeError):
            if optional:
                return []
            raise EngineError(f"{self.url}: its list of models cannot be understood: {self.quoted(answer)}") from None

    def _refused(self, refusal: RefusalError, *, begun: bool, talks: bool) -> EngineError:
        """What a refusal means: for this request alone or, where it speaks of key or model, for all."""
        if not talks and only_talks(refusal):
            return EngineError(
                f"{self.url}: {refusal} (it completes no text, or not by this model: that takes a strategy that talks "
                "(mode chat))"
            )
        message = str(refusal).lower()
        unknown = "model" in message and (refusal.status == 404 or "exist" in message or "not found" in message)
        hint = hint_for(refusal, begun=begun)
        if unknown and self.served:
            hint = f"; the server has {listed(self.served, self.model)}"
        # A server that has answered before may refuse a single question with these.
        single = bool(self.last_answered) and refusal.status not in (401, 402, 429)
        shared = (refusal.status in (401, 402, 403, 407, 429) or unknown) and not single
        return (SharedEngineError if shared else EngineError)(f"{self.url}: {refusal}{hint}")


def without_credentials(url: str) -> str:
    """``url`` as it may be shown: without user, password, query and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _path_of(request: Request, body: dict[str, Any]) -> str:
    chat = request.prompt.mode == "chat" and "prompt_embeds" not in body
    return "/chat/completions" if chat else "/completions"

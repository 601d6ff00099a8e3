"""How one server is called: it is waited for, asked again after faults that pass, and given up when it is silent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_humaneval.engine.pace import Pace, pause_before
from pytest_humaneval.engine.server_answer import NoCompletionError, error_in
from pytest_humaneval.engine.server_errors import (
    HasteError,
    LoadingError,
    PassingError,
    ReplicaError,
    fault,
    message_of,
    status_in,
)
from pytest_humaneval.engine.server_faults import connection_fault, through
from pytest_humaneval.exceptions import SharedEngineError

if TYPE_CHECKING:
    from pytest_humaneval.models.weights import Progress

_TRIES = 5  # of a request that meets connection errors and 5xx
_QUOTED = 300  # characters of a server's own words in a message

FROM_A_PROXY = (403, 407, 502, 503, 504)  # statuses that may be a proxy's own


@dataclass(eq=False)
class Calls:
    """The calls of one server, through one client of the ``openai`` package."""

    url: str  # as it is shown: without credentials
    client: Any  # openai.AsyncOpenAI
    timeout: float  # seconds of silence, to every request, before one is given up
    secrets: tuple[str, ...] = ()  # what no message may show
    pace: Pace = field(default_factory=lambda: Pace(1))
    progress: Progress = print
    last_heard: float = 0.0  # on the monotonic clock
    last_answered: float = 0.0  # the same, of whole generations
    waits: set[asyncio.Timeout] = field(default_factory=set)  # of the requests in flight
    gone: str = ""  # why it gets no more requests

    async def respond(self, path: str, body: dict[str, Any]) -> Any:
        """The server's response, in its own time: it is waited for, and asked again after faults that pass.

        Raises:
            ReplicaError: the server failed.
            RefusalError, FilteredError: it refused this request.
            SharedEngineError: it asks to wait for longer than anybody would.
        """
        begun, tries = time.monotonic(), 0
        while True:
            async with self.pace.turn() as sent_at:
                try:
                    answer = await self.once_loaded(
                        lambda: self.answer_to(self.client.post(path, body=body, cast_to=object), self.timeout)
                    )
                    if (failure := self._fault_in(answer)) is not None:
                        raise failure
                    self.pace.answered()
                    return answer
                except HasteError as error:
                    pause = self.pace.slow_down(sent_at, error.pause)
                    since = max(begun, self.last_answered)
                    if time.monotonic() + pause - since > self.timeout:
                        raise self._too_hasty(error, pause) from None
                    continue
                except PassingError:
                    tries += 1
                    if self.gone or tries >= _TRIES:
                        raise
            await asyncio.sleep(pause_before(tries))

    async def once_loaded(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """What ``ask`` answers, when the server has its model loaded; waits as long as a server may be silent."""
        begun, waited = time.monotonic(), False
        while True:
            try:
                answer = await ask()
            except LoadingError as error:
                seconds = time.monotonic() - begun
                if seconds > self.timeout:
                    self.gone = f"{error}; gave up after {seconds:.0f} s"
                    raise ReplicaError(self.gone) from None
                self.progress(f"waiting for {self.url}: {error} ({seconds:.0f} s)")
                waited = True
                await asyncio.sleep(min(2.0, self.timeout / 10))
                continue
            if waited:
                self.progress("")
            return answer

    async def answer_to(self, call: Awaitable[Any], timeout: float) -> Any:
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
            why = self.quoted(connection_fault(error, str(self.client.base_url)))
            if type(error.__cause__).__name__ in ("ConnectError", "ProxyError"):  # of httpx or httpx2, as the package
                self.gone = why
            raise PassingError(why) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ReplicaError(f"the answer is not JSON: {error}") from None
        self._hear()
        return answer

    def _too_hasty(self, error: HasteError, pause: float) -> Exception:
        """For a server that grants nothing within the time that it may be silent."""
        if pause <= self.timeout:
            return ReplicaError(str(error))
        limit = f"longer than --humaneval-engine-timeout={self.timeout:g}"
        return SharedEngineError(f"{self.url}: {error}; it asks to wait {pause:.0f} s, {limit}")

    def _fault_in(self, answer: Any) -> Exception | None:
        """The error that an answer of status 200 carries, as a gateway's does that could not ask its server."""
        try:
            error = error_in(answer)
        except NoCompletionError:
            return None
        if not isinstance(error, dict) or (code := status_in(error)) is None:
            return None
        return self._fault(code, f"answered with an error: {code}", message_of(error), {}, error)

    def _hear(self) -> None:
        """Give those that wait their whole patience again."""
        self.last_heard = time.monotonic()
        for wait in self.waits:
            if not wait.expired():
                wait.reschedule(asyncio.get_running_loop().time() + self.timeout)

    def _status_error(self, error: Any) -> Exception:
        body = error.body if isinstance(error.body, dict) else {}
        message = body.get("message") or body.get("detail") or error.body
        way = through(str(self.client.base_url)) if error.status_code in FROM_A_PROXY else ""
        way = f" ({way})" if way else ""
        summary = f"{error.status_code} {error.response.reason_phrase}{way}"
        return self._fault(error.status_code, summary, message, error.response.headers, body)

    def _fault(self, status: int, summary: str, message: Any, headers: Any, body: dict[str, Any]) -> Exception:
        return fault(status, f"{summary}: {self.quoted(message)}".removesuffix(": "), message, headers, body)

    def quoted(self, words: object) -> str:
        """A server's words as a message may have them: on one line, without keys, and not too long."""
        text = " ".join(str(words if words is not None else "").split())
        for secret in self.secrets:  # some servers repeat the key they refuse
            text = text.replace(secret, "***")
        return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."

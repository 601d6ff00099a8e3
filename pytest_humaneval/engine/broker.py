"""Who asked for what, and what came of it: the engine process's shared state."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_humaneval.engine.answered import Answered
from pytest_humaneval.engine.engine_progress import EngineProgress
from pytest_humaneval.engine.forecast import Forecast, Underway
from pytest_humaneval.engine.kept_answers import KeptAnswers
from pytest_humaneval.engine.protocol import Answer
from pytest_humaneval.engine.sharing import POLL_SECONDS
from pytest_humaneval.exceptions import EngineError, StoppedError
from pytest_humaneval.finish_reasons import settled
from pytest_humaneval.sample import Generation, Request

ANNOUNCEMENT_SECONDS = 120.0  # from a worker's question to the controller's list of items, which takes a moment
FORECAST_SECONDS = 0.4  # between two looks ahead, and
FORECAST_SECONDS_EACH = 0.002  # for each request, a hundred times what it costs
ENDED = "the run has ended"


class Broker:
    """Takes requests from the workers' connections, hands them to the engine loop, and keeps the answers.

    Equal requests are one: the first one that comes in is handed on, all receive its answer. Thread-safe.
    """

    def __init__(self, kept: KeptAnswers) -> None:
        self._changed = threading.Condition()
        self._answers: dict[str, Generation | EngineError] = {}
        self._answered: Answered | None = None  # in which order, from when somebody asks for that
        self._waiting: dict[str, Request] = {}  # taken in, not yet handed to the engine
        self._handed_on: dict[str, Request] = {}
        self._stopped: dict[str, str] = {}  # strategies that want no more answers, and why
        self._kept: set[str] = set()  # what others ask as well
        self._awaited: set[str] = set()  # what somebody who goes on has waited for
        self._unwanted: set[str] = set()  # of what was handed on; the engine has not been told
        self._dropped: dict[str, Request] = {}  # made again if somebody asks after all
        self._announced: set[str] | None = None  # keys of the solutions to come; None until that is known
        self._solutions: dict[str, dict[str, Any]] = {}
        self._broken: EngineError | None = None
        self._ended = False
        self._held = False  # whether the engine may load, but not generate yet
        self._progress = EngineProgress()
        self._busy_since: float | None = None
        self._forecast = Forecast()
        self._forecast_at = -math.inf  # seconds of generating, when it was last asked
        self._kept_answers = kept
        self.notices = list(kept.take_notices())

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Those of ``keys`` that nobody asked for yet and the store does not hold."""
        with self._changed:
            unknown = [key for key in dict.fromkeys(keys) if not self._known(key)]
            if stored := self._kept_answers.get(unknown):
                self._take_in(stored)
                self._progress.from_store += len(stored)
                self._changed.notify_all()
            return [key for key in unknown if key not in self._answers]

    def submit(self, batch: Iterable[tuple[str, Request]]) -> None:
        """Ask for generations, in this order."""
        with self._changed:
            for key, request in batch:
                if self._broken is not None:
                    self._take_in({key: self._broken} if key not in self._answers else {})
                elif not self._known(key):
                    self._waiting[key] = request
                    self._progress.total += 1
                    self._forecast.expect(request.sampling.max_tokens)
                    if self._is_unwanted(key, request):
                        self._drop(key, self._waiting.pop(key))
            self._changed.notify_all()

    def wait_for(self, key: str, strategy: str = "") -> Generation | EngineError | StoppedError:
        """The answer to a submitted request, when it is there, or the word that its strategy wants none any more."""
        with self._changed:
            if not self._known(key):
                return EngineError(f"request {key[:12]} was never submitted")
            if strategy not in self._stopped:
                self._awaited.add(key)
                self._bring_back(key)
            self._changed.wait_for(lambda: key in self._answers or strategy in self._stopped)
            return StoppedError(self._stopped[strategy]) if strategy in self._stopped else self._answers[key]

    def news(self, since: int, num_stopped: int) -> tuple[list[str], list[str], int]:
        """The keys answered after answer number ``since``, the stopped strategies, and the newest answer's number.

        Waits until there is more of either; nothing is more where the run has ended. For one who waits for many: it
        sees each key once, however often it asks, and what was forgotten not at all.
        """
        with self._changed:
            if self._answered is None:
                self._answered = Answered(self._answers)
            answered = self._answered
            self._changed.wait_for(lambda: answered.after(since) or len(self._stopped) > num_stopped or self._ended)
            return answered.after(since), list(self._stopped), answered.number

    def want(self, keys: Iterable[str]) -> None:
        """Make these in any case: somebody who goes on waits for them."""
        with self._changed:
            for key in keys:
                self._awaited.add(key)
                self._bring_back(key)

    def stop(self, strategies: Mapping[str, str], keep: Iterable[str]) -> None:
        """Want no more answers to these strategies, but to the keys to ``keep``: others ask the same."""
        with self._changed:
            self._stopped |= strategies
            self._kept = set(keep)
            for key in [key for key, request in self._waiting.items() if self._is_unwanted(key, request)]:
                self._drop(key, self._waiting.pop(key))
            self._unwanted = {key for key, request in self._handed_on.items() if self._is_unwanted(key, request)}
            self._changed.notify_all()

    def unwanted(self) -> set[str]:
        """What the engine need not answer, since the last call."""
        with self._changed:
            unwanted, self._unwanted = (self._unwanted & self._handed_on.keys()) - self._awaited, set()
            return unwanted

    def dropped(self, keys: Collection[str]) -> None:
        """Learn which of them it is not going to answer."""
        with self._changed:
            for key in keys:
                if (request := self._handed_on.pop(key, None)) is not None:
                    self._drop(key, request)
                if key in self._awaited:  # since the engine was told
                    self._bring_back(key)
            self._changed.notify_all()
        self._kept_answers.give_back(keys)

    def forget(self, keys: Iterable[str]) -> None:
        """Keep the answers to these no longer: who asks again is answered from the store, or anew."""
        with self._changed:
            for key in keys:
                self._answers.pop(key, None)
                self._awaited.discard(key)
                if self._answered is not None:
                    self._answered.forget(key)

    def announce(self, keys: Iterable[str]) -> None:
        """Learn which solutions are going to be published, in addition to those announced before."""
        with self._changed:
            self._announced = (self._announced or set()).union(keys)
            self._changed.notify_all()

    def publish(self, key: str, answer: dict[str, Any]) -> None:
        """Keep a solution, or the error that is there instead. Its maker knows what is in it; the broker does not."""
        with self._changed:
            self._solutions.setdefault(key, answer)  # the first word stands: somebody may have acted on it
            self._changed.notify_all()

    def solution(self, key: str, strategy: str = "") -> dict[str, Any]:
        """What was published under ``key``, when it is there; an error where nobody announced it, or wants it."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._announced is not None, ANNOUNCEMENT_SECONDS):
                return {"error": f"nobody began to solve {key} within {ANNOUNCEMENT_SECONDS:g} s"}
            if key not in (self._announced or ()):
                return {"error": f"{key} was not among the items to solve"}
            self._changed.wait_for(lambda: key in self._solutions or self._ended or strategy in self._stopped)
            if strategy in self._stopped:
                return {"stopped": self._stopped[strategy]}
            return self._solutions.get(key, {"error": ENDED})

    def take(self, *, block: bool) -> list[tuple[str, Request]]:
        """The requests that came in since the last call; with ``block``, waits for the first, or for the end.

        Those that another runner is at are left to it, until it has answered or given them back.
        """
        while True:
            with self._changed:
                if block:
                    self._enter_busy(False)
                    self._changed.wait_for(lambda: bool(self._waiting) or self._ended)
                if self._ended or not self._kept_answers.is_shared:
                    return self._hand_on(list(self._waiting))
            batch = self._take_claimed()
            if batch or not block:
                return batch
            with self._changed:
                self._changed.wait(POLL_SECONDS)

    def finish(self, answers: Sequence[Answer], cached_prompt_tokens: int = 0) -> None:
        """Keep answers, in the store first: what a worker has seen is never lost.

        ``cached_prompt_tokens`` is the engine's count so far.
        """
        answers = [(key, settled(answer) if isinstance(answer, Generation) else answer) for key, answer in answers]
        generated = [(key, answer) for key, answer in answers if isinstance(answer, Generation)]
        notice = self._kept_answers.put(generated)
        self._kept_answers.give_back([key for key, _ in answers])
        with self._changed:
            self.notices += [notice] if notice else []
            for key, answer in answers:
                self._take_in({key: answer})
                self._progress.dropped -= self._dropped.pop(key, None) is not None  # it came after all
                self._handed_on.pop(key, None)
            self._progress.finished += len(answers)
            self._progress.tokens += sum(generation.completion_tokens for _, generation in generated)
            self._progress.prompt_tokens += sum(generation.prompt_tokens for _, generation in generated)
            self._progress.cached_prompt_tokens = cached_prompt_tokens
            for _, generation in generated:
                tokens = generation.prompt_tokens, generation.completion_tokens
                self._forecast.finish(self._generating_seconds(), *tokens)
            self._changed.notify_all()

    def observe(self, underway: Underway) -> None:
        """Learn how far the engine is with what it has not answered."""
        with self._changed:
            self._forecast.observe(self._generating_seconds(), underway)

    def note(self, notices: Iterable[str]) -> None:
        """Tell the reader of the summary, once."""
        with self._changed:
            self.notices += [notice for notice in notices if notice not in self.notices]

    def fail(self, error: EngineError) -> None:
        """Answer everything outstanding, and everything to come, with ``error``."""
        with self._changed:
            self._fail(error)
        self._kept_answers.give_all_back()

    def _fail(self, error: EngineError) -> None:
        with self._changed:
            self._broken = error
            outstanding = self._handed_on.keys() | self._waiting.keys()
            self._take_in(dict.fromkeys(outstanding, error))
            self._handed_on.clear()
            self._waiting.clear()
            self._enter_busy(False)
            self._progress.phase = "failed"
            self._progress.message = str(error)
            self._changed.notify_all()

    def end(self) -> None:
        """Let the run go: whoever still waits is told that it has ended, and the store is closed."""
        with self._changed:
            self._ended = True
            self._fail(EngineError(ENDED))
        self.close()

    def hold(self) -> None:
        """Let the engine load, and generate nothing until :meth:`release`."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Let the engine generate."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def await_release(self) -> None:
        """Wait until the engine may generate, or the run is over."""
        with self._changed:
            if self._held and self._progress.phase == "loading":
                self._progress.message = "ready; the canonical solutions are being tried"
            self._changed.wait_for(lambda: not self._held or self._ended)

    def has_ended(self) -> bool:
        """Whether the run is over, by :meth:`end`."""
        with self._changed:
            return self._ended

    @property
    def outstanding(self) -> bool:
        """Whether the engine still owes answers."""
        with self._changed:
            return bool(self._handed_on)

    def loading(self, message: str) -> None:
        """Say what the engine is doing before it can generate; nothing, when it can again."""
        if not message:
            self.generating()
            return
        with self._changed:
            self._progress.phase = "loading"
            self._progress.message = message

    def found_warm(self) -> None:
        """Say that the engine had its model loaded before this run."""
        with self._changed:
            self._progress.warm = True
            self._progress.ready_at = time.time()

    def generating(self, loading_seconds: float | None = None) -> None:
        """Say that the engine is at work from now on."""
        with self._changed:
            self._progress.phase = "generating"
            self._progress.message = ""
            if loading_seconds is not None:
                self._progress.loading_seconds = loading_seconds
                self._progress.ready_at = time.time()
            self._enter_busy(True)

    def progress(self) -> dict[str, Any]:
        """:class:`EngineProgress` and the notices so far, as plain builtins."""
        with self._changed:
            self._look_ahead()
            self.notices += self._kept_answers.take_notices()
            state = {"notices": list(self.notices), "generating_seconds": self._generating_seconds()}
            return asdict(self._progress) | state

    def close(self) -> None:
        """Close the store."""
        self._kept_answers.close()

    def _hand_on(self, keys: Iterable[str]) -> list[tuple[str, Request]]:
        batch = {key: self._waiting.pop(key) for key in keys if key in self._waiting}
        self._handed_on |= batch
        return list(batch.items())

    def _take_claimed(self) -> list[tuple[str, Request]]:
        """What is ours of that which waits; answers of other runners are taken in. Asks a server, without the lock."""
        with self._changed:
            waiting, in_hand = list(self._waiting), len(self._handed_on)
        claimed, answered = self._kept_answers.claim(waiting, in_hand)
        with self._changed:
            for key in answered.keys() & self._waiting.keys():
                del self._waiting[key]
                self._take_in({key: answered[key]})
                self._progress.total -= 1
                self._progress.from_store += 1
            batch = self._hand_on(claimed)
            self._changed.notify_all()
        self._kept_answers.give_back(set(claimed) - dict(batch).keys())  # dropped meanwhile
        return batch

    def _known(self, key: str) -> bool:
        return any(key in some for some in (self._answers, self._waiting, self._handed_on, self._dropped))

    def _take_in(self, answers: Mapping[str, Generation | EngineError]) -> None:
        self._answers.update(answers)
        if self._answered is not None:
            self._answered.add(answers)

    def _is_unwanted(self, key: str, request: Request) -> bool:
        return request.strategy in self._stopped and key not in self._kept and key not in self._awaited

    def _drop(self, key: str, request: Request) -> None:
        self._dropped[key] = request
        self._progress.dropped += 1

    def _bring_back(self, key: str) -> None:
        if (request := self._dropped.pop(key, None)) is not None:
            self._progress.dropped -= 1
            if self._broken is not None:
                self._take_in({key: self._broken})
            else:
                self._waiting[key] = request
            self._changed.notify_all()

    def _look_ahead(self) -> None:
        """Bring rate, share and time left up to date; a large batch less often, as that takes a moment."""
        now, state = self._generating_seconds(), self._progress
        if now - self._forecast_at < max(FORECAST_SECONDS, state.total * FORECAST_SECONDS_EACH):
            return
        self._forecast_at = now
        to_come = (self._announced or set()) - self._solutions.keys()  # they ask for what nobody can know yet
        state.rate = self._forecast.rate(now)
        state.seconds_left = None if to_come else self._forecast.seconds_left(now)
        share = (state.finished + state.dropped) / max(1, state.total)
        if state.seconds_left is not None and now > 0:
            share = now / (now + state.seconds_left)
        state.share = max(state.share, share)

    def _generating_seconds(self) -> float:
        busy = time.monotonic() - self._busy_since if self._busy_since is not None else 0.0
        return self._progress.generating_seconds + busy

    def _enter_busy(self, busy: bool) -> None:
        now = time.monotonic()
        if busy and self._busy_since is None:
            self._busy_since = now
        elif not busy and self._busy_since is not None:
            self._progress.generating_seconds += now - self._busy_since
            self._busy_since = None

"""What a worker holds of the engine: a connection to its process."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pytest_humaneval.exceptions import EngineError, SharedEngineError, StoppedError, StrategyError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.sample import Generation, Request, Solution
from pytest_humaneval.text.wording import cannot_be_read

SUBMIT_AT_ONCE = 2_000  # requests in one message; bounds its size to some megabytes


class Channel(Protocol):
    """What is used of execnet's channels."""

    def send(self, item: object) -> None: ...

    def receive(self) -> Any: ...


class News(NamedTuple):
    """The keys of answers, in their order, the strategies that want no more, and the number of the newest answer."""

    keys: list[str]
    stopped: list[str]
    number: int


class EngineClient:
    """Asks the engine process for generations. Not thread-safe: one for each thread.

    Through its socket or, where that is out of reach (another host, another user, another mount namespace), through a
    channel whose other end a :class:`~pytest_humaneval.engine.relay.Relay` holds.
    """

    def __init__(self, address: str, log: str, channel: Channel | None = None) -> None:
        self._address = address  # empty: on another host
        self._log = Path(log)
        self._channel = channel
        self._submitted: set[str] = set()
        self._socket: socket.socket | None = None
        self._lines: BufferedReader | None = None

    def submit(self, requests: Iterable[tuple[str, Request]]) -> None:
        """Ask for generations, all at once; those that are already made or being made are not asked for again.

        Raises:
            EngineError: the engine process is gone.
        """
        wanted = dict(requests)
        missing = self._ask({"op": "missing", "keys": list(wanted)})["missing"]
        for start in range(0, len(missing), SUBMIT_AT_ONCE):
            part = missing[start : start + SUBMIT_AT_ONCE]
            self._ask({"op": "submit", "batch": [(key, to_plain(wanted[key])) for key in part]})
        self._submitted |= wanted.keys()

    def generation(self, key: str, request: Request) -> Generation:
        """The answer to a request, submitted before or now; waits for it.

        Raises:
            EngineError: it could not be made, or the engine process is gone.
            StoppedError: nobody wants answers to this strategy any more.
        """
        if key not in self._submitted:
            self.submit([(key, request)])
        answer = self._ask({"op": "wait", "key": key, "strategy": request.strategy})
        if "stopped" in answer:
            raise StoppedError(answer["stopped"])
        if "error" in answer:
            raise (SharedEngineError if answer.get("shared") else EngineError)(answer["error"])
        return from_plain(Generation, answer["generation"], "the engine's answer", EngineError)

    def news(self, since: int, stopped: int) -> News:
        """What was answered after answer number ``since``, and all stopped strategies where they are more.

        Waits until there is something of either.

        Raises:
            EngineError: the engine process is gone.
        """
        answer = self._ask({"op": "news", "since": since, "stopped": stopped})
        return News(answer["keys"], answer["stopped"], answer["number"])

    def want(self, keys: Iterable[str]) -> None:
        """Say that these are still wanted, whoever wants no more of them.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "want", "keys": list(keys)})

    def take(self, key: str, request: Request) -> Generation:
        """The same as :meth:`generation`, for good: the engine process forgets the answer, as does this side.

        Raises:
            EngineError: it could not be made, or the engine process is gone.
        """
        try:
            return self.generation(key, request)
        finally:
            self._submitted.discard(key)
            self._ask({"op": "forget", "keys": [key]})

    def announce(self, keys: Iterable[str]) -> None:
        """Say which solutions are going to be published; nobody waits for another one.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "announce", "keys": list(keys)})

    def publish(self, key: str, solution: Solution) -> None:
        """Leave a solution for the worker that waits for it.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "publish", "key": key, "answer": {"solution": to_plain(solution)}})

    def publish_error(self, key: str, message: str, *, shared: bool = False, by_strategy: bool = False) -> None:
        """Leave word that there is no solution, and why; ``shared`` where no item can have one.

        ``by_strategy`` says that it is the strategy's own fault.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask(
            {"op": "publish", "key": key, "answer": {"error": message, "shared": shared, "strategy": by_strategy}}
        )

    def stop(self, strategies: Mapping[str, str], keep: Iterable[str]) -> None:
        """Say that these strategies, each with the reason, want no more answers; but for those to the keys to ``keep``.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "stop", "strategies": dict(strategies), "keep": list(keep)})

    def solution(self, key: str, strategy: str) -> Solution:
        """A solution that was, or is going to be, published; waits for it.

        Raises:
            StrategyError: there will be none, by the strategy's own fault.
            EngineError: there will be none, or the engine process is gone.
            StoppedError: nobody wants solutions of this strategy any more.
        """
        answer = self._ask({"op": "solution", "key": key, "strategy": strategy})
        if "stopped" in answer:
            raise StoppedError(answer["stopped"])
        if answer.get("strategy"):
            raise StrategyError(answer["error"])
        if "error" in answer:
            raise (SharedEngineError if answer.get("shared") else EngineError)(answer["error"])
        return from_plain(Solution, answer["solution"], "the guide's answer", EngineError)

    def hold(self) -> None:
        """Have the engine load when it is asked for something, and generate nothing before :meth:`release`.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "hold"})

    def release(self) -> None:
        """Let the engine generate.

        Raises:
            EngineError: the engine process is gone.
        """
        self._ask({"op": "release"})

    def progress(self) -> dict[str, Any]:
        """What the engine is doing: the fields of ``engine.engine_progress.EngineProgress``, and ``notices``."""
        return self._ask({"op": "progress"})

    def close(self) -> None:
        """Hang up; a later question would call again."""
        if self._lines is not None:
            self._lines.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._lines = None

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        line = self.exchange(json.dumps(question).encode() + b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def exchange(self, message: bytes) -> bytes:
        """Send a line and return the line that answers it.

        Raises:
            EngineError: the engine process is gone.
        """
        try:
            line = self._exchange(message)
        except OSError as error:
            raise SharedEngineError(self._gone(error)) from error
        if not line.endswith(b"\n"):
            raise SharedEngineError(self._gone(None))
        return line

    def _exchange(self, message: bytes) -> bytes:
        if self._lines is None and not self._connect():
            return self._through_channel(message)
        assert self._socket is not None
        assert self._lines is not None
        self._socket.sendall(message)
        return self._lines.readline()

    def _connect(self) -> bool:
        """Call the engine; False where only the channel reaches it."""
        if not self._address:
            return False
        caller = socket.socket(socket.AF_UNIX)
        try:
            caller.connect(self._address)
        except OSError as error:
            caller.close()
            if self._channel is None or not isinstance(error, FileNotFoundError | PermissionError):
                raise
            self._address = ""
            return False
        self._socket, self._lines = caller, caller.makefile("rb")
        return True

    def _through_channel(self, message: bytes) -> bytes:
        if self._channel is None:
            raise EngineError("this worker was not given the address of the engine")
        try:
            self._channel.send(message)
            answer = self._channel.receive()
        except EOFError:
            raise EngineError("the process that started this worker hung up") from None
        if isinstance(answer, str):
            raise EngineError(answer)
        return bytes(answer)

    def _gone(self, error: OSError | None) -> str:
        why = f" ({error.strerror})" if error is not None and error.strerror else ""
        return f"the engine process ended{why}; the end of its log, {self._log}:\n{log_tail(self._log)}"


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, or a note that there are none."""
    try:
        tail = log.read_text(errors="backslashreplace").splitlines()[-lines:]
    except OSError as error:
        return cannot_be_read("the log", error)
    return "\n".join(tail) or "(the log is empty)"

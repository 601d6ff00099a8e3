r"""Answers from a script: for tests, for the documentation, and for trying the harness without a model.

``--humaneval-script FILE`` names a JSON object. Its keys say whom an answer is for, from the most to the least special:
``"HumanEval/0 minimal"`` (task and strategy), ``"HumanEval/0"``, ``"* minimal"``, ``"*"``. A value is the text itself,
an object, or a list of either with one element a sample::

    {
      "HumanEval/0": "    return 1\n",
      "HumanEval/1": ["    return 1\n", {"text": "    return 2\n", "delay": 0.5}],
      "*": {"error": "out of memory"},
      "start": {"delay": 2}
    }

An object holds ``text`` and its ``finish_reason``, ``prompt_tokens`` and ``completion_tokens``, or else one fault:
``error`` (a message), ``exit`` (ends the engine process with that status) or ``hang`` (true: never answers).
``delay`` is in seconds from submission, or from the moment when the file that ``after`` names is there. ``start`` may
hold delay, error, exit or hang for the loading phase. Without a script every answer is a stub, which no problem takes.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.sample import Generation, Request
from pytest_humaneval.text.wording import cannot_be_read

STUB = "    pass\n"
_POLL = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Line:
    """One answer of a script."""

    text: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    delay: float = 0.0  # seconds
    after: str = ""  # the path of a file
    error: str = ""
    exit: int | None = None
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Answers by whom they are for. A tuple has one line a sample; a single line answers every sample."""

    name: str
    start: Line
    answers: dict[str, Line | tuple[Line, ...]]

    def line(self, request: Request) -> Line:
        """The answer for one request.

        Raises:
            EngineError: the script has none.
        """
        task, strategy = request.task_id, request.strategy
        for key in (f"{task} {strategy}", task, f"* {strategy}", "*"):
            if (answer := self.answers.get(key)) is not None:
                return answer if isinstance(answer, Line) else self._sample(answer, request)
        raise EngineError(f"{self.name} has no answer for {task} {strategy}, and no '*'")

    def _sample(self, lines: tuple[Line, ...], request: Request) -> Line:
        if request.sample_index < len(lines):
            return lines[request.sample_index]
        raise EngineError(f"{self.name} has no sample {request.sample_index} of {request.task_id} {request.strategy}")


def read_script(path: str) -> Script:
    """Read a script; an empty path is the stub.

    Raises:
        InputError: it cannot be read, or is not a script.
    """
    if not path:
        return Script("the stub script", Line(), {"*": Line(STUB)})
    try:
        entries = json.loads(_bytes(path), object_pairs_hook=lambda pairs: _without_doubles(path, pairs))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(entries, dict):
        raise InputError(f"{path}: a script is a JSON object, from task ids to answers")
    start = _line(path, "start", entries.pop("start", {}))
    return Script(path, start, {key: _lines(path, key, entry) for key, entry in entries.items()})


def identity(options: EngineOptions) -> str:
    """What the answers depend on: the script's SHA-256.

    Raises:
        InputError: it cannot be read, or is not a script.
    """
    read_script(options.file)
    return hashlib.sha256(_bytes(options.file)).hexdigest() if options.file else "stub"


class ScriptedEngine:
    """Plays a script, on time and in the order of submission."""

    cached_prompt_tokens = 0

    def __init__(self, options: EngineOptions, progress: Callable[[str], None]) -> None:
        self._script = read_script(options.file)
        self._progress = progress
        self._order = itertools.count()
        self._scheduled: list[_Scheduled] = []  # a heap: the next one due is first
        self._waiting: list[tuple[str, Line]] = []  # for a file

    def start(self) -> None:
        """Wait, fail or end as the script's ``start`` says."""
        self._progress(f"reading {self._script.name}")
        start = self._script.start
        time.sleep(start.delay)
        if start.exit is not None:
            _end_process(start.exit)
        while start.hang:
            time.sleep(_POLL)
        if start.error:
            raise EngineError(start.error)

    def submit(self, batch: list[tuple[str, Request]]) -> None:
        """Schedule every answer."""
        lines = [(key, self._line(request)) for key, request in batch]
        self._waiting += [(key, line) for key, line in lines if line.after]
        self._schedule((key, line) for key, line in lines if not line.after)

    def _schedule(self, lines: Iterable[tuple[str, Line]]) -> None:
        now = time.monotonic()
        for key, line in lines:
            if not line.hang:
                heapq.heappush(self._scheduled, _Scheduled(now + line.delay, next(self._order), now, key, line))

    def poll(self) -> Iterable[Answer]:
        """The answers that are due."""
        time.sleep(self._seconds_to_wait())
        there = [waiting for waiting in self._waiting if os.path.exists(waiting[1].after)]
        self._waiting = [waiting for waiting in self._waiting if waiting not in there]
        self._schedule(there)
        answers: list[Answer] = []
        while self._scheduled and self._scheduled[0].due <= time.monotonic():
            if self._scheduled[0].line.exit is not None and answers:
                break  # the next call ends the process; what was due before is answered first
            next_one = heapq.heappop(self._scheduled)
            answers.append((next_one.key, _outcome(next_one.line, time.monotonic() - next_one.submitted)))
        return answers

    def drop(self, keys: Collection[str]) -> Collection[str]:
        """Forget these."""
        self._scheduled = [request for request in self._scheduled if request.key not in keys]
        heapq.heapify(self._scheduled)
        self._waiting = [waiting for waiting in self._waiting if waiting[0] not in keys]
        return keys

    def reset(self) -> None:
        """Forget what is scheduled."""
        self._scheduled.clear()
        self._waiting.clear()

    def close(self) -> None:
        """The same: it holds nothing else."""
        self.reset()

    def _seconds_to_wait(self) -> float:
        if not self._scheduled:
            return _POLL
        return min(_POLL, max(0.0, self._scheduled[0].due - time.monotonic()))

    def _line(self, request: Request) -> Line:
        try:
            return self._script.line(request)
        except EngineError as error:
            return Line(error=str(error))


class _Scheduled(NamedTuple):
    """One answer to come. ``order`` keeps answers that are due at once in the order of submission."""

    due: float  # on the monotonic clock, like submitted
    order: int
    submitted: float
    key: str
    line: Line


def _outcome(line: Line, seconds: float) -> Generation | EngineError:
    if line.exit is not None:
        _end_process(line.exit)
    if line.error:
        return EngineError(line.error)
    return Generation(line.text, line.finish_reason, line.prompt_tokens, line.completion_tokens, seconds)


def _end_process(status: int) -> NoReturn:
    print(f"the script ends the engine process with status {status}", file=sys.stderr, flush=True)
    os._exit(status)  # at once, as a crash would


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error


def _without_doubles(path: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        doubled = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise InputError(f"{path}: {doubled!r} appears twice")
    return entries


def _lines(path: str, key: str, entry: object) -> Line | tuple[Line, ...]:
    if isinstance(entry, list):
        return tuple(_line(path, f"{key}, sample {index}", each) for index, each in enumerate(entry))
    return _line(path, key, entry)


def _line(path: str, where: str, entry: object) -> Line:
    if isinstance(entry, str):
        return Line(entry)
    if not isinstance(entry, dict):
        raise InputError(f"{path}: {where}: expected a string, an object or a list of these, not {json.dumps(entry)}")
    for name, value in entry.items():
        if name not in _FIELDS:
            raise InputError(f"{path}: {where}: unknown field {name!r}; known: {', '.join(_FIELDS)}")
        what, fits = _FIELDS[name]
        if not fits(value):
            raise InputError(f"{path}: {where}: {name} must be {what}, not {json.dumps(value)}")
    return Line(**entry)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and _is_number(value, low, high)


_FIELDS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "text": ("text", _is_text),
    "finish_reason": ("text", _is_text),
    "prompt_tokens": ("a whole number from 0", lambda value: _is_whole(value, 0, 10**9)),
    "completion_tokens": ("a whole number from 0", lambda value: _is_whole(value, 0, 10**9)),
    "delay": ("seconds, at most a day", lambda value: _is_number(value, 0, 86_400)),
    "after": ("text", _is_text),
    "error": ("text", _is_text),
    "exit": ("an exit status, from 0 to 255", lambda value: _is_whole(value, 0, 255)),
    "hang": ("true or false", lambda value: isinstance(value, bool)),
}

"""The worker's hold on its oracle: starts it, asks it for verdicts, drops it when anything goes wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from pytest_humaneval.exceptions import InputError, SandboxError
from pytest_humaneval.printable import printable
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.budget import wall_limit
from pytest_humaneval.sandbox.codec import MAX_MESSAGE, CodecError
from pytest_humaneval.sandbox.decoder import decode
from pytest_humaneval.sandbox.encoder import encode
from pytest_humaneval.sandbox.frames import CHUNK, FrameReader, framed
from pytest_humaneval.sandbox.launch import SERVER_ENVIRONMENT, Launch, boot
from pytest_humaneval.sandbox.oracle import STARTED, STARTED_FILE
from pytest_humaneval.sandbox.scratch import remove_tree
from pytest_humaneval.verdict import Verdict

START_PATIENCE = 60.0  # seconds for oracle and server to start; a container on a busy machine needs some
MAX_DETAIL = 2_000  # characters
SHARED_MEMORY = "/dev/shm"
GRACE = 1.0  # seconds beyond the wall limit before the oracle is given up
MAX_TIMEOUT = 1e6  # seconds; clocks and limits of the system overflow somewhere above
MAX_COMPLETION = MAX_MESSAGE // 4  # characters: up to four bytes each


class NotDoneError(Exception):
    """No answer in time."""


class ProcessSandbox:
    """The sandbox with an oracle in one process and generated code in another.

    Of the ways to start the server, the first that works is taken.
    """

    def __init__(self, launches: Sequence[Launch]) -> None:
        self._launches = tuple(launches)
        self._layers: tuple[str, ...] = ()
        self._socket: socket.socket | None = None
        self._oracle: subprocess.Popen[bytes] | None = None
        self._workspace = ""
        self._started_file = -1  # its descriptor
        self._busy = False

    @property
    def name(self) -> str:
        """Which sandbox it is; before it is entered, the one that is going to be tried first."""
        return self._launches[0].name

    @property
    def layers(self) -> tuple[str, ...]:
        """The isolation layers in force; empty before the sandbox is entered."""
        return self._layers

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._drop()
        except BaseException:
            self._drop()  # an interruption of the end does not stop it
            raise

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        """Judge a completion; see :meth:`Sandbox.check`."""
        if not 0 < timeout <= MAX_TIMEOUT:
            raise InputError(f"timeout: {timeout} is no number of seconds between 0 and {MAX_TIMEOUT:.0f}")
        if len(completion) > MAX_COMPLETION:
            return Verdict("refused", f"the completion has more than {MAX_COMPLETION} characters")
        if self._busy or self._oracle is None or self._oracle.poll() is not None:
            self._start()  # an earlier check was interrupted, and its answer may still arrive; or the oracle was killed
        self._busy = True
        asked = (problem.prompt, problem.entry_point, problem.test, completion, float(timeout))
        answer = self._conversation(asked, wall_limit(timeout) + GRACE)
        self._busy = False
        return _verdict(completion, *answer)

    def _conversation(self, asked: tuple[Any, ...], patience: float) -> tuple[str, str, float]:
        try:
            os.pwrite(self._started_file, STARTED.pack(0.0), 0)
            self._send(encode(asked))
            kind, detail, duration = self._receive(patience)
        except NotDoneError:
            self._drop()
            return "timed out", f"the test was not done {patience:g} s after its start", patience
        except (OSError, EOFError, CodecError) as error:
            self._drop()
            raise SandboxError(f"the sandbox's oracle did not answer: {error}") from None
        except BaseException:
            self._drop()
            raise
        return kind, detail, duration

    def _start(self) -> None:
        for launch in self._launches[:-1]:
            try:
                return self._start_with(launch)
            except SandboxError:
                continue
        return self._start_with(self._launches[-1])

    def _start_with(self, launch: Launch) -> None:
        self._drop()
        try:
            state, what = self._open_conversation(launch)
        except (OSError, EOFError, CodecError, NotDoneError) as error:
            self._drop()
            raise _no_start(launch, str(error)) from None
        except BaseException:
            self._drop()
            raise
        if state != "ready":
            self._drop()
            raise _no_start(launch, printable(str(what), MAX_DETAIL))
        self._layers = ("oracle", *launch.around, *what)
        self._launches = (launch,)
        self._busy = False

    def _open_conversation(self, launch: Launch) -> Any:
        """Start the oracle; its first message."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs, _signals_held():
            self._make_workspace()
            settings = {
                "channel": theirs.fileno(),
                "command": launch.command,
                "cleanup": launch.cleanup,
                "environment": SERVER_ENVIRONMENT,
                "workspace": self._workspace,
                "worker": os.getpid(),
                "path": [path for path in sys.path if path],  # tests are trusted: they may import what the worker can
            }
            self._oracle = subprocess.Popen(
                boot("oracle", settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the worker's to handle
            )
        return self._receive(START_PATIENCE)

    def _make_workspace(self) -> None:
        self._workspace = tempfile.mkdtemp(prefix=f"humaneval-{os.getpid()}-", dir=_temporary_folder())
        os.chmod(self._workspace, 0o711)  # the server may become another user
        self._started_file = os.open(os.path.join(self._workspace, STARTED_FILE), os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._started_file, STARTED.pack(0.0), 0)

    def _send(self, message: bytes) -> None:
        assert self._socket is not None
        self._socket.settimeout(START_PATIENCE)
        self._socket.sendall(framed(message))

    def _receive(self, patience: float) -> Any:
        """The oracle's next message.

        Raises:
            NotDoneError: none came within ``patience`` seconds from the start of the check.
            TimeoutError: the check did not start.
        """
        assert self._socket is not None
        asked = time.monotonic()
        reader, message = FrameReader(), None
        while message is None:
            self._socket.settimeout(min(patience, self._time_left(asked, patience)))
            with suppress(TimeoutError):
                message = reader.feed(self._socket.recv(CHUNK))
        return decode(message)

    def _time_left(self, asked: float, patience: float) -> float:
        """Seconds to wait: the limits hold for the completion, not for what it takes to start it."""
        (started,) = STARTED.unpack(os.pread(self._started_file, STARTED.size, 0))
        left: float = (started + patience if started else asked + START_PATIENCE) - time.monotonic()
        if left > 0:
            return left
        if started:
            raise NotDoneError(f"no answer within {patience:g} s")
        raise TimeoutError(f"it did not start within {START_PATIENCE:g} s")

    def _drop(self) -> None:
        """End the oracle and everything below it: at once when it is in the middle of something."""
        if self._busy and self._oracle is not None:
            self._oracle.kill()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._oracle is not None:
            _end(self._oracle)
            self._oracle = None
        if self._started_file >= 0:
            os.close(self._started_file)
            self._started_file = -1
        if self._workspace:
            remove_tree(self._workspace)  # the oracle has done so, unless it had to be killed
            self._workspace = ""
        self._busy = False


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep signals waiting: an interruption between a process's start and its being known would leave it behind.

    Blocking them is not enough. The kernel then hands a signal to any other thread, and Python still runs its handler
    in the main one. So handlers that could raise give way to a note, and the signals are sent anew in the end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    arrived: list[int] = []
    handlers: list[tuple[Any, Any]] = []  # signals, which may be plain numbers, and what they had
    try:
        if threading.current_thread() is threading.main_thread():  # the only one that handlers run in
            for number in signal.valid_signals():
                if callable(handler := signal.getsignal(number)):
                    handlers.append((number, handler))
                    signal.signal(number, lambda number, frame: arrived.append(number))
        yield
    finally:
        try:
            _restore(handlers)
        finally:
            for late in arrived:
                signal.raise_signal(late)  # waits like the others
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _restore(handlers: list[tuple[Any, Any]]) -> None:
    """Give every signal its handler back, also when one of them raises meanwhile."""
    raised: BaseException | None = None
    while handlers:
        try:
            signal.signal(*handlers[-1])
            handlers.pop()
        except BaseException as error:
            raised = error
    if raised is not None:
        raise raised


def _no_start(launch: Launch, why: str) -> SandboxError:
    advice = f" ({launch.advice})" if launch.advice and "image" in why.lower() else ""
    return SandboxError(f"the sandbox {launch.name!r} did not start: {why}{advice}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that has been told to leave; kill it when it does not."""
    try:
        process.wait(2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _temporary_folder() -> str | None:
    """In memory, where that can be had: a busy disk shall not slow a check down."""
    return SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK | os.X_OK) else None


def _verdict(completion: str, kind: str, detail: str, duration: float) -> Verdict:
    detail = printable(printable(detail, MAX_DETAIL), MAX_DETAIL)  # as text, an unprintable character is longer
    if kind == "error":
        raise SandboxError(detail)
    if kind != "passed" and _is_blank(completion):
        told = "the completion is only a comment" if completion.strip() else "the completion has no code"
        return Verdict("empty", told, duration)
    return Verdict(kind, detail, duration)  # type: ignore[arg-type]


def _is_blank(completion: str) -> bool:
    return all(not line or line.startswith("#") for line in map(str.strip, completion.splitlines()))

"""The worker's hold on its oracle: starts it, asks it for verdicts, drops it when anything goes wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from pytest_humaneval.exceptions import InputError, SandboxError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.launch import ORACLE, SERVER_ENVIRONMENT, Launch, boot
from pytest_humaneval.sandbox.oracle.budget import wall_limit
from pytest_humaneval.sandbox.oracle.oracle import OVERCOME, STARTED, STARTED_FILE
from pytest_humaneval.sandbox.oracle.scratch import remove_tree
from pytest_humaneval.sandbox.oracle.server_process import started
from pytest_humaneval.sandbox.signals import signals_held
from pytest_humaneval.sandbox.wire.codec import MAX_MESSAGE, CodecError
from pytest_humaneval.sandbox.wire.decoder import decode
from pytest_humaneval.sandbox.wire.encoder import encode
from pytest_humaneval.sandbox.wire.frames import CHUNK, FrameReader, framed
from pytest_humaneval.text.printable import printable
from pytest_humaneval.verdict import Verdict

START_PATIENCE = 60.0  # seconds for oracle and server to start; a container on a busy machine needs some
MAX_DETAIL = 2_000  # characters
SHARED_MEMORY = "/dev/shm"
WORKSPACE = 1 << 20  # bytes that a workspace may need; what completions write is elsewhere
GRACE = 1.0  # seconds beyond the wall limit before the oracle is given up
MAX_TIMEOUT = 1e6  # seconds; clocks and limits of the system overflow somewhere above
# How an oracle ends that a value has brought down.
CRASHES = {OVERCOME, *(-number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE))}


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
        self._reader = FrameReader()  # of the socket, on which a further verdict may follow at once
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
            raise InputError(f"timeout: {timeout} is not a number of seconds between 0 and {MAX_TIMEOUT:.0f}")
        message = _message(problem, completion, timeout)
        if message is None:
            reason = f"prompt, completion and test together have more than {MAX_MESSAGE} bytes"
            refused = Verdict("refused", reason)
            return replace(refused, strong=refused if problem.strong_test else None)
        if self._busy or self._oracle is None or self._oracle.poll() is not None:
            self._start()  # an earlier check was interrupted, and its answer may still arrive; or the oracle was killed
        self._busy = True
        patience = wall_limit(timeout) + GRACE
        answer = self._conversation(message, patience)
        further = None
        if problem.strong_test:  # which the oracle runs on what has passed the plain test
            further = self._conversation(b"", patience) if answer[0] == "passed" else (answer[0], "", 0.0)
        self._busy = False
        verdict = _verdict(completion, *answer)
        return replace(verdict, strong=_verdict(completion, *further)) if further is not None else verdict

    def _conversation(self, message: bytes, patience: float) -> tuple[str, str, float]:
        """Ask, and wait for a verdict; without a message, wait for a further one."""
        try:
            if message:
                os.pwrite(self._started_file, STARTED.pack(0.0), 0)
                self._send(message)
            kind, detail, duration = self._receive(patience)
        except NotDoneError:
            self._drop()
            return "timed out", f"the test had not finished {patience:g} s after its start", patience
        except (OSError, EOFError, CodecError) as error:
            if self._overcome():
                return "refused", "the process that ran the test ended while handling a result", 0.0
            raise SandboxError(f"the sandbox's oracle did not answer: {error}") from None
        except BaseException:
            self._drop()
            raise
        return kind, detail, duration

    def _overcome(self) -> bool:
        """Drop the oracle that has not answered; whether it ended over what the program had said.

        Somebody who kills it is no fault of the program.
        """
        (started,) = STARTED.unpack(os.pread(self._started_file, STARTED.size, 0))
        oracle = self._oracle
        self._busy = False  # it is leaving: let it
        self._drop()
        return bool(started) and oracle is not None and oracle.returncode in CRASHES

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
        self._reader = FrameReader()
        with theirs, signals_held():
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
            self._oracle = started(
                boot(ORACLE, settings),
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
        since = time.monotonic()
        while (message := self._reader.taken()) is None:
            self._socket.settimeout(min(patience, self._time_left(since, patience)))
            with suppress(TimeoutError):
                self._reader.add(self._socket.recv(CHUNK))
        return decode(message)

    def _time_left(self, since: float, patience: float) -> float:
        """Seconds to wait: the limits hold for the completion, not for what it takes to start it."""
        (started,) = STARTED.unpack(os.pread(self._started_file, STARTED.size, 0))
        left: float = (started + patience if started else since + START_PATIENCE) - time.monotonic()
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
    """In memory, where there is room: a busy disk shall not slow a check down."""
    if not os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        return None
    system = os.statvfs(SHARED_MEMORY)
    return SHARED_MEMORY if system.f_bavail * system.f_frsize >= WORKSPACE and system.f_favail > 100 else None


def _message(problem: Problem, completion: str, timeout: float) -> bytes | None:
    """The question to the oracle; None when the completion is too large for one.

    Raises:
        InputError: the problem alone is.
    """
    texts = (problem.prompt, problem.entry_point, problem.test, problem.strong_test, problem.suffix)
    try:
        return encode((*texts, completion, float(timeout)))
    except CodecError as error:
        try:
            encode((*texts, "", float(timeout)))
        except CodecError:
            raise InputError(f"{problem.task_id}: prompt and test cannot cross to the sandbox: {error}") from None
        return None


def _verdict(completion: str, kind: str, detail: str, duration: float) -> Verdict:
    if kind == "passed":
        return Verdict("passed", printable(detail), duration)  # what a test of our own tells is whole, or of no use
    detail = printable(printable(detail, MAX_DETAIL), MAX_DETAIL)  # as text, an unprintable character is longer
    if kind == "error":
        raise SandboxError(detail)
    if _is_blank(completion):
        reason = "the completion is only a comment" if completion.strip() else "the completion has no code"
        return Verdict("empty", reason, duration)
    return Verdict(kind, detail, duration)  # type: ignore[arg-type]


def _is_blank(completion: str) -> bool:
    return all(not line or line.startswith("#") for line in map(str.strip, completion.splitlines()))

"""The oracle: a trusted process that runs the hidden tests and never executes generated code.

It is a process of its own, beside the worker, for two reasons. A test may loop or exhaust its memory over a value it
was given, in C code that no signal interrupts: a worker would hang with it, whereas an oracle is killed and replaced.
And the worker may be interrupted anywhere (pytest-timeout's alarm, Ctrl-C): it then drops its oracle, which takes
server and child along, instead of repairing a conversation that was cut off in the middle.

It reads checks from the worker's socket, one at a time, and answers each with a verdict.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from types import FrameType

from ..confined import limits, room
from ..wire.decoder import decode
from ..wire.encoder import encode
from ..wire.errors import ConfinementError, Leave, LinkError
from ..wire.frames import read_frame, write_frame
from .budget import Budget
from .candidate import Candidate
from .channel import Stop
from .cleaning import Cleaner
from .guards import memory_limit, time_limit
from .judge import Case, Judgement, TestError, Trial, overcome
from .link import Child, End, Link
from .scratch import remove_tree
from .server_process import Recipe

MAX_DETAIL = 20_000  # characters; the worker shortens it further
RENEWED = "renewed"  # a further argument: the worker knows the layers already
PAUSES = (0.0, 0.05, 0.2, 0.5, 1.0)  # seconds before another try: what is short now may be there in a moment
OVERCOME = 71  # exit status when a value was too much even for the words that say so
STARTED_FILE = "started"  # in the workspace: when the current check began, on the monotonic clock; 0 before that
STARTED = struct.Struct("d")


def main() -> None:
    """Start the server, report its layers, then judge until the worker is gone. The first argument is JSON."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the worker held them while it started us
    settings = json.loads(sys.argv[1])
    sys.path += settings["path"]
    recipe = Recipe(settings["command"], settings["cleanup"], settings["environment"], settings["workspace"])
    oracle = Oracle(settings["channel"], recipe)
    try:
        _die_with_worker(settings["worker"])
        oracle.serve(renewed=RENEWED in sys.argv)
    except (EOFError, BrokenPipeError, ConnectionResetError, Leave):
        pass  # the worker has left
    except MemoryError:
        sys.exit(OVERCOME)
    finally:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what follows must not be cut short
        finally:
            oracle.close()


def _die_with_worker(worker: int) -> None:
    """Leave in good order when the worker is killed, also in the middle of a test."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        from ..confined import linux

        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
    except (ImportError, AttributeError, OSError):
        return  # not Linux: the end of file on the worker's socket has to do
    if os.getppid() != worker:
        sys.exit("the worker has left")


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise Leave


class Oracle:
    """Judges completions against one server, which it replaces when it dies."""

    def __init__(self, worker: int, recipe: Recipe) -> None:
        self._worker = worker  # the descriptor of its socket
        self._recipe = recipe
        self._clock = StartClock(recipe.workspace)
        self._link: Link | None = None
        self._spare: Child | None = None  # forked ahead, for the next check
        self._has_told = False  # whether the worker knows that the current program has passed the plain test

    def serve(self, *, renewed: bool = False) -> None:
        """Judge until the worker is gone.

        Raises:
            EOFError, OSError: it is.
        """
        ready = self._start()
        if not renewed:
            write_frame(self._worker, ready)
        cleaner = Cleaner()
        while True:
            *case, completion, timeout = decode(read_frame(self._worker))
            self.answer(Case(*case), completion, timeout)
            if not cleaner.clean():
                self._renew()

    def _renew(self) -> None:
        """Go on as a new process in place of this one: the memory of what was judged is gone for good."""
        self._drop()
        arguments = [argument for argument in sys.orig_argv if argument != RENEWED]
        os.execv(arguments[0], [*arguments, RENEWED])

    def close(self) -> None:
        """End everything, and leave nothing."""
        self._drop()
        remove_tree(self._recipe.workspace)

    def _start(self) -> bytes:
        """The first message to the worker: the layers in force, or why there are none."""
        try:
            limits.lift()
            room.check()
            self._link = Link(self._recipe)
            self._prepare(self._link)
        except (ConfinementError, LinkError, OSError) as error:
            return encode(("error", str(error)))
        return encode(("ready", self._link.layers))

    def answer(self, case: Case, completion: str, timeout: float) -> None:
        """Send the worker the verdict's kind, detail and seconds; or ``error`` and what went wrong.

        Where the problem has a stronger test and the program has passed the first, that verdict is sent and stands
        before the stronger test begins; the next one is by the latter.

        A server that dies with a program is given one more chance: it may have been somebody else's doing. A program
        that takes two of them along has failed. Before the next check begins, nothing is left of this one: neither
        process nor file.
        """
        self._has_told = False
        try:
            if self._answered(case, completion, timeout) or self._answered(case, completion, timeout):
                return
            self._reply(Judgement("refused", "the sandbox's server ended together with the process, twice"))
        except LinkError as error:
            self._drop()
            self._reply(Judgement("error", str(error)))

    def _answered(self, case: Case, completion: str, timeout: float) -> bool:
        """Whether there is a verdict, which the worker has then.

        Raises:
            LinkError: no program has been run, as there is no server.
        """
        link, child = self._ready_child()
        self._clock.start()
        try:
            self._check(link, child, case, completion, timeout)
        except LinkError:
            self._drop()
            return False
        return True

    def _check(self, link: Link, child: Child, case: Case, completion: str, timeout: float) -> None:
        num_tests = 1 + bool(case.strong_test)
        candidate = Candidate(child, Budget(timeout, child.pid), self._worker, link.scratch.path, num_tests)
        with closing(Trial(case, completion, candidate, lambda: self._prepare_undisturbed(link))) as trial:
            judgement = _judged(trial.by_test, candidate)
            if judgement.kind == "passed" and case.strong_test:
                self._tell(judgement)
                candidate.renew(Budget(timeout, child.pid, further=True))
                judgement = _judged(trial.by_stronger_test, candidate)
        if judgement.kind == "gone":
            link.dismiss(child, seems_gone=True)
            end = link.await_end()
            self._reply(_explained_end(end, judgement.detail))
            left_files = end.left_files
        else:
            self._reply(judgement)
            left_files = _left_files(link, child)
        if left_files:
            self._drop()  # what a completion leaves behind costs its server
            self._prepare_anew()

    def _tell(self, judgement: Judgement) -> None:
        """The verdict by the test, once: where the stronger one takes the server along, all begins again."""
        seconds = self._clock.elapsed()
        self._clock.start()  # before the worker can ask how long the next verdict takes
        if not self._has_told:
            self._has_told = True
            write_frame(self._worker, encode((judgement.kind, judgement.detail[:MAX_DETAIL], seconds)))

    def _reply(self, judgement: Judgement) -> None:
        detail = judgement.detail[:MAX_DETAIL]
        write_frame(self._worker, encode((judgement.kind, detail, self._clock.elapsed())))

    def _prepare(self, link: Link) -> None:
        """Have a child forked, for the next check."""
        self._spare = link.fork()

    def _prepare_undisturbed(self, link: Link) -> None:
        """The same in the middle of a check, whose alarm must not cut it in half: a child that nobody knew of."""
        try:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
            self._prepare(link)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})

    def _prepare_anew(self) -> None:
        with suppress(LinkError, OSError):  # the check that needs it will report it
            self._link = Link(self._recipe)
            self._prepare(self._link)

    def _ready_child(self) -> tuple[Link, Child]:
        """A child that waits for its program. One that died, or a server, is replaced: no program has run in it."""
        for pause in PAUSES:
            if pause:  # a sleep of no time gives the processor away
                time.sleep(pause)
            try:
                return self._greeted_child()
            except (LinkError, OSError) as error:
                self._drop()
                reason = error
        raise LinkError(str(reason))

    def _greeted_child(self) -> tuple[Link, Child]:
        self._link = self._link or Link(self._recipe)
        child, self._spare = self._spare or self._link.fork(), None
        self._link.await_hello(child)
        return self._link, child

    def _drop(self) -> None:
        if self._spare is not None:
            self._spare.channel.close()
        if self._link is not None:
            self._link.close()
        self._link = self._spare = None


class StartClock:
    """Tells the worker, through a file, when the check began: its wall limit runs from there.

    What happens before is no fault of the completion. A message would wake the worker for nothing.
    """

    def __init__(self, workspace: str) -> None:
        self._descriptor = os.open(os.path.join(workspace, STARTED_FILE), os.O_WRONLY)
        self._started = 0.0

    def start(self) -> None:
        """Now."""
        self._started = time.monotonic()
        os.pwrite(self._descriptor, STARTED.pack(self._started), 0)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started


def _judged(conversation: Callable[[], Judgement], candidate: Candidate) -> Judgement:
    """The one guard around the whole conversation: whatever the child's values do to us is the program's failure."""
    try:
        with memory_limit(), time_limit(candidate):
            return conversation()
    except Stop as stop:  # the alarm may ring between the judge and us
        return Judgement(stop.kind, stop.detail)
    except TestError as error:
        return Judgement("error", str(error))
    except (Leave, LinkError):
        raise
    except BaseException as error:
        return overcome(error)


def _left_files(link: Link, child: Child) -> bool:
    """Have the child killed; whether it left files, or a server that does not say so."""
    try:
        link.dismiss(child, seems_gone=False)
        return link.await_end().left_files
    except LinkError:
        return True


def _explained_end(end: End, known: str) -> Judgement:
    kind, detail = _end_in_words(end)
    return Judgement(kind, f"{detail}\n{known}" if known else detail)


def _end_in_words(end: End) -> Judgement:
    if not end.by_itself:
        return Judgement("refused", "the sandboxed process closed its channel")
    if end.signal == signal.SIGXCPU:
        return Judgement("timed out", "more than its CPU time")
    if end.signal == signal.SIGKILL:
        return Judgement("out of memory", "killed by the system")
    if end.signal:
        return Judgement("exception", f"the process was killed by {_signal_name(end.signal)}")
    return Judgement("exception", f"the process ended itself with status {end.exit_status}")


def _signal_name(number: int) -> str:
    """Most real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
